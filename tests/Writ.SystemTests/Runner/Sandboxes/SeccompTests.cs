using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Writ.Runner.Sandboxes;
using static Writ.SystemTests.Runner.SupervisedRun;

namespace Writ.SystemTests.Runner.Sandboxes;

/// <summary>The filter of system calls before a real kernel: a program makes each call as root without it, with it, and as a run.</summary>
public sealed class SeccompTests
{
    // Of all calls with arguments of zero these alone could change the machine's clock; the unit tests have their numbers.
    private static readonly string[] NotTried = ["settimeofday", "clock_settime", "adjtimex", "clock_adjtime"];

    private static readonly bool X64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    private static readonly Lazy<string> Probe = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("writ-probe-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var program = Path.Combine(folder, "syscalls");
        Said("/usr/bin/env", "PATH=/usr/bin:/bin", "gcc", "-static", "-O1", "-o", program, Path.Combine(AppContext.BaseDirectory, "Runner/Sandboxes/syscalls.c"));
        File.WriteAllBytes(Path.Combine(folder, "filter"), Seccomp.ForThisMachine());
        return program;
    });

    private static string Said(string program, params string[] arguments)
    {
        using var process = Launch(program, arguments);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, process.StandardError.ReadToEnd());
        return output;
    }

    // As root with every capability, in namespaces that go with it.
    private static Dictionary<string, string> AsRoot(bool filtered, IEnumerable<string> calls) => Lines(Said("/usr/bin/unshare",
        ["--mount", "--uts", "--ipc", "--pid", "--fork", Probe.Value, .. filtered ? new[] { "-f", Path.Combine(Path.GetDirectoryName(Probe.Value)!, "filter") } : [], .. calls]));

    private static Dictionary<string, string> AsRun(IEnumerable<string> calls)
    {
        using var run = new SupervisedRun([Probe.Value, .. calls], TimeSpan.FromSeconds(30), spec =>
        {
            spec["root"] = RealRoot(Probe.Value).Path;
            spec["data"] = new JsonArray();
        }).Start();
        run.End();
        return Lines(run.Output);
    }

    private static Dictionary<string, string> Lines(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2)).ToDictionary(words => words[0], words => words[1]);

    private static void ShouldBeStopped(IReadOnlyCollection<string> calls, string how, bool allPassWithout = true)
    {
        var without = AsRoot(filtered: false, calls);
        if (allPassWithout)
            calls.ShouldAllBe(call => without[call] != how, "each reaches the kernel without the filter");
        else
            calls.ShouldContain(call => without[call] == "ok", "one is possible without the filter");
        AsRoot(filtered: true, calls).ShouldAllBe(line => line.Value == how);
        var inside = AsRun(calls);
        inside.Count.ShouldBe(calls.Count);
        inside.ShouldAllBe(line => line.Value == how);
    }

    [Fact]
    public void Denied_calls_reach_the_kernel_without_the_filter_and_not_with_it() => ShouldBeStopped(
        [.. Seccomp.Denied.Where(call => !NotTried.Contains(call.Name)).Select(call => X64 ? call.X64 : call.Arm64).Where(number => number >= 0)
            .Select(number => number.ToString(CultureInfo.InvariantCulture))],
        "failed 1");

    [Fact]
    public void New_namespaces_by_clone_are_denied_and_clone3_falls_back()
    {
        ShouldBeStopped([X64 ? "56:0x10000011" : "220:0x10000011"], "failed 1");
        ShouldBeStopped(["435"], "failed 38");
    }

    [Fact]
    public void Other_families_of_sockets_are_denied()
    {
        var socket = X64 ? "41" : "198";
        // Key, algorithms, Bluetooth, CAN, VSOCK, XDP: which of them a kernel has differs.
        ShouldBeStopped([$"{socket}:15:3:2", $"{socket}:38:5:0", $"{socket}:31:3:0", $"{socket}:29:3:1", $"{socket}:40:1:0", $"{socket}:44:3:0"], "failed 97", allPassWithout: false);
        ShouldBeStopped([$"{socket}:16:3:12"], "failed 93");
        AsRun([$"{socket}:1:1", $"{socket}:2:1", $"{socket}:10:2", $"{socket}:16:3", $"{socket}:17:3"]).ShouldAllBe(line => line.Value == "ok");
    }

    [Fact]
    public void Calls_of_another_architecture_kill()
    {
        if (X64)
            ShouldBeStopped(["i386", "0x40000027"], "killed 31");
    }
}
