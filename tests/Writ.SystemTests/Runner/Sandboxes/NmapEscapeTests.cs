using System.Text;
using System.Text.Json.Nodes;
using Writ.Proof.Recordings;
using static Writ.SystemTests.Runner.SupervisedRun;

namespace Writ.SystemTests.Runner.Sandboxes;

/// <summary>
/// The ways in which Nmap with rights gives its user the machine (https://gtfobins.github.io/gtfobins/nmap/), and more of its kind.
/// No grammar stands before the sandbox here. Each way is first shown to work for Nmap as root.
/// </summary>
public sealed class NmapEscapeTests : IDisposable
{
    private const string Secret = "topsecret.invalid";
    private readonly string _host = Directory.CreateDirectory(Path.Combine("/var/tmp", $"writ-host-{Guid.CreateVersion7():n}")).FullName;

    public NmapEscapeTests()
    {
        foreach (var name in new[] { "secret", "removed", "renamed", "appended" })
            File.WriteAllText(Path.Combine(_host, name), Secret + "\n");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Runner/Sandboxes/attacks.nse"), Path.Combine(_host, "attacks.nse"));
        File.Copy("/lib/x86_64-linux-gnu/libm.so.6", Path.Combine(_host, "library.so"));
        File.WriteAllText(Path.Combine(_host, "log"), $"# Nmap 7.93 scan initiated Sun Nov 22 14:00:00 2026 as: nmap -sL -n -oN {_host}/log 192.0.2.7\n");
        var data = Directory.CreateDirectory(Path.Combine(_host, "data")).FullName;
        File.WriteAllText(Path.Combine(data, "nse_main.lua"), $"os.execute('/usr/bin/touch {_host}/evil')\n");
        foreach (var name in new[] { "nmap-services", "nmap-protocols" })
            File.Copy(Path.Combine("/usr/share/nmap", name), Path.Combine(data, name));
    }

    public void Dispose() => Directory.Delete(_host, recursive: true);

    private static (string Output, string Error) Outside(params string[] arguments)
    {
        using var nmap = Launch("/usr/bin/nmap", arguments);
        var error = nmap.StandardError.ReadToEndAsync();
        var output = nmap.StandardOutput.ReadToEnd();
        nmap.WaitForExit();
        return (output, error.Result);
    }

    private static (string Output, string Error) Inside(string[] arguments, Action<SupervisedRun>? prepare = null, Action<JsonObject>? change = null)
    {
        using var run = new SupervisedRun(["/usr/bin/nmap", .. arguments], TimeSpan.FromSeconds(30), spec =>
        {
            spec["script_folder"] = "/usr/share/nmap/scripts";
            change?.Invoke(spec);
        });
        prepare?.Invoke(run);
        run.Start().End().GetProperty("cause").GetString().ShouldBe("Exited");
        return (run.Output, Encoding.UTF8.GetString(run.Stream(RecordingStream.Error)));
    }

