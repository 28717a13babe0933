using System.Net;
using System.Security.Cryptography;
using System.Text;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Files of the requester's on their way to real Nmap and back.</summary>
[Collection(OnPostgresCollection.Name)]
public sealed class FilesTests(PostgresStreet houses) : EndToEndTest(houses)
{
    private string At(string name) => Path.Combine(House.Folder, name);

    private async Task<RunView> LastRun(string actor) => (await House.As(actor).Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];

    [Fact]
    public async Task Files_go_in_and_come_back_byte_by_byte()
    {
        var (one, two) = (House.Target(), House.Target());
        House.Write("in.txt", $"# hosts of today\n{one}\n{two}\n");
        var ran = (await House.Type("sam", "run", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22,80", "-iL", "in.txt", "-oX", "scan.xml", "-oN", At("scan.txt"))).ShouldBeOk();
        ran.Error.ShouldBeEmpty();
        ran.Text.ShouldContain($"Nmap scan report for {one}");
        File.ReadAllText(At("scan.xml")).ShouldContain($"<address addr=\"{two}\" addrtype=\"ipv4\"/>");
        File.ReadAllText(At("scan.xml")).TrimEnd().ShouldEndWith("</nmaprun>");
        File.ReadAllText(At("scan.txt")).ShouldContain($"Nmap scan report for {two}");

        var run = await LastRun("sam");
        // What was executed names nothing of the requester's.
        string.Join(' ', run.Argv).ShouldNotContain("scan.");
        string.Join(' ', run.Argv).ShouldNotContain("in.txt");
        run.Outputs!.Select(output => (output.Argument, output.State, output.Cut)).ShouldBe([("scan.xml", "here", false), (At("scan.txt"), "here", false)], ignoreOrder: true);
        var (_, entry) = await House.Ended(run.Id);
        entry.GetProperty("outputs").EnumerateArray().Select(output => output.Text("sha256"))
            .ShouldContain(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(At("scan.xml")))));
        (await House.Type("sam", "output", run.Id, "1")).ShouldBeOk().Output.ShouldBe(File.ReadAllBytes(run.Outputs![1].Argument == "scan.xml" ? At("scan.xml") : At("scan.txt")));
        var created = (await House.As("sam").Audit(run.Request)).Single(found => found.Type() == "request.created");
        created.GetProperty("inputs").EnumerateArray().Single().Text("argument").ShouldBe("in.txt");
        // Nothing of it is left on the runner once the server holds it.
        await House.Until(() => Task.FromResult(!Directory.Exists(Path.Combine(House.RunnerData, "runs", run.Id))), "the run's folder stays");
    }

