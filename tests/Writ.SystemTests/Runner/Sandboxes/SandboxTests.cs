using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Recordings;
using Writ.Runner.Sandboxes;
using static Writ.SystemTests.Runner.SupervisedRun;

namespace Writ.SystemTests.Runner.Sandboxes;

/// <summary>What a tool is and has in its own root: the supervisor alone, with roots as a daemon makes them.</summary>
public sealed class SandboxTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private static SupervisedRun Tool(string[] argv, string[]? data = null, Action<JsonObject>? change = null) => new(argv, Long, spec =>
    {
        spec["root"] = RealRoot(argv[0], data ?? []).Path;
        spec["data"] = new JsonArray([.. (data ?? []).Select(path => (JsonNode)path)]);
        change?.Invoke(spec);
    });

    private static SupervisedRun Shell(string script, Action<JsonObject>? change = null) => new(["/usr/bin/sh", "-c", script], Long, change);

    private static string ErrorOf(SupervisedRun run) => Encoding.UTF8.GetString(run.Stream(RecordingStream.Error));

    private static Dictionary<string, string> Status(bool raw)
    {
        using var run = Tool(["/usr/bin/cat", "/proc/self/status"], change: spec => spec["raw_sockets"] = raw).Start();
        run.End().GetProperty("exit_code").GetInt32().ShouldBe(0, ErrorOf(run));
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
    }

    [Theory]
    [InlineData(true, "0000000000002000")]
    [InlineData(false, "0000000000000000")]
    public void Tool_is_an_unprivileged_user_and_has_raw_sockets_only_where_they_are_needed(bool raw, string capabilities)
    {
        var status = Status(raw);
        foreach (var set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
            status[set].ShouldBe(capabilities, set);
        RunUser.TryParse(RunUser.DefaultRange, out var first, out var last).ShouldBeTrue();
        foreach (var ids in new[] { status["Uid"].Split('\t'), status["Gid"].Split('\t') })
            ids.ShouldAllBe(id => uint.Parse(id) >= first && uint.Parse(id) <= last && id == ids[0]);
        status["Groups"].ShouldBe("");
        status["NoNewPrivs"].ShouldBe("1");
        status["Seccomp"].ShouldBe("2");
    }

    [Fact]
    public void Run_goes_before_anything_else_when_the_machines_memory_is_short()
    {
        using var run = Tool(["/usr/bin/cat", "/proc/self/oom_score_adj"]).Start();
        run.End();
        run.Output.ShouldBe("1000\n");
    }

    [Fact]
    public void Low_ports_of_its_own_address_are_the_runs_own()
    {
        const string script = "import socket\ntry: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(('', 53)); print('bound')\nexcept OSError as e: print(e)";
        using var fenced = Fences.FencedRun.Prepare(Fences.FencedRun.ProbedScope, Long, ["/usr/bin/python3", "-I", "-c", script], spec => spec["raw_sockets"] = false);
        fenced.Run.Start().End();
        fenced.Run.Output.ShouldBe("bound\n");
        using var plain = new SupervisedRun(["/usr/bin/python3", "-I", "-c", script], Long, spec => spec["raw_sockets"] = false).Start();
        plain.End();
        plain.Output.ShouldContain("Permission denied");
    }

    [Fact]
    public void File_over_its_limit_ends_the_run_and_the_end_says_so()
    {
        using var run = new SupervisedRun(["/usr/bin/dd", "if=/dev/zero", "of=/tmp/f", "bs=1M", "count=8"], Long, spec => spec["limits"] = new JsonObject { ["file_bytes"] = 2 << 20 }).Start();
        var end = run.End();
        (end.GetProperty("cause").GetString(), end.GetProperty("detail").GetString()).ShouldBe(("Limit", "a file of it was longer than 2 MiB"));
        using var enough = new SupervisedRun(["/usr/bin/dd", "if=/dev/zero", "of=/tmp/f", "bs=1M", "count=8"], Long).Start();
        enough.End().GetProperty("cause").GetString().ShouldBe("Exited");
    }

    [Fact]
    public void Live_runs_never_share_a_user()
    {
        // Users of no runner: the locks are the whole machine's, and others run beside this.
        const string two = "2100000000-2100000001";
        using var one = RunUser.Take(two);
        var other = RunUser.Take(two);
        other.Id.ShouldNotBe(one.Id);
        Should.Throw<Writ.Runner.RunnerException>(() => RunUser.Take(two));
        var left = other.Id;
        other.Dispose();
        using var three = RunUser.Take(two);
        three.Id.ShouldBe(left, "it is free again with its run");
    }

    [Fact]
    public void Root_has_the_tool_with_its_libraries_and_no_shell()
    {
        using var run = Tool(["/usr/bin/find", "/", "-path", "/proc", "-prune", "-o", "-path", "/dev", "-prune", "-o", "-type", "f", "-print"]).Start();
        run.End().GetProperty("exit_code").GetInt32().ShouldBe(0, ErrorOf(run));
        var files = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        files.ShouldContain("/usr/bin/find");
        files.Where(file => file.Contains("/bin/", StringComparison.Ordinal)).Order().ShouldBe(["/usr/bin/find", "/usr/bin/setpriv", "/usr/bin/setsid"]);
        files.Where(file => file.StartsWith("/etc/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .ShouldBe(["/etc/group", "/etc/host.conf", "/etc/hosts", "/etc/ld.so.cache", "/etc/nsswitch.conf", "/etc/passwd"]);
        files.Length.ShouldBeLessThan(25);
    }

    [Fact]
    public void Nothing_but_tmp_can_be_written_and_nothing_there_executed()
    {
        using (var find = Tool(["/usr/bin/find", "/", "-path", "/proc", "-prune", "-o", "(", "-writable", "-not", "-type", "l", "-print", ")"]).Start())
        {
            find.End();
            find.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(path => !path.StartsWith("/dev/", StringComparison.Ordinal)).ShouldBe(["/tmp"]);
        }

        using var run = Shell("cp /usr/bin/true /tmp/true && chmod 755 /tmp/true && /tmp/true; echo $?; i=0; while echo >/tmp/$i; do i=$((i + 1)); done 2>/dev/null; [ $i -lt 5000 ]; echo $?").Start();
        run.End();
        run.Output.ShouldBe("126\n0\n");
    }

    [Fact]
    public void Files_and_keys_of_the_runner_are_out_of_sight()
    {
        string key = "", data = "";
        using var run = Shell("", spec =>
        {
            // The same paths lead there outside.
            data = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", $"writ-keys-{Guid.CreateVersion7():n}"));
            key = Path.Combine(data, "runner.pem");
            Directory.CreateDirectory(data);
            File.WriteAllText(key, "a secret key");
            spec["argv"] = new JsonArray("/usr/bin/sh", "-c",
                $"cat {key} /proc/1/root{key} /proc/1/cwd/runner.pem; cat /proc/1/cmdline; cat /proc/1/environ; ls -l /proc/1/fd /proc/1/root; ls {data}; kill -9 1; echo; id -u");
        }).Start();
        try
        {
            run.End();
            File.ReadAllText(key).ShouldBe("a secret key");
            run.Output.ShouldNotContain("a secret key");
            run.Output.ShouldNotContain(run.Data);
            ErrorOf(run).Split("Permission denied").Length.ShouldBeGreaterThan(4);
            ErrorOf(run).ShouldContain("Operation not permitted");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Theory]
    [InlineData("/tmp")]
    [InlineData("/opt")]
    [InlineData("/var/tmp")]
    public void Tool_may_lie_anywhere(string parent)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"writ-tool-{Guid.CreateVersion7():n}", "bin")).FullName;
        try
        {
            var tool = Path.Combine(folder, "nmap");
            File.Copy("/usr/bin/nmap", tool);
            // Others cannot come near it outside; inside they must.
            File.SetUnixFileMode(Path.GetDirectoryName(folder)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var run = Tool([tool, "-n", "-sT", "-Pn", "-p", "1", "--script", "banner", "127.0.0.1"], ["/usr/share/nmap"], spec => spec["raw_sockets"] = false).Start();
            run.End().GetProperty("exit_code").GetInt32().ShouldBe(0, ErrorOf(run));
            run.Output.ShouldMatch("1/tcp +closed");
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
        }
    }

    [Fact]
    public void Tool_that_is_a_script_has_its_interpreter_and_the_data_that_is_declared()
    {
        var folder = Directory.CreateTempSubdirectory("writ-script-").FullName;
        try
        {
            var tool = Path.Combine(folder, "tool");
            File.WriteAllText(tool, "#!/usr/bin/python3 -I\nimport os, sys\nprint(sys.argv[1:], os.path.exists('/bin/sh'), os.path.exists('/usr/bin/env'))\n");
            File.SetUnixFileMode(tool, (UnixFileMode)0b111_101_101);
            using var run = Tool([tool, "a b"], Directory.GetDirectories("/usr/lib", "python3*")).Start();
            run.End();
            run.Output.ShouldBe("['a b'] False False\n", ErrorOf(run));
            using var without = Tool([tool, "a b"]).Start();
            without.End().GetProperty("exit_code").GetInt32().ShouldNotBe(0, "its library was not declared");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Root_is_made_anew_when_a_library_or_the_program_changes_and_not_otherwise()
    {
        var folder = Directory.CreateTempSubdirectory("writ-change-").FullName;
        try
        {
            var tool = Path.Combine(folder, "true");
            File.Copy("/usr/bin/true", tool);
            var first = ToolRoot.Make(Path.Combine(folder, "roots"), tool, []);
            ToolRoot.Make(Path.Combine(folder, "roots"), tool, []).Path.ShouldBe(first.Path);
            File.SetUnixFileMode(first.Path + tool, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllText(first.Path + tool, "");
            ToolRoot.Make(Path.Combine(folder, "roots"), tool, []).Path.ShouldBe(first.Path);
            File.ReadAllBytes(first.Path + tool).ShouldBe(File.ReadAllBytes(tool), "a root that was left half written is made anew");
            File.AppendAllText(tool, "x");
            var second = ToolRoot.Make(Path.Combine(folder, "roots"), tool, []);
            second.Path.ShouldNotBe(first.Path);
            second.Sha256.ShouldNotBe(first.Sha256);
            ToolRoot.Prune(Path.Combine(folder, "roots"), new HashSet<string> { second.Path });
            Directory.GetDirectories(Path.Combine(folder, "roots")).ShouldBe([second.Path]);
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            Should.Throw<Writ.Runner.RunnerException>(() => ToolRoot.Make(Path.Combine(folder, "roots"), tool, [])).Hint.ShouldBe($"chmod o+rx {tool}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Sandbox_that_cannot_execute_is_told_at_the_start_with_the_way_on()
    {
        var folder = Directory.CreateTempSubdirectory("writ-noexec-").FullName;
        var config = new Writ.Runner.Runners.RunnerConfig { Server = "https://127.0.0.1:1" };
        try
        {
            SandboxTrial.Look(config, folder).ShouldBeNull("all is as it should be");
            using (var mount = Launch("/usr/bin/mount", "-t", "tmpfs", "-o", "noexec", "writ-test", folder))
                mount.WaitForExit();
            Should.Throw<Writ.Runner.RunnerException>(() => SandboxTrial.Look(config, folder)).Hint!.ShouldContain("without noexec");
        }
        finally
        {
            using (var unmount = Launch("/usr/bin/umount", folder))
                unmount.WaitForExit();
            Directory.Delete(folder, recursive: true);
        }
    }

    // What it is, a script that does it, the limit that stops it, and what is then seen.
    public static TheoryData<string, string, string, long, string> Limits => new()
    {
        { "memory", "python3 -I -c 'x = bytearray(100 << 20); print(len(x))'", "memory_bytes", 64 << 20, "MemoryError" },
        { "processes", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done; wait; echo 104857600", "processes", 8, "Cannot fork" },
        { "file", "head -c 10485760 /dev/zero | python3 -I -c 'import sys, shutil; f = open(\"/tmp/f\", \"wb\"); shutil.copyfileobj(sys.stdin.buffer, f)'; ls -l /tmp/f; echo 104857600", "file_bytes", 1 << 20, "File too large" },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public void Run_that_wants_more_than_its_limit_is_told(string what, string script, string limit, long value, string seen)
    {
        string Said(JsonObject limits)
        {
            using var run = Shell(script, spec => spec["limits"] = limits).Start();
            JsonElement end = run.End();
            end.GetProperty("cause").GetString().ShouldBe("Exited");
            return run.Output + ErrorOf(run);
        }

        Said(new() { ["file_bytes"] = 1 << 30 }).ShouldNotContain(seen, Case.Sensitive, what);
        Said(new() { [limit] = value }).ShouldContain(seen, Case.Sensitive, what);
    }
}
