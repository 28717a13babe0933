using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Which runners there are, and what a runner refuses whatever the server says.</summary>
public abstract class RunnerTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Enrolment_token_works_once_and_only_an_admin_makes_one()
    {
        (await House.Type("sue", "runner", "enroll", "spare")).ShouldBe(1).Error.ShouldStartWith("writ: ");
        (await House.As("ada").Audit()).ShouldContain(entry => entry.Type() == "attempt.refused" && entry.Actor() == "sue" && entry.Text("attempt")!.Contains("enrol"));

        var token = (await House.Type("ada", "runner", "enroll", "spare")).ShouldBeOk().Text;
        var first = (await House.Enrol(token, House.RunnerData + "-first")).ShouldBeOk();
        first.Text.ShouldStartWith("enrolled as spare");
        var second = (await House.Enrol(token, House.RunnerData + "-second")).ShouldBe(1);
        second.Error.ShouldBe("the server refused the enrolment token\nhint: a token serves once and for a short time: ask for a new one with writ runner enroll\n");
        (await House.As("ada").Get("/v1/runners", WritJson.Default.PageRunnerView)).Ok.Items.Count(runner => runner.Name == "spare").ShouldBe(1);
        (await House.As("ada").Audit()).Count(entry => entry.Type() == "runner.enrolled").ShouldBe(2, "the house's own and this one");
    }

    [Fact]
    public async Task Order_outside_the_runners_own_ceiling_is_refused_and_audited()
    {
        // Policy lets sam scan the annex; the runner's operator does not.
        var refused = await House.Type("sam", "run", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", "10.40.0.5");
        refused.ShouldBeAnError(126, "the runner refused: ");
        var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];
        (run.State, run.EndReason, run.StartedAt).ShouldBe(("failed", "refused", null));
        var story = await House.As("ada").Audit(run.Request);
        story.Single(entry => entry.Type() == "order.refused").Text("code").ShouldBe("outside-ceiling");
        story.ShouldNotContain(entry => entry.Type() == "run.started" || entry.Type() == "run.accepted");
        (await File.ReadAllTextAsync(Path.Combine(House.RunnerData, "journal.ndjson"), Cancel)).ShouldContain(run.Id);
    }

    [Fact]
    public async Task Runner_that_saw_the_log_contradict_itself_obeys_no_order_until_its_operator_has_looked()
    {
        string[] scan = ["run", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", House.Target()];
        var evidence = Path.Combine(House.RunnerData, "log-head.contradicts");
        await File.WriteAllTextAsync(evidence, "the checkpoint that was shown", Cancel);
        try
        {
            (await House.Type("sam", scan)).ShouldBe(126).Error.ShouldContain("the server's audit log contradicts what this runner has seen of it");
            var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];
            (await House.As("ada").Audit(run.Request)).Single(entry => entry.Type() == "order.refused").Text("code").ShouldBe("log-halted");
        }
        finally
        {
            File.Delete(evidence);
        }

        (await House.Type("sam", scan)).ShouldBeOk();
    }

    [Fact]
    public async Task Runner_says_what_holds_its_runs_and_a_run_gets_no_more_than_its_plan_needs()
    {
        (await House.Type("dana", "runners")).ShouldBeOk().Text.ShouldContain("fence-v4, fence-v6, sandbox, seccomp");
        foreach (var (scan, rights) in new[] { ("-sT", "no capability"), ("-sS", "CAP_NET_RAW only") })
        {
            (await House.Type("sam", "run", "--", "nmap", "-n", "-Pn", scan, "-p", "22", House.Target())).ShouldBeOk().Text.ShouldMatch("22/tcp +open");
            var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];
            var started = (await House.As("ada").Audit(run.Request)).Single(entry => entry.Type() == "run.started").Text("sandbox")!;
            started.ShouldContain(rights);
            started.ShouldContain("seccomp");
        }
    }

    [Fact]
    public async Task Tool_that_changed_after_the_approval_is_not_run()
    {
        var command = House.ShortScan(House.Target());
        var grant = await Granted(command, "--uses", "3");
        (await House.Type("dana", ["run", "--", .. command])).ShouldBeOk();
        var before = await ToolDigest();

        // Another file under the same path, as a package's upgrade leaves it.
        var changed = House.Tool + ".new";
        File.Copy(House.Tool, changed);
        await File.AppendAllTextAsync(changed, "another program", Cancel);
        File.Move(changed, House.Tool, overwrite: true);
        (await House.Type("dana", ["run", "--", .. command])).ShouldBe(126);
        var run = (await House.As("dana").RunsOf(grant))[0];
        (run.State, run.EndReason, run.StartedAt).ShouldBe(("failed", "refused", null));
        (await House.As("dana").Audit(run.Request)).Single(entry => entry.Type() == "order.refused").Text("code").ShouldBe("inventory-mismatch");

        // The runner tells the server what it has now; then the server refuses before a use is taken.
        await House.Until(async () => await ToolDigest() is { } now && now != before, "the server was not told of the new tool");
        (await House.Type("dana", ["run", "--", .. command])).ShouldBeAnError(126, "has another nmap now than the one that was approved");
        (await House.As("dana").Grant(grant)).UsesLeft.ShouldBe(1);

        // Asked again, it is another statement, and runs.
        await Granted(command);
        (await House.Type("dana", ["run", "--", .. command])).ShouldBeOk();
    }

    private async Task<string?> ToolDigest() =>
        (await House.As("ada").Get("/v1/runners", WritJson.Default.PageRunnerView)).Ok.Items.SingleOrDefault(runner => runner.Connected)?.Tools.Single().Sha256;

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : RunnerTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : RunnerTests(houses);
}