    [Fact]
    public async Task Base_name_gives_three_files_and_appending_adds_to_one()
    {
        var target = House.Target();
        foreach (var _ in new[] { 1, 2 })
            (await House.Type("sam", "run", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", "-oA", "base", target)).ShouldBeOk();
        foreach (var ending in new[] { ".nmap", ".gnmap", ".xml" })
            File.ReadAllText(At("base" + ending)).ShouldContain(target);
        foreach (var _ in new[] { 1, 2 })
            (await House.Type("sam", "run", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", "-oN", "log", "--append-output", target)).ShouldBeOk();
        File.ReadAllText(At("log")).Split("Nmap scan report").Length.ShouldBe(3);
    }

    [Fact]
    public async Task Approver_sees_the_file_and_its_change_needs_a_new_decision()
    {
        var target = House.Target();
        var content = $"# for dana\n{target}\n";
        House.Write("asked.txt", content);
        string[] command = ["nmap", "-n", "-Pn", "-sT", "-p", "22", "-iL", "asked.txt"];
        var request = (await House.Type("dana", ["request", "--reason", "a test", "--uses", "2", "--", .. command])).ShouldBeOk().Text;
        var shown = (await House.Type("sam", "show", request)).ShouldBeOk().Text;
        shown.ShouldContain($"'asked.txt': targets, {content.Length} bytes, sha256 {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..16]}");
        shown.ShouldContain("| # for dana");
        shown.ShouldContain($"| {target}");
        (await House.Type("sam", "input", request, "0")).ShouldBeOk().Output.ShouldBe(Encoding.UTF8.GetBytes(content));
        (await House.Type("sam", "approve", "--yes", request)).ShouldBeOk();

        // Another file under the same path is another command.
        House.Write("asked.txt", $"{House.Target()}\n");
        (await House.Type("dana", ["run", "--reason", "a test", "--wait", "1s", "--", .. command])).ShouldBe(123);
        House.Write("asked.txt", content);
        (await House.Type("dana", ["run", "--", .. command])).ShouldBeOk().Text.ShouldContain(target);
        var run = await LastRun("dana");
        run.Request.ShouldBe(request);

        // What runs is what was decided on, whatever became of the requester's file: the runner reads no path of anybody's.
        File.Delete(At("asked.txt"));
        var digest = new InputDigest("asked.txt", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content))));
        var again = (await House.As("dana").Post("/v1/runs", new StartRun(command, run.Grant, true, [digest]), WritJson.Default.StartRun, WritJson.Default.RunView)).Ok;
        (await House.Ended(again.Id)).Run.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Approver_is_shown_what_explain_tells()
    {
        House.Write("told.txt", "10.20.0.40-45\n");
        string[] command = ["nmap", "-sT", "-T4", "-p", "1-100", "-iL", "told.txt", "-oX", "told.xml"];
        var before = (await House.As("dana").Get("/v1/requests?mine=true&limit=200", WritJson.Default.PageRequestView)).Ok.Items.Count;
        var told = (await House.Type("dana", ["explain", "--reason", "a test", "--for", "10m", "--", .. command])).ShouldBeOk().Text;
        (await House.As("dana").Get("/v1/requests?mine=true&limit=200", WritJson.Default.PageRequestView)).Ok.Items.Count.ShouldBe(before, "explaining has made a request");
        var request = (await House.Type("dana", ["request", "--reason", "a test", "--for", "10m", "--", .. command])).ShouldBeOk().Text;
        var shown = (await House.Type("sam", "show", request)).ShouldBeOk().Text.Split('\n');
        foreach (var line in told.Split('\n'))
            shown.ShouldContain(line);
        foreach (var part in new[] { "needs approval: 1 of security-engineer for staging", "6 addresses: 10.20.0.40-10.20.0.45", "6 in staging: rule developers-scan-staging", "tcp: 1-100", "'told.xml': xml" })
            told.ShouldContain(part);
    }

    [Fact]
    public async Task Estimate_over_the_asked_time_is_said_before_it_is_approved()
    {
        string[] command = ["nmap", "-n", "-Pn", "-sT", "--max-rate", "10", "-p", "1-9000", House.Target()];
        (await House.Type("dana", ["explain", "--reason", "a test", "--for", "1m", "--", .. command])).ShouldBeOk().Text.ShouldMatch(@"warning +the run is estimated to take about \d+ minutes, and 1m is asked for: it would be killed before its end");
        var asked = (await House.Type("dana", ["request", "--reason", "a test", "--for", "1m", "--", .. command])).ShouldBeOk();
        asked.Error.ShouldContain("writ: the run is estimated to take about");
        (await House.Type("sam", "show", asked.Text)).ShouldBeOk().Text.ShouldContain("and 1m is asked for: it would be killed before its end");
        (await House.Type("dana", ["explain", "--reason", "a test", "--for", "30m", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", House.Target()])).ShouldBeOk().Text.ShouldNotContain("warning");
    }

    [Fact]
    public async Task Denied_command_is_explained_with_the_nearest_one_that_is_not()
    {
        var told = (await House.Type("dana", "explain", "--reason", "a test", "--", "nmap", "-n", "-Pn", "-sT", "-T5", "-p", "22", "10.20.0.9")).ShouldBeOk().Text;
        told.ShouldContain("denied by policy");
        var nearest = told.Split('\n').Single(line => line.StartsWith("nearest", StringComparison.Ordinal))["nearest".Length..].Trim();
        (await House.Type("dana", ["explain", "--reason", "a test", "--", .. nearest.Split(' ')])).ShouldBeOk().Text.ShouldContain("needs approval");
    }

    [Fact]
    public async Task Killed_run_hands_back_what_it_wrote_and_says_so()
    {
        var target = House.Target();
        using var typing = House.StartTyping("sam", ["run", "--", .. House.LongScan(target), "-oN", "cut.txt"]);
        var run = await House.Running(target);
        await House.Until(() => Task.FromResult(typing.Process.Said.Contains("Initiating", StringComparison.Ordinal)), "nmap does not begin");
        (await House.Type("sam", "kill", run.Id, "--reason", "enough")).ShouldBeOk();
        var ended = (await typing.End()).ShouldBe(125);
        ended.Error.ShouldContain("writ: 'cut.txt' may lack its end");
        File.ReadAllText(At("cut.txt")).ShouldContain("scan initiated");
        (await House.As("sam").Run(run.Id)).Outputs!.ShouldHaveSingleItem().Cut.ShouldBeTrue();
    }

    [Fact]
    public async Task Detached_run_keeps_its_files_until_somebody_fetches_them()
    {
        var run = (await House.Type("sam", "run", "--detach", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", "-oX", "detached.xml", House.Target())).ShouldBeOk().Text;
        (await House.Type("sam", "watch", run)).ShouldBeOk();
        File.Exists(At("detached.xml")).ShouldBeFalse("nobody of this command line named it");
        (await House.Type("sam", "output", run, "0", "--to", "fetched.xml")).ShouldBeOk();
        File.ReadAllText(At("fetched.xml")).ShouldContain("<nmaprun");
        (await House.As("dana").Get($"/v1/runs/{run}/outputs/0", WritJson.Default.RunView)).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Hundred_thousand_targets_run()
    {
        House.Write("many.txt", string.Concat(Enumerable.Range(0, 100_000).Select(i => $"2001:db8:20::{i >> 16:x}:{i & 0xffff:x}\n")));
        var run = (await House.Type("sam", "run", "--detach", "--", "nmap", "-6", "-n", "-sL", "-iL", "many.txt", "-oG", "many.gnmap")).ShouldBeOk().Text;
        var (ended, _) = await House.Ended(run, withinSeconds: 60);
        ended.ExitCode.ShouldBe(0);
        (await House.Type("sam", "output", run, "0", "--to", "many.gnmap")).ShouldBeOk();
        File.ReadLines(At("many.gnmap")).Count(line => line.StartsWith("Host: ", StringComparison.Ordinal)).ShouldBe(100_000);
    }

    [Theory]
    [InlineData(2, "no such file: 'absent.txt'", "-iL", "absent.txt")]
    [InlineData(2, "is a folder", "-iL", "/tmp")]
    public async Task File_that_cannot_be_read_is_told_and_nothing_is_asked(int code, string saying, params string[] options)
    {
        (await House.Type("sam", ["run", "--", "nmap", "-n", "-sT", .. options])).ShouldBeAnError(code, saying);
        (await House.Type("sam", ["explain", "--", "nmap", "-n", "-sT", .. options])).ShouldBeAnError(code, saying);
    }
}
