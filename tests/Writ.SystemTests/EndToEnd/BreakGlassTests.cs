using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>The glass is broken at night, and accounted for in the morning.</summary>
public abstract class BreakGlassTests(Houses houses) : EndToEndTest(houses)
{
    private static string WithGlass { get; } = House.Policy
        .Replace("production: { addresses: [10.30.0.0/25] }", "production: { addresses: [10.30.0.0/25], owners: [security-engineer] }", StringComparison.Ordinal)
        .Replace("tests:\n", """
              - id: on-call
                roles: [developer, security-engineer]
                zones: [production]
                tools: { nmap: { techniques: [ping, connect], ports: "1-10000" } }
                max-uses: 2
                break-glass: true
            tests:
              - as: { user: dana, groups: [engineering] }
                command: nmap -sT -p 22,80 10.30.0.5
                break-glass: true
                expect: allow
                by: on-call

            """, StringComparison.Ordinal);

    [Fact]
    public async Task Glass_is_broken_at_once_alarms_and_gives_nothing_further_until_another_person_has_reviewed_it()
    {
        (await House.Apply(WithGlass)).ShouldBeOk();
        try
        {
            string[] command = ["nmap", "-n", "-Pn", "-sT", "-p", "22", "10.30.0.21"], other = ["nmap", "-n", "-Pn", "-sT", "-p", "22", "10.30.0.22"];

            // Nobody falls into it, and nobody breaks it without a reason or for long.
            (await House.Type("dana", ["run", "--wait", "1s", "--", .. command])).ShouldBe(123);
            (await House.Type("dana", ["run", "--break-glass", "--", .. command])).ShouldBeAnError(121, "policy denies").Error.ShouldContain("a reason is required");
            (await House.Type("dana", ["run", "--break-glass", "--reason", "x", "--for", "16m", "--", .. command])).ShouldBeAnError(121, "policy denies").Error.ShouldContain("longer than 15m");
            var staging = (await House.Type("dana", ["run", "--break-glass", "--reason", "pumps are down", "--", .. House.ShortScan(House.Target())])).ShouldBeAnError(121, "policy denies");
            staging.Error.ShouldContain("no break-glass rule opens to dana for nmap");
            var waits = (await House.Type("dana", ["request", "--reason", "by day", "--", .. House.ShortScan(House.Target())])).ShouldBeOk().Text;

            // At once, inside the same fence.
            var broken = (await House.Type("dana", ["run", "--break-glass", "--reason", "pumps are down", "--uses", "2", "--", .. command])).ShouldBeOk();
            broken.Text.ShouldContain("22/tcp open");
            broken.Error.ShouldContain("writ: the glass is broken, and the owners are told; you are given nothing further until gr_");
            var grant = (await House.As("dana").Get("/v1/grants?state=awaits-review", WritJson.Default.PageGrantView)).Ok.Items.ShouldHaveSingleItem();
            (grant.NotAfter - grant.NotBefore).ShouldBe(TimeSpan.FromMinutes(15));
            grant.BreakGlass.ShouldNotBeNull().Reviewers.ShouldBe(["security-engineer for zone production"]);
            var story = (await House.As("ada").Audit(grant.Request)).Select(entry => entry.Type()).ToList();
            story[story.IndexOf("grant.issued") + 1].ShouldBe("glass.broken");
            var run = (await House.As("dana").RunsOf(grant.Id)).ShouldHaveSingleItem();
            run.BreakGlass.ShouldNotBeNull().State.ShouldBe("awaits-review");
            foreach (var id in new[] { grant.Id, grant.Request, run.Id })
                (await House.Type("sam", "show", id)).ShouldBeOk().Text.ShouldContain("waits for a review by security-engineer for zone production");
            (await House.Type("sam", "grants", "--status", "awaits-review")).ShouldBeOk().Text.ShouldContain("break-glass, awaits review");

            // Nothing further, by no way; what was given still is used.
            (await House.Type("dana", ["run", "--break-glass", "--reason", "again", "--", .. other])).ShouldBeAnError(121, $"dana broke the glass and is given nothing further until {grant.Id} is reviewed")
                .Error.ShouldContain($"hint: security-engineer for zone production reviews it: writ review {grant.Id}");
            (await House.Type("dana", ["run", "--reason", "by day", "--", .. House.ShortScan(House.Target())])).ShouldBeAnError(121, "dana broke the glass");
            (await House.Type("dana", ["explain", "--reason", "by day", "--", .. House.ShortScan(House.Target())])).ShouldBeOk()
                .Text.ShouldMatch($"withheld +dana broke the glass and is given nothing further until {grant.Id} is reviewed: security-engineer for zone production reviews it");
            (await House.Type("sam", "approve", waits)).ShouldBe(1).Error.ShouldContain("writ: dana broke the glass");
            (await House.As("sam").Request(waits)).ShouldSatisfyAllConditions(view => view.State.ShouldBe("pending"), view => view.Decisions.ShouldBeEmpty());
            (await House.Type("dana", ["run", "--break-glass", "--", .. command])).ShouldBeOk();
            var receipt = Path.Combine(House.Folder, $"{run.Id}.receipt");
            (await House.Type("dana", "receipt", run.Id, "-o", receipt)).ShouldBe(0);
            (await House.Type("dana", "verify", receipt)).ShouldBeOk().Text.ShouldContain("by break-glass: nobody was asked; it was not reviewed when this receipt was written");

            // Who reviews it: somebody else, who owns the zone.
            (await House.Type("dana", "review", grant.Id, "--comment", "all good")).ShouldBeAnError(1, "nobody reviews their own use of break-glass");
            (await House.Type("sam", "review", grant.Id)).ShouldBeAnError(2, "a review says what was found");
            (await House.Type("sam", "review", grant.Request, "--comment", "INC-4711 was real")).ShouldBeOk().Text.ShouldBe($"reviewed: {grant.Id} of dana, justified");
            (await House.Type("sue", "review", grant.Id, "--not-justified", "--comment", "no")).ShouldBeAnError(1, "it has been reviewed already");
            (await House.Type("dana", "show", grant.Id)).ShouldBeOk().Text.ShouldContain("reviewed by sam");
            var reviewed = (await House.As("ada").Audit(grant.Request)).Single(entry => entry.Type() == "glass.reviewed");
            (reviewed.Actor(), reviewed.Text("comment"), reviewed.GetProperty("justified").GetBoolean()).ShouldBe(("sam", "INC-4711 was real", true));
            (await House.Type("dana", "receipt", run.Id, "-o", $"{receipt}.later")).ShouldBe(0);
            (await House.Type("dana", "verify", $"{receipt}.later")).ShouldBeOk().Text.ShouldContain("by break-glass: nobody was asked; reviewed by sam, justified: INC-4711 was real");

            // And everything goes on.
            (await House.Type("sam", "approve", waits)).ShouldBeOk();
            var second = (await House.Type("dana", ["request", "--break-glass", "--reason", "again", "--", .. other])).ShouldBeOk().Text;
            var held = await House.As("dana").Request(second);
            (await House.As("sue").Post($"/v1/grants/{held.Grant}/review", new(false, "nothing was down"), WritJson.Default.ReviewAsk, WritJson.Default.GrantView)).Ok.BreakGlass!.Review!.Justified.ShouldBeFalse();
        }
        finally
        {
            (await House.Apply(House.Policy)).ShouldBeOk();
        }
    }