    /// <summary>Every file of the host's folder with what is in it.</summary>
    private string Host() => string.Join('\n', Directory.EnumerateFiles(_host, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(path => $"{path} {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))}"));

    [Fact]
    public void Script_that_was_let_in_can_do_nothing_to_the_machine()
    {
        string[] Command(string script) => ["-n", "-sn", "-Pn", "--script", script, "--script-args", $"host={_host}", "127.0.0.1"];
        var before = Host();
        var inside = Inside(Command("/in/attacks.nse"), run =>
        {
            Directory.CreateDirectory(Path.Combine(run.Folder, "in"));
            File.Copy(Path.Combine(_host, "attacks.nse"), Path.Combine(run.Folder, "in", "attacks.nse"));
        }, spec => spec["has_files"] = true);
        Host().ShouldBe(before);

        var outside = Outside(Command(Path.Combine(_host, "attacks.nse")));
        var through = Lines(outside.Output, " through");
        through.Length.ShouldBe(12, outside.Output + outside.Error);
        Lines(inside.Output, " stopped").Select(line => line.Replace("stopped", "through", StringComparison.Ordinal)).ShouldBe(through, inside.Output + inside.Error);

        static string[] Lines(string text, string ending) => [.. text.Split('\n').Where(line => line.EndsWith(ending, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    // The way, and what shows outside that it works: a text in the output, or (with a slash) a file of the host's that changes.
    public static TheoryData<string, string, string> Ways => new()
    {
        { "reads a file as a list of targets", "-n -sL -iL {host}/secret", Secret },
        { "reads a file of excluded targets", "-n -sL --excludefile {host}/secret 192.0.2.7", Secret },
        { "writes a file", "-n -sL -oN {host}/new 192.0.2.7", "/new" },
        { "writes lines for a shell", "-n -sL -oG {host}/cron 192.0.2.7", "/cron" },
        { "writes XML", "-n -sL -oX {host}/new.xml 192.0.2.7", "/new.xml" },
        { "writes all formats", "-n -sL -oA {host}/all 192.0.2.7", "/all.gnmap" },
        { "overwrites a file", "-n -sL -oN {host}/secret 192.0.2.7", "/secret" },
        { "appends to a file", "-n -sL --append-output -oN {host}/appended 192.0.2.7", "/appended" },
        { "runs a script of the host's", "-n -sn -Pn --script {host}/attacks.nse --script-args host={host} 192.0.2.7", "/executed" },
        { "runs a script folder of the host's", "-n -sn -Pn --script {host}/ --script-args host={host} 192.0.2.7", "/executed" },
        { "replaces the script engine", "-n -sn -Pn --datadir {host}/data --script default 192.0.2.7", "/evil" },
        { "goes on with another's command", "--resume {host}/log", "/log" },
        { "runs a script that nobody approved", "-n -sL --script targets-asn 192.0.2.7", "targets-asn" },
        { "runs it by its path", "-n -sL --script /usr/share/nmap/scripts/targets-asn.nse 192.0.2.7", "targets-asn" },
        { "runs it with its category", "-n -sL --script external 192.0.2.7", "targets-asn" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Way_out_works_for_nmap_as_root_and_not_in_the_sandbox(string way, string command, string shown)
    {
        string[] arguments = [.. command.Split(' ').Select(word => word.Replace("{host}", _host, StringComparison.Ordinal))];
        var before = Host();
        var inside = Inside(arguments, change: spec => spec["scripts"] = new JsonArray("banner"));
        Host().ShouldBe(before, way);
        (inside.Output + inside.Error).ShouldNotContain(Shown(), Case.Sensitive, way);

        var outside = Outside(arguments);
        if (shown.StartsWith('/'))
            Host().Split('\n').Except(before.Split('\n')).ShouldContain(line => line.StartsWith(_host + shown, StringComparison.Ordinal), $"{way}: {outside}");
        else
            (outside.Output + outside.Error).ShouldContain(Shown(), Case.Sensitive, way);

        // A script's own result; its name alone is in the command and in the refusal.
        string Shown() => shown == "targets-asn" ? "| targets-asn: " : shown.StartsWith('/') ? "\0" : shown;
    }

    [Fact]
    public void Approved_scripts_run_and_the_libraries_are_there()
    {
        var (output, error) = Inside(["-n", "-sL", "--script", "targets-asn", "192.0.2.7"], change: spec => spec["scripts"] = new JsonArray("targets-asn"));
        output.ShouldContain("| targets-asn: ", Case.Sensitive, error);
    }

    [Fact]
    public void Script_that_is_not_there_any_more_stops_the_run()
    {
        using var run = new SupervisedRun(["/usr/bin/nmap", "-sL", "127.0.0.1"], TimeSpan.FromSeconds(30), spec =>
        {
            spec["script_folder"] = "/usr/share/nmap/scripts";
            spec["scripts"] = new JsonArray("no-such-script");
        }).Start();
        var end = run.End();
        end.GetProperty("cause").GetString().ShouldBe("CouldNotStart");
        end.GetProperty("detail").GetString()!.ShouldContain("no-such-script.nse");
    }
}
