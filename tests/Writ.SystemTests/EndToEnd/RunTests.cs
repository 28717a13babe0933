using System.Text;
using System.Text.Json;
using Writ.Contracts;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.EndToEnd;

/// <summary>The main job: ask, decide, run, and what comes out.</summary>
public abstract class RunTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Request_waits_for_another_and_then_runs_and_the_audit_log_tells_all_of_it()
    {
        var target = House.Target();
        string[] command = ["nmap", "-n", "-Pn", "-v", "-sT", "-p", "22,25,80,8080", target];
        using var asking = House.StartTyping("dana", ["run", "--reason", "debug the login page", "--for", "5m", "--wait", "1m", "--", .. command]);
        var request = await House.Pending(target);
        request.Reason.ShouldBe("debug the login page");
        request.Evaluation.Rules.ShouldBe(["developers-scan-staging"]);
        asking.Process.HasExited.ShouldBeFalse();
        asking.Process.Output.ShouldBeEmpty("nothing may run before the approval");

        var approved = (await House.Type("sam", "approve", request.Id, "--comment", "go ahead")).ShouldBeOk();
        approved.Text.ShouldStartWith("approved: dana has grant gr_");
        approved.Error.ShouldContain(target);

        var ran = (await asking.End()).ShouldBeOk();
        ran.Text.ShouldContain("80/tcp   open");
        ran.Error.ShouldContain("approved by sam");
        ran.Error.ShouldNotContain("Nmap");

        request = await House.As("dana").Request(request.Id);
        var run = (await House.As("dana").RunsOf(request.Grant!)).ShouldHaveSingleItem();
        run.State.ShouldBe("exited");
        run.ExitCode.ShouldBe(0);
        run.Argv.ShouldBe(request.Plan.Argv);
        var recorded = await House.As("dana").Recording(run.Id);
        recorded.Output.ShouldBe(ran.Output, "the client's bytes are not the recording's");
        recorded.Error.ShouldBeEmpty();
        recorded.Sha256.ShouldBe(run.RecordingSha256);
        recorded.Bytes.Length.ShouldBe((int)run.RecordingBytes);

        var story = await House.As("dana").Audit(request.Id);
        story.Select(Entries.Type).ShouldBe(["request.created", "request.evaluated", "decision.made", "grant.issued", "grant.consumed", "grant.ended", "run.ordered", "run.accepted", "run.started", "run.ended", "recording.viewed"]);
        story[2].Actor().ShouldBe("sam");
        story[2].Text("comment").ShouldBe("go ahead");
        story[8].GetProperty("argv").EnumerateArray().Skip(1).Select(argument => argument.GetString()).ShouldBe(run.Argv.Skip(1));
        story[9].Text("recording_whole").ShouldBe("true");
        story[9].Text("recording_sha256").ShouldBe(recorded.Sha256);
        story[9].Text("processes_left").ShouldBe("0");

        var listed = (await House.Type("ada", "audit", "list", "--correlation", request.Id)).ShouldBeOk().Text.Split('\n');
        listed.Length.ShouldBe(story.Count);
        listed.Zip(story).ShouldAllBe(pair => pair.First.Contains(pair.Second.Type()));
    }

    [Fact]
    public async Task Standard_error_stays_apart_and_is_the_recordings()
    {
        // The first target has no route, about which Nmap complains on its standard error.
        var ran = (await House.Type("sam", "run", "--", "nmap", "-n", "-Pn", "-sS", "-p", "80", "10.50.0.5", House.Target())).ShouldBeOk();
        ran.Error.ShouldBe("setup_target: failed to determine route to 10.50.0.5\n");
        ran.Text.ShouldNotContain("setup_target");
        var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];
        var recorded = await House.As("sam").Recording(run.Id);
        recorded.Output.ShouldBe(ran.Output);
        Encoding.UTF8.GetString(recorded.Error).ShouldBe(ran.Error);
    }

    [Fact]
    public async Task Exit_code_of_the_tool_is_the_clients()
    {
        var target = House.Target();
        using var typing = House.StartTyping("sam", ["run", "--", .. House.LongScan(target)]);
        var run = await House.Running(target);
        // Somebody on the host, past Writ: for Writ the tool ended by itself, by a signal.
        HouseProcess.SendSignal(run.Tool(), HouseProcess.Terminate).ShouldBe(0);
        (await typing.End()).ShouldBe(128 + HouseProcess.Terminate);
        var (ended, _) = await House.Ended(run.Id);
        (ended.State, ended.EndReason, ended.ExitCode).ShouldBe(("exited", "exited", 128 + HouseProcess.Terminate));
    }

    [Fact]
    public async Task Output_comes_out_whole_every_time()
    {
        // Ports of 32 hosts, with reasons: some 60 KB, in bursts.
        string[] command = ["nmap", "-n", "-Pn", "-vv", "-sT", "--reason", "-p", "1-40", "10.20.0.32/27"];
        var times = TestScale.Times(20);
        (await House.Type("sam", ["request", "--uses", $"{Math.Min(times, 100)}", "--", .. command])).ShouldBeOk();
        for (var time = 0; time < times; time++)
        {
            var ran = (await House.Type("sam", ["run", "--", .. command])).ShouldBeOk();
            ran.Output.Length.ShouldBeGreaterThan(20_000);
            ran.Text.ShouldContain("32 hosts up");
            var run = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];
            var recorded = await House.As("sam").Recording(run.Id);
            recorded.Output.ShouldBe(ran.Output, $"time {time}");
            recorded.Sha256.ShouldBe(run.RecordingSha256);
        }
    }

    [Fact]
    public async Task Detached_run_goes_on_and_watch_shows_it_from_the_first_byte_also_when_it_is_over()
    {
        string[] command = ["nmap", "-n", "-Pn", "-v", "-sT", "--max-rate", "30", "-p", "1-40", House.Target()];
        var run = (await House.Type("sam", ["run", "--detach", "--", .. command])).ShouldBeOk().Text;
        run.ShouldStartWith("run_");
        await House.OnHost(run); // The client that started it is gone, and it lives.
        var live = (await House.Type("sam", "watch", run)).ShouldBeOk();
        var after = (await House.Type("sam", "watch", run)).ShouldBeOk();
        var (ended, _) = await House.Ended(run);
        ended.Detached.ShouldBeTrue();
        var recorded = await House.As("sam").Recording(run);
        recorded.Sha256.ShouldBe(ended.RecordingSha256);
        live.Text.ShouldStartWith("Starting Nmap");
        live.Text.ShouldContain("Nmap done: 1 IP address (1 host up)");
        live.Output.ShouldBe(recorded.Output);
        after.Output.ShouldBe(recorded.Output);
    }

    [Fact]
    public async Task Sixty_four_parallel_uses_of_a_single_use_grant_give_exactly_one_run()
    {
        var command = House.ShortScan(House.Target());
        var grant = await Granted(command);
        var replies = await Outcomes.AtOnce(64, _ => House.As("dana").Post("/v1/runs", new(command, grant, Detach: true), WritJson.Default.StartRun, WritJson.Default.RunView));
        var run = replies.Where(reply => reply.Value is not null).ShouldHaveSingleItem().Ok;
        replies.Where(reply => reply.Value is null).ShouldAllBe(reply => (int)reply.Status == 409 && reply.Problem!.Type == "grant-exhausted");
        (await House.As("dana").RunsOf(grant)).ShouldHaveSingleItem().Id.ShouldBe(run.Id);
        await House.Ended(run.Id);
        // An entry has its place in the log a moment after it is written.
        IReadOnlyList<System.Text.Json.JsonElement> story = [];
        await House.Until(async () => (story = await House.As("dana").Audit(run.Request)).Any(entry => entry.Type() == "run.ended"), "the end is not on the record");
        foreach (var once in new[] { "grant.consumed", "run.ordered", "run.started", "run.ended" })
            story.Count(entry => entry.Type() == once).ShouldBe(1, once);
        (await House.As("dana").Grant(grant)).UsesLeft.ShouldBe(0);
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : RunTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : RunTests(houses);
}
