using System.Text.Json;
using Writ.Contracts;
using Writ.SystemTests.Runner.Fences;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.EndToEnd;

/// <summary>What the fence of a run has seen, from the kernel to the person who asks.</summary>
public abstract class FenceTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Out_of_scope_packets_become_an_entry_and_are_shown_with_the_run()
    {
        var target = House.Target();
        var run = await House.Launch(target);
        using var watching = House.StartTyping("ada", "watch", run.Id);
        var place = Wander(run.Id, 3);

        JsonElement? entry = null;
        var request = (await House.As("ada").Run(run.Id)).Request;
        await House.Until(async () => (entry = (await House.As("ada").Audit(request)).Where(found => found.Type() == "run.out-of-scope").Select(found => (JsonElement?)found).FirstOrDefault()) is not null,
            "nothing is told while the run lives");
        var drop = entry!.Value.GetProperty("drops").EnumerateArray().ShouldHaveSingleItem();
        (drop.Text("address"), drop.GetProperty("protocol").GetInt32(), drop.GetProperty("port").GetInt32(), drop.GetProperty("count").GetInt32()).ShouldBe(("10.30.0.77", 17, 161, 3));
        (await House.Type("ada", "show", run.Id)).ShouldBeOk().Text.ShouldMatch("(?m)^out of scope +10.30.0.77 udp 161, 3 packets$");
        await House.Until(() => Task.FromResult(watching.Process.Error.Contains("writ: out of scope, stopped: 10.30.0.77 udp 161, 3 packets\n", StringComparison.Ordinal)),
            "whoever watches is not told while the run lives");

        (await House.Type("ada", "kill", run.Id, "--reason", "it wanders")).ShouldBeOk();
        var (_, ended) = await House.Ended(run.Id);
        ended.GetProperty("fence").GetProperty("closed").GetBoolean().ShouldBeTrue();
        ended.GetProperty("fence").GetProperty("refused").GetInt32().ShouldBe(3);
        ended.GetProperty("last_packet_at").GetDateTimeOffset().ShouldBeLessThanOrEqualTo(ended.GetProperty("at").GetDateTimeOffset());
        (await watching.End()).ShouldBe(125).Error.ShouldContain($"writ: 3 packets out of scope were stopped; see: writ show {run.Id}");
        var shown = (await House.Type("ada", "show", run.Id)).ShouldBeOk().Text;
        shown.ShouldMatch("(?m)^fence +closed, [0-9,]+ packets out, 3 packets out of scope$");
        shown.ShouldMatch("(?m)^last packet ");
        shown.ShouldMatch("(?m)^zones +[a-z]+: [0-9,]+ packets \\([0-9,]+ bytes\\) out, [03] dropped");
        shown.ShouldMatch("(?m)^processes +[2-9] found, 0 left$");
        shown.ShouldMatch("(?m)^signed +by the runner's key [0-9a-f]{16}; ");

        // It holds without the server: what the runner signed, with the key that the log had for it.
        var receipt = Path.Combine(Path.GetTempPath(), $"{run.Id}.receipt");
        (await House.Type("ada", "receipt", run.Id, "-o", receipt)).ShouldBeOk();
        var verified = (await House.Type("ada", "verify", receipt)).ShouldBeOk().Text;
        File.Delete(receipt);
        verified.ShouldMatch("(?m)^signed by the runner rnr_[0-9a-z]+ with its key [0-9a-f]{16}, which the log has:$");
        verified.ShouldMatch("(?m)^  processes +[2-9] found, 0 left$");
        verified.ShouldMatch("(?m)^  fence +closed, [0-9,]+ packets out, 3 packets out of scope, ");
        (await House.As("ada").Audit(request)).Single(found => found.Type() == "run.started").Text("fence")!.ShouldContain(place);
    }

    [Fact]
    public async Task Run_that_keeps_trying_is_killed_by_the_rules_budget_and_everybody_is_told_why()
    {
        var run = await House.Launch(House.GentleTarget());
        Wander(run.Id, 50);
        var (view, ended) = await House.Ended(run.Id);
        (view.State, view.EndReason, ended.Text("cause")).ShouldBe(("killed", "violations", "violations"));
        ended.Text("detail")!.ShouldMatch("^[0-9]+ packets out of scope, and the rule puts up with 10$");
        ended.GetProperty("processes_left").GetInt32().ShouldBe(0);
        (await House.Type("sam", "watch", run.Id)).ShouldBe(125).Error.ShouldMatch("(?m)^writ: killed: it kept trying to leave its scope: [0-9]+ packets out of scope, and the rule puts up with 10$");
    }

    [Fact]
    public async Task Budget_is_shown_before_the_run_holds_it_and_marks_what_was_not_measured()
    {
        string[] command = ["nmap", "-n", "-Pn", "-sT", "-T4", "--max-retries", "1", "-p", "1-300", House.GentleTarget()];
        var explained = (await House.Type("sam", ["explain", "--", .. command])).ShouldBeOk().Text;
        explained.ShouldMatch("(?m)^budget +150 packets, 1,000,000 bytes out, killed after 10 packets out of scope, each run$");
        explained.ShouldMatch("(?m)^warning +[0-9,]+ packets are estimated, and 150 may leave: what comes after them is not measured$");

        var typed = (await House.Type("sam", ["run", "--", .. command])).ShouldBeOk();
        typed.Error.ShouldMatch("(?m)^writ: the rule's budget dropped [0-9,]+ packets: what got no answer since .* was not measured, whatever the output calls it$");
        var run = (await House.As("ada").Get("/v1/runs?limit=200", Writ.Contracts.WritJson.Default.PageRunView)).Ok.Items.First(run => run.Command.Contains(command[^1])).Id;
        var (_, ended) = await House.Ended(run);
        ended.GetProperty("fence").GetProperty("passed").GetInt64().ShouldBe(150);
        ended.GetProperty("fence").GetProperty("over_budget").GetInt64().ShouldBeGreaterThan(0);
        (await House.Type("sam", "show", run)).ShouldBeOk().Text.ShouldMatch("(?m)^degraded +the rule's budget dropped ");
        (await House.Type("sam", "replay", "--speed", "1000", run)).ShouldBeOk().Error.ShouldContain("was not measured");
        await House.Until(async () => (await House.Type("sam", "results", run)).Code == 0, "the results do not come");
        var results = (await House.Type("sam", "results", run)).ShouldBeOk().Text;
        results.ShouldContain("not measured");
        results.ShouldNotContain("filtered");
    }

    /// <summary>Packets out of scope from inside the run's network; the name of its place.</summary>
    private string Wander(string run, int packets)
    {
        var place = House.PlaceOf(run).Text("name")!;
        // The socket stays in the run's network, and whoever holds it does not: the end counts who is left there.
        Lab.Run(place, "python3", "-c", $"import ctypes, socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); ctypes.CDLL(None).unshare(0x40000000); [s.sendto(b'x', ('10.30.0.77', 161)) for i in range({packets})]");
        return place;
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : FenceTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : FenceTests(houses);
}
