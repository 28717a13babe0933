using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Whoever is on call says yes once, and the rule says it for them afterwards.</summary>
public abstract class AutomaticTests(Houses houses) : EndToEndTest(houses)
{
    private static string WithRota { get; } = House.Policy
        .Replace("roles:\n", "rotas:\n  desk: { from: 2026-01-01, turn: 366d, people: [sam], overrides: [{ from: 2190-01-01, until: 2190-01-02, person: sue }] }\nroles:\n  desk: { on-call: desk }\n", StringComparison.Ordinal)
        .Replace("approval: { from: [security-engineer], count: 1 }", "approval: { from: [desk] }\n    known-good: { same: plan, within: 30d }", StringComparison.Ordinal);

    [Fact]
    public async Task On_call_approves_and_the_same_scan_runs_later_without_a_person_and_names_its_rule()
    {
        (await House.Apply(WithRota)).ShouldBeOk();
        try
        {
            string[] scan = House.ShortScan(House.Target());
            (await House.Type("dana", "on-call")).ShouldBeOk().Text.ShouldMatch("desk +sam +.* +desk +policy");

            // Of two who have the group one is on call, and decides.
            var first = (await House.Type("dana", ["request", "--reason", "every monday", "--", .. scan])).ShouldBeOk().Text;
            (await House.Type("sue", "approve", first)).ShouldBe(1).Error.ShouldContain("there is no request");
            (await House.Type("dana", ["explain", "--reason", "every monday", "--", .. scan])).ShouldBeOk().Text.ShouldMatch("known good +no: people have approved no such plan for its requester");
            (await House.Type("sam", "approve", first)).ShouldBeOk();
            (await House.Type("dana", ["run", "--reason", "every monday", "--", .. scan])).ShouldBeOk().Text.ShouldContain("Nmap done");

            // The next one is the rule's, and a real scan.
            (await House.Type("dana", ["explain", "--reason", "every monday", "--", .. scan])).ShouldBeOk().Text.ShouldMatch($"known good +as {first}, approved by sam");
            var second = (await House.Type("dana", ["request", "--reason", "every monday", "--", .. scan])).ShouldBeOk().Text;
            var view = await House.As("dana").Request(second);
            (view.State, view.Evaluation.KnownGood?.Request).ShouldBe(("approved", first));
            (await House.Type("dana", ["run", "--", .. scan])).ShouldBeOk().Text.ShouldContain("Nmap done");

            // The record names the rule and what it rests on: to people, in the log, and in the receipt.
            var shown = (await House.Type("dana", "show", second)).ShouldBeOk().Text;
            shown.ShouldContain("approved by policy, by rule developers-scan-staging");
            shown.ShouldMatch($"known good +as {first}, approved by sam");
            var decided = (await House.As("ada").Audit(second)).Single(entry => entry.Type() == "decision.made");
            decided.GetProperty("rules").EnumerateArray().Select(rule => rule.GetString()).ShouldBe(["developers-scan-staging"]);
            decided.GetProperty("known_good").GetProperty("request").GetString().ShouldBe(first);
            (await House.As("ada").Audit(first)).Single(entry => entry.Type() == "decision.made").GetProperty("on_call").EnumerateArray().Select(rota => rota.GetString()).ShouldBe(["desk"]);
            var run = (await House.As("dana").RunsOf(view.Grant!)).ShouldHaveSingleItem();
            var receipt = Path.Combine(House.Folder, $"{run.Id}.receipt");
            (await House.Type("dana", "receipt", run.Id, "-o", receipt)).ShouldBe(0);
            (await House.Type("dana", "verify", receipt)).ShouldBeOk().Text.ShouldContain($"by policy alone: rule developers-scan-staging, since {first} was approved by sam");

            // Another scan is nobody's yet, and a no takes the first away.
            var other = (await House.Type("dana", ["request", "--reason", "every monday", "--for", "29m", "--uses", "2", "--", .. scan])).ShouldBeOk().Text;
            (await House.As("dana").Request(other)).State.ShouldBe("pending");
            (await House.Type("sam", "deny", other, "--comment", "not any more")).ShouldBe(0);
            (await House.Type("dana", ["explain", "--reason", "every monday", "--", .. scan])).ShouldBeOk().Text.ShouldMatch("known good +no: somebody denied the same since");
        }
        finally
        {
            (await House.Apply(House.Policy)).ShouldBeOk();
        }
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : AutomaticTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : AutomaticTests(houses);
}
