using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Writ.Proof.Recordings;
using static Writ.SystemTests.Runner.SupervisedRun;

namespace Writ.SystemTests.Runner;

/// <summary>The supervisor alone, as a real process with a real sandbox. Needs root and bubblewrap, which ./test checks.</summary>
public sealed class SupervisorTests
{
    [Fact]
    public void Tool_that_ends_by_itself_is_told_with_its_exit_code_and_output()
    {
        using var run = new SupervisedRun(["/usr/bin/sh", "-c", "echo out; echo err >&2; exit 7"], Long).Start();
        var end = run.End();
        CauseOf(end).ShouldBe("Exited");
        end.GetProperty("exit_code").GetInt32().ShouldBe(7);
        end.GetProperty("kill_at").GetInt64().ShouldBe(0);
        run.Output.ShouldBe("out\n");
        Encoding.UTF8.GetString(run.Stream(RecordingStream.Error)).ShouldBe("err\n");
        end.GetProperty("recording_sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(run.RecordingPath))));
    }

    [Fact]
    public void Tool_killed_by_a_signal_is_told_as_128_and_its_number()
    {
        using var run = new SupervisedRun(["/usr/bin/sh", "-c", "kill -SEGV $$"], Long).Start();
        run.End().GetProperty("exit_code").GetInt32().ShouldBe(139);
    }

    [Fact]
    public void Nmap_that_is_asked_to_end_writes_nothing_more()
    {
        // Why it is not asked: what it has told of whole groups of hosts is there in either case.
        foreach (var soft in new[] { 0, 300_000 })
        {
            using var run = new SupervisedRun(
                ["/usr/bin/nmap", "-n", "-Pn", "-sT", "--max-rate", "100", "--max-hostgroup", "1", "-p", "1-60", "127.0.0.1", "127.0.0.2", "127.0.0.3"],
                TimeSpan.FromSeconds(1.5), spec => spec["soft_stop"] = soft).Start();
            CauseOf(run.End()).ShouldBe("Deadline");
            run.Output.ShouldContain("scan report for 127.0.0.1");
            run.Output.ShouldNotContain("Nmap done");
        }
    }

    [Fact]
    public void Supervisor_goes_before_the_tool_and_the_tool_before_nobody()
    {
        using var run = new SupervisedRun(["/usr/bin/sleep", "100"], Long).Start().UntilStarted();
        var init = run.Started.GetProperty("init_pid").GetInt32();
        Nice(run.Pid).ShouldBe(-15);
        foreach (var pid in File.ReadAllText($"/proc/{init}/task/{init}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Append($"{init}"))
            Nice(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(0);

        // The 19th field; the name before it may hold spaces.
        static int Nice(int pid) => int.Parse(File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ')[16], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Child_that_outlives_the_tool_dies_with_it()
    {
        using var run = new SupervisedRun(["/usr/bin/sh", "-c", "setsid sleep 100 & sleep 0.2"], Long).Start();
        var end = run.End();
        CauseOf(end).ShouldBe("Exited");
        LeftOf(end).ShouldBe(0);
        run.Processes().ShouldBe(0);
    }

    [Fact]
    public void Killed_supervisor_takes_the_tree_with_it()
    {
        using var run = new SupervisedRun(DeafAndDetached, Long).Start().UntilStarted();
        Until(() => run.Processes() >= 5, "the children never came up");
        Signal(run.Pid, "KILL");
        Until(() => run.Processes() == 0, "processes are left", seconds: 2);
        File.Exists(Path.Combine(run.Folder, "end")).ShouldBeFalse();
    }

    [Fact]
    public void Terminated_supervisor_kills_and_tells_and_a_hangup_is_no_reason()
    {
        using var run = new SupervisedRun(["/usr/bin/sleep", "100"], Long).Start().UntilStarted();
        using var control = run.Control();
        Signal(run.Pid, "HUP");
        Signal(run.Pid, "INT");
        // Signals and messages are one queue's: what answers the second message has seen both signals.
        for (var i = 0; i < 2; i++)
            Ask(control, $"extend {run.Deadline - 1} {Boot()}").ShouldBe("refused");
        run.Processes().ShouldBeGreaterThan(0);
        Signal(run.Pid, "TERM");
        CauseOf(run.End()).ShouldBe("LocalKill");
        run.Processes().ShouldBe(0);
    }

    [Fact]
    public void Kill_by_the_control_socket_is_answered_with_the_end()
    {
        using var run = new SupervisedRun(DeafAndDetached, Long).Start().UntilStarted();
        using var control = run.Control();
        var answer = Ask(control, "kill KillOrder revoked by ops");
        answer.ShouldStartWith("ended ");
        answer.ShouldContain("\"processes_left\":0");
        run.Processes().ShouldBe(0);
        var end = run.End();
        CauseOf(end).ShouldBe("KillOrder");
        end.GetProperty("detail").GetString().ShouldBe("revoked by ops");
        Encoding.UTF8.GetString(run.Stream(RecordingStream.Marker)).ShouldBe("killed: revoked by ops");
    }

    [Fact]
    public void Kill_verb_works_without_daemon_and_server()
    {
        using var run = new SupervisedRun(DeafAndDetached, Long).Start().UntilStarted();
        using var kill = Launch(Binary, "kill", Id, "--reason", "wrong host", "--data", run.Data);
        kill.WaitForExit();
        kill.StandardOutput.ReadToEnd().ShouldMatch($"^killed {Id}: 0 processes left, [0-9]+ ms\n$");
        kill.ExitCode.ShouldBe(0);
        run.Processes().ShouldBe(0);
        CauseOf(run.End()).ShouldBe("LocalKill");

        using var again = Launch(Binary, "kill", Id, "--data", run.Data);
        again.WaitForExit();
        again.ExitCode.ShouldBe(1);
        again.StandardError.ReadToEnd().ShouldContain("has already ended");
    }

    [Fact]
    public void Kill_verb_ends_a_run_whose_supervisor_is_stopped()
    {
        using var run = new SupervisedRun(DeafAndDetached, Long).Start().UntilStarted();
        Signal(run.Pid, "STOP");
        using var kill = Launch(Binary, "kill", Id, "--data", run.Data);
        kill.WaitForExit();
        kill.ExitCode.ShouldBe(0, kill.StandardError.ReadToEnd());
        run.Processes().ShouldBe(0);
        CauseOf(run.End()).ShouldBe("SupervisorLost");
    }

    [Fact]
    public void Recording_of_20_megabytes_on_both_streams_is_byte_exact()
    {
        using var run = new SupervisedRun(
            ["/usr/bin/python3", "-c", """
                import os, threading, hashlib
                def flood(fd, seed):
                    block = hashlib.sha256(seed).digest() * 1024
                    left = 20_000_000
                    while left:
                        left -= os.write(fd, block[(20_000_000 - left) % 32768:][:left])
                threads = [threading.Thread(target=flood, args=(1, b'out')), threading.Thread(target=flood, args=(2, b'err'))]
                [t.start() for t in threads]
                [t.join() for t in threads]
                """], Long).Start();
        var end = run.End(60);
        CauseOf(end).ShouldBe("Exited");
        foreach (var (stream, seed) in new[] { (RecordingStream.Output, "out"), (RecordingStream.Error, "err") })
        {
            var block = Enumerable.Repeat(SHA256.HashData(Encoding.ASCII.GetBytes(seed)), 1024).SelectMany(bytes => bytes).ToArray();
            var expected = new byte[20_000_000];
            for (var at = 0; at < expected.Length; at += block.Length)
                block.AsSpan(0, Math.Min(block.Length, expected.Length - at)).CopyTo(expected.AsSpan(at));
            run.Stream(stream).AsSpan().SequenceEqual(expected).ShouldBeTrue(stream.ToString());
        }

        var recording = File.ReadAllBytes(run.RecordingPath);
        end.GetProperty("recording_bytes").GetInt64().ShouldBe(recording.Length);
        end.GetProperty("recording_sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(recording)));
    }

    [Fact]
    public void Output_that_nobody_acknowledges_holds_the_tool_back()
    {
        using var run = new SupervisedRun(["/usr/bin/head", "-c", "8000000", "/dev/zero"], Long, spec => spec["unacknowledged_limit_bytes"] = 1_000_000).Start().UntilStarted();
        Until(() => new FileInfo(run.RecordingPath).Length >= 1_000_000, "nothing was recorded");
        Throughout(TimeSpan.FromMilliseconds(300), () => new FileInfo(run.RecordingPath).Length < 1_200_000, "it was not held back");
        using var control = run.Control();
        Until(() => !Acknowledged() || File.Exists(Path.Combine(run.Folder, "end")), "it did not go on");

        CauseOf(run.End()).ShouldBe("Exited");
        run.Stream(RecordingStream.Output).Length.ShouldBe(8_000_000);

        // Whether there still was a supervisor that took it: with its last bytes acknowledged the run is over, and nobody listens any more.
        bool Acknowledged()
        {
            try
            {
                control.Send(Encoding.ASCII.GetBytes($"ack {new FileInfo(run.RecordingPath).Length}"));
                return true;
            }
            catch (SocketException gone) when (gone.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
            {
                return false;
            }
        }
    }

    [Fact]
    public void Recording_over_its_limit_ends_the_run()
    {
        using var run = new SupervisedRun(["/usr/bin/head", "-c", "80000000", "/dev/zero"], Long, spec => spec["spool_limit_bytes"] = 2_000_000).Start();
        var end = run.End();
        CauseOf(end).ShouldBe("RecordingFailed");
        new FileInfo(run.RecordingPath).Length.ShouldBe(end.GetProperty("recording_bytes").GetInt64());
        end.GetProperty("recording_bytes").GetInt64().ShouldBeLessThanOrEqualTo(2_000_000);
    }

    [Fact]
    public void Full_disk_ends_the_run_and_its_end_is_still_on_disk()
    {
        var mount = Directory.CreateTempSubdirectory("writ-full-").FullName;
        using (var mounted = Launch("/usr/bin/mount", "-t", "tmpfs", "-o", "size=2m", "writ-test", mount))
        {
            mounted.WaitForExit();
            mounted.ExitCode.ShouldBe(0, "mounting a tmpfs needs root");
        }

        try
        {
            using var run = new SupervisedRun(["/usr/bin/sh", "-c", "head -c 80000000 /dev/zero; sleep 100"], Long, folder: mount).Start();
            var end = run.End();
            CauseOf(end).ShouldBe("RecordingFailed");
            end.GetProperty("detail").GetString()!.ShouldContain("No space left");
            LeftOf(end).ShouldBe(0);
            run.Processes().ShouldBe(0);
            var recording = File.ReadAllBytes(run.RecordingPath);
            end.GetProperty("recording_bytes").GetInt64().ShouldBe(recording.Length);
            end.GetProperty("recording_sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(recording)));
        }
        finally
        {
            using var unmounted = Launch("/usr/bin/umount", "-l", mount);
            unmounted.WaitForExit();
            Directory.Delete(mount);
        }
    }

    public static TheoryData<string, string> CannotStart => new()
    {
        { "tool_sha256", "is not the program of the inventory" },
        { "network_namespace", "network namespace" },
        { "start_by", "the time to start is over" },
        { "boot_id", "before this machine started" },
    };

    [Theory]
    [MemberData(nameof(CannotStart))]
    public void Run_that_must_not_start_does_not(string member, string detail)
    {
        using var run = new SupervisedRun(["/usr/bin/sleep", "100"], Long, spec => spec[member] = member switch
        {
            "start_by" => JsonValue.Create(Wall() - 1),
            "network_namespace" => JsonValue.Create("writ-no-such"),
            _ => JsonValue.Create(new string('0', 64)),
        }).Start();
        var end = run.End();
        CauseOf(end).ShouldBe("CouldNotStart");
        end.GetProperty("detail").GetString()!.ShouldContain(detail);
        File.Exists(Path.Combine(run.Folder, "started")).ShouldBeFalse();
    }

    [Fact]
    public void Program_that_cannot_be_executed_is_told_with_the_reason()
    {
        using var run = new SupervisedRun(["/usr/share/nmap/nmap.xsl"], Long).Start();
        var end = run.End();
        CauseOf(end).ShouldBe("CouldNotStart");
        end.GetProperty("detail").GetString()!.ShouldContain("Permission denied");
    }

    [Fact]
    public void Second_supervisor_of_a_run_is_refused()
    {
        using var run = new SupervisedRun(["/usr/bin/sleep", "100"], Long).Start().UntilStarted();
        using var second = Launch(Binary, "supervise", run.Folder);
        second.WaitForExit();
        second.ExitCode.ShouldBe(1);
        run.Processes().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Sandbox_shows_nothing_of_the_host_and_gives_one_capability()
    {
        using var run = new SupervisedRun(["/usr/bin/sh", "-c",
            "ls /etc /root /work /home 2>/dev/null; env | sort; grep -E '^(Cap|NoNew)' /proc/self/status; ls /proc/self/fd; touch /x /usr/x; echo $#; cat /etc/shadow", "sh", "a b", "$(id)"], Long).Start();
        CauseOf(run.End()).ShouldBe("Exited");
        var lines = run.Output.Split('\n');
        lines.ShouldNotContain("shadow");
        lines.ShouldContain("HOME=/tmp");
        lines.ShouldNotContain(line => line.StartsWith("WRIT", StringComparison.Ordinal));
        lines.ShouldContain("CapPrm:\t0000000000002000");
        lines.ShouldContain("CapEff:\t0000000000002000");
        lines.ShouldContain("NoNewPrivs:\t1");
        lines.ShouldContain("2", "arguments arrive as they are, through no shell");
        Encoding.UTF8.GetString(run.Stream(RecordingStream.Error)).ShouldContain("Read-only file system");
        File.Exists("/usr/x").ShouldBeFalse();
    }

    [Fact]
    public void Nmap_scans_its_own_loopback_in_a_fresh_network_namespace()
    {
        const string name = "writ-supervisor-test";
        using (var add = Launch("/usr/sbin/ip", "netns", "add", name))
            add.WaitForExit();
        try
        {
            using (var up = Launch("/usr/sbin/ip", "-n", name, "link", "set", "lo", "up"))
                up.WaitForExit();
            using var run = new SupervisedRun(["/usr/bin/nmap", "-n", "-sS", "-p", "1-3", "127.0.0.1"], Long, spec => spec["network_namespace"] = name).Start();
            var end = run.End();
            end.GetProperty("exit_code").GetInt32().ShouldBe(0, run.Output + Encoding.UTF8.GetString(run.Stream(RecordingStream.Error)));
            run.Output.ShouldMatch("1/tcp +closed");
        }
        finally
        {
            using var delete = Launch("/usr/sbin/ip", "netns", "delete", name);
            delete.WaitForExit();
        }
    }
}