    [Fact]
    public async Task Admin_reviews_where_nobody_owns_the_zone_and_never_their_own_use()
    {
        try
        {
            (await House.Apply(WithGlass)).ShouldBeOk();
            var own = await Broken("ada", "10.30.0.31");
            (await House.Type("ada", "review", own, "--comment", "mine")).ShouldBeAnError(1, "nobody reviews their own use of break-glass");
            (await House.Type("sam", "review", own, "--comment", "seen")).ShouldBeOk();

            (await House.Apply(WithGlass.Replace(", owners: [security-engineer]", "", StringComparison.Ordinal))).ShouldBeOk();
            var others = await Broken("bob", "10.30.0.32");
            (await House.Type("sam", "review", others, "--comment", "not for me")).ShouldBeAnError(1, "there is no grant");
            (await House.Type("ada", "review", others, "--comment", "seen")).ShouldBeOk();
        }
        finally
        {
            (await House.Apply(House.Policy)).ShouldBeOk();
        }
    }

    private async Task<string> Broken(string actor, string target)
    {
        var asked = (await House.Type(actor, "request", "--break-glass", "--reason", "it is down", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", target)).ShouldBeOk().Text;
        return (await House.As(actor).Request(asked)).Grant.ShouldNotBeNull();
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : BreakGlassTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : BreakGlassTests(houses);
}
