using System.Diagnostics;
using System.Text.Json;
using Writ.Contracts;

namespace Writ.SystemTests.EndToEnd;

/// <summary>What is found on a runner's host beside its runs, and how the server hears of it. The house's tool is a file of its own.</summary>
[Collection(OnSqliteCollection.Name)]
public sealed class HostTests(SqliteStreet houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task A_tool_executed_past_the_runner_is_told_with_who_did_it_and_a_run_is_not()
    {
        using var guard = await Guard();
        Execute(House.Tool, "-sL", "-n", "10.20.0.251").ShouldBe(0);
        JsonElement[] told = [];
        await House.Until(async () => (told = await Told("10.20.0.251")).Length > 0, "the server does not hear of it");
        told.Length.ShouldBe(1);
        told[0].Text("path").ShouldBe(House.Tool);
        told[0].Text("user").ShouldNotBeNullOrEmpty();
        told[0].GetProperty("refused").GetBoolean().ShouldBeFalse();
        told[0].GetProperty("argv").EnumerateArray().Select(word => word.GetString()).ShouldBe([House.Tool, "-sL", "-n", "10.20.0.251"]);
        told[0].GetProperty("parents").EnumerateArray().First().GetString().ShouldNotBeNullOrEmpty();
        Directory.EnumerateFiles(Path.Combine(House.RunnerData, "reports")).ShouldBeEmpty("what the server has need not be kept");

        var target = House.Target();
        await Granted(House.ShortScan(target));
        (await House.Type("dana", ["run", "--", .. House.ShortScan(target)])).ShouldBeOk();
        Execute(House.Tool, "-sL", "-n", "10.20.0.252").ShouldBe(0);
        await House.Until(async () => (await Told("10.20.0.252")).Length > 0, "the server does not hear of the second one");
        (await Told(target)).ShouldBeEmpty("a run is no execution past the runner");
    }

    [Fact]
    public async Task A_guard_that_refuses_lets_runs_through_and_nothing_else()
    {
        Execute(House.Tool, "--version").ShouldBe(0);
        using var guard = await Guard("--refuse");
        Should.Throw<System.ComponentModel.Win32Exception>(() => Execute(House.Tool, "-sL", "-n", "10.20.0.253")).NativeErrorCode.ShouldBe(1, "EPERM");
        await House.Until(async () => (await Told("10.20.0.253")).Length > 0, "the server does not hear of it");
        (await Told("10.20.0.253"))[0].GetProperty("refused").GetBoolean().ShouldBeTrue();
        var target = House.Target();
        await Granted(House.ShortScan(target));
        (await House.Type("dana", ["run", "--", .. House.ShortScan(target)])).ShouldBeOk();
    }

    [Fact]
    public async Task A_guard_that_hangs_holds_an_execution_up_for_a_bounded_time_only()
    {
        using var guard = await Guard("--refuse");
        // The process that answers the kernel, which the guard has started.
        var watch = int.Parse((await File.ReadAllTextAsync($"/proc/{guard.Id}/task/{guard.Id}/children", Cancel)).Split(' ')[0]);
        HouseProcess.SendSignal(watch, HouseProcess.Stop).ShouldBe(0);
        var clock = Stopwatch.StartNew();
        // It is ended, and with it goes what it watched: the execution that waited goes on.
        Execute(House.Tool, "--version").ShouldBe(0);
        clock.Elapsed.TotalSeconds.ShouldBeLessThan(10);
        await House.Until(() => Task.FromResult(guard.Said.Contains("the watch did not answer and was ended; it begins anew", StringComparison.Ordinal)), guard.Said);
        await House.Until(() => Task.FromResult(IsRefused()), "the guard does not begin anew");
    }

    [Fact]
    public async Task A_guard_that_is_killed_leaves_nothing_behind_that_could_hang()
    {
        using var guard = await Guard("--refuse");
        IsRefused().ShouldBeTrue();
        guard.Kill();
        await House.Until(() => Task.FromResult(!IsRefused()), "the watch goes on without the guard");
    }

    [Fact]
    public async Task Standing_rights_of_the_host_are_shown_by_the_server_until_somebody_looks_again()
    {
        var copy = Path.Combine(House.RunnerData, "..", "standing", "another");
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        File.Copy("/usr/bin/true", copy);
        (await Commands("setcap", "cap_net_raw+ep", copy)).ShouldBe(0);

        var found = (await House.OnRunnerHost("standing-rights", [], seconds: 150)).ShouldBe(1);
        found.Text.ShouldContain($"capability  {Path.GetFullPath(copy)}: everybody who may execute it has cap_net_raw\n  remedy: setcap -r {Path.GetFullPath(copy)}");
        await House.Until(async () => (await Rights())?.Any(right => right.Where == Path.GetFullPath(copy)) == true, "the server does not hear of it");
        (await House.As("ada").Audit()).ShouldContain(entry => entry.Type() == "runner.standing-rights" && entry.GetRawText().Contains(Path.GetFullPath(copy), StringComparison.Ordinal));
        (await House.Type("ada", "runners")).ShouldBeOk().Text.ShouldContain(" found");

        (await Commands("setcap", "-r", copy)).ShouldBe(0);
        (await House.OnRunnerHost("standing-rights", [], seconds: 150)).ShouldBe(1);
        await House.Until(async () => (await Rights())?.Any(right => right.Where == Path.GetFullPath(copy)) == false, "the server still has it");
    }

    [Fact]
    public async Task Standing_rights_that_can_be_taken_away_alone_are()
    {
        var root = Directory.CreateTempSubdirectory("writ-standing-");
        try
        {
            Directory.CreateDirectory(Path.Combine(root.FullName, "etc"));
            var (sudoers, scanner) = (Path.Combine(root.FullName, "etc", "sudoers"), Path.Combine(root.FullName, "scanner"));
            await File.WriteAllTextAsync(sudoers, "dana ALL=(root) NOPASSWD: /usr/bin/nmap\n%admins ALL=(ALL:ALL) ALL\n", Cancel);
            // Of a user and group of its own, as /etc/gshadow is.
            (await Commands("chown", "1234:5678", sudoers)).ShouldBe(0);
            File.Copy("/usr/bin/true", scanner);
            (await Commands("setcap", "cap_net_raw,cap_net_admin+eip", scanner)).ShouldBe(0);
            var done = (await House.OnRunnerHost("standing-rights", ["--root", root.FullName, "--remove"])).ShouldBe(1);
            done.Text.ShouldBe("""
                sudo  /etc/sudoers:1: dana may run /usr/bin/nmap
                  done: visudo -f /etc/sudoers: take line 1 out
                sudo  /etc/sudoers:2: group admins may run everything as another user, nmap too
                  remedy: visudo -f /etc/sudoers: name what they need instead of ALL
                capability  /scanner: everybody who may execute it has cap_net_admin, cap_net_raw
                  done: setcap -r /scanner
                3 standing rights, 2 removed
                hint: what is left needs a person, as it would take more away than the right
                """);
            (await File.ReadAllTextAsync(sudoers, Cancel)).ShouldBe("%admins ALL=(ALL:ALL) ALL\n");
            (await Commands("sh", "-c", $"[ \"$(stat -c %u:%g '{sudoers}')\" = 1234:5678 ]")).ShouldBe(0, "it belongs to whom it belonged");
            (await House.OnRunnerHost("standing-rights", ["--root", root.FullName])).Text.ShouldContain("\n1 standing right\n");
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private async Task<HouseProcess> Guard(params string[] arguments)
    {
        var guard = HouseProcess.Start("guard", House.RunnerData, House.Program("writ-runner"), ["guard", "--data", House.RunnerData, .. arguments]);
        await House.Until(() => Task.FromResult(guard.HasExited || guard.Said.Contains("guarding ", StringComparison.Ordinal)), "the guard does not begin");
        guard.HasExited.ShouldBeFalse(guard.Said);
        return guard;
    }

    private async Task<JsonElement[]> Told(string word) =>
        [.. (await House.As("ada").Audit()).Where(entry => entry.Type() == "runner.unbrokered-execution" && entry.GetProperty("argv").EnumerateArray().Any(each => each.GetString() == word))];

    private async Task<IReadOnlyList<Contracts.Runners.StandingRightView>?> Rights() =>
        (await House.As("ada").Get("/v1/runners", WritJson.Default.PageRunnerView)).Ok.Items.First(runner => runner.Connected).StandingRights;

    private bool IsRefused()
    {
        try
        {
            return Execute(House.Tool, "--version") != 0;
        }
        catch (System.ComponentModel.Win32Exception refused) when (refused.NativeErrorCode == 1)
        {
            return true;
        }
    }

    private static int Execute(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    private static async Task<int> Commands(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(Cancel);
        return process.ExitCode;
    }
}
