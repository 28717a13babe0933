using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Recordings;
using static Writ.SystemTests.Runner.SupervisedRun;

namespace Writ.SystemTests.Runner;

/// <summary>What a tool finds, followed while it runs, by the real supervisor with its real sandbox.</summary>
public sealed class ResultsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private static SupervisedRun Following(string path, string status, params string[] argv) => new(argv, Long, spec =>
    {
        spec["live"] = new JsonObject { ["format"] = "nmap-xml", ["path"] = path, ["status"] = status };
        if (path.StartsWith("/out/", StringComparison.Ordinal))
            spec["outputs"] = new JsonArray(path);
    });

    private static string[] Shell(string script) => ["/usr/bin/sh", "-c", script];

    private static JsonElement? Results(SupervisedRun run)
    {
        var path = Path.Combine(run.Folder, "results");
        return File.Exists(path) ? JsonDocument.Parse(File.ReadAllText(path)).RootElement : null;
    }

    [Fact]
    public void Nmap_tells_how_far_it_is_and_says_what_it_always_says()
    {
        // Some three seconds; then twice the same without anybody who follows.
        string[] scan = ["/usr/bin/nmap", "-n", "-Pn", "-sT", "--max-rate", "60", "-p", "1-180", "127.0.0.1"];
        using var run = Following("/live/xml", "apart", [.. scan, "--stats-every=200ms", "-oX", "/live/xml"]).Start().UntilStarted();
        Until(() => Results(run) is { } so && so.TryGetProperty("percent", out var percent) && percent.GetDouble() is > 0 and < 100, "it never tells how far it is");
        Results(run)!.Value.GetProperty("phase").GetString().ShouldBe("Connect Scan");
        var end = run.End();
        end.GetProperty("exit_code").GetInt32().ShouldBe(0);
        var told = Results(run)!.Value;
        told.GetProperty("complete").GetBoolean().ShouldBeTrue();
        told.GetProperty("hosts_up").GetInt64().ShouldBe(1);
        told.GetProperty("hosts").EnumerateArray().Single().GetProperty("address").GetString().ShouldBe("127.0.0.1");

        Encoding.UTF8.GetString(run.Stream(RecordingStream.Status)).ShouldContain("Stats: 0:00:0");
        run.Output.ShouldNotContain("Stats:");
        run.Output.ShouldNotContain("Timing:");
        using var alone = new SupervisedRun(scan, Long, null, Directory.CreateTempSubdirectory("writ-alone-").FullName).Start();
        alone.End();
        Steady(run.Output).ShouldBe(Steady(alone.Output));
    }

    // Without the moment and what was measured.
    private static string Steady(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, @"at \d{4}-.*|\d+\.\d+ ?s\b( latency)?|\d+\.\d+ seconds", "…");

    [Fact]
    public void Writer_of_garbage_is_neither_held_up_nor_ended()
    {
        using var run = Following("/live/xml", "apart", Shell("head -c 50000000 /dev/zero > /live/xml; echo; cat /dev/zero | head -c 9000000 > /live/xml; echo done")).Start();
        var end = run.End();
        (end.GetProperty("cause").GetString(), end.GetProperty("exit_code").GetInt32()).ShouldBe(("Exited", 0));
        run.Output.ShouldEndWith("done\n");
        var kept = end.GetProperty("outputs").EnumerateArray().Single();
        // On a machine that is too busy to empty the pipe in time, they say that they are cut.
        kept.GetProperty("bytes").GetInt64().ShouldBeInRange(50_000_000, 59_000_000);
        kept.GetProperty("cut").GetBoolean().ShouldBe(kept.GetProperty("bytes").GetInt64() < 59_000_000);
        Results(run)!.Value.GetProperty("trouble").GetString()!.ShouldStartWith("what the tool writes cannot be read: ");
    }

    [Fact]
    public void Link_in_the_place_of_the_file_is_not_followed()
    {
        const string Document = "<nmaprun><host><status state='up'/><address addr='10.0.0.1'/></host></nmaprun>";
        using (var plain = Following("/out/xml", "apart", Shell($"echo \"{Document}\" > /out/xml; sleep 1")).Start())
        {
            plain.End();
            Results(plain)!.Value.GetProperty("hosts_up").GetInt64().ShouldBe(1);
        }

        var target = Path.Combine(Directory.CreateTempSubdirectory("writ-link-").FullName, "xml");
        File.WriteAllText(target, Document);
        using var run = Following("/out/xml", "apart", Shell($"ln -s {target} /out/xml; sleep 1")).Start();
        run.End().GetProperty("exit_code").GetInt32().ShouldBe(0);
        Results(run).ShouldBeNull();
        File.Delete(target);
    }

    [Fact]
    public void Run_that_is_killed_leaves_what_it_had_found()
    {
        using var run = new SupervisedRun(
            Shell("echo \"<nmaprun><host><status state='up'/><address addr='10.0.0.1'/><ports><port protocol='tcp' portid='80'><state state='open'/></port></ports></host><taskprogress task='Connect Scan' percent='5'/>\" > /live/xml; sleep 100"),
            TimeSpan.FromSeconds(1.5),
            spec => spec["live"] = new JsonObject { ["format"] = "nmap-xml", ["path"] = "/live/xml", ["status"] = "apart" }).Start();
        var end = run.End();
        end.GetProperty("cause").GetString().ShouldBe("Deadline");
        var kept = end.GetProperty("outputs").EnumerateArray().Single();
        (kept.GetProperty("path").GetString(), kept.GetProperty("cut").GetBoolean()).ShouldBe(("/live/xml", true));
        File.ReadAllText(Path.Combine(run.Folder, "results.xml")).ShouldStartWith("<nmaprun><host><status state='up'/>");
        var told = Results(run)!.Value;
        (told.GetProperty("open_ports").GetInt64(), told.GetProperty("complete").GetBoolean(), told.TryGetProperty("trouble", out _)).ShouldBe((1, false, false));
    }
}
