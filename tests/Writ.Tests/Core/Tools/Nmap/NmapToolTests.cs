using System.Text;
using CsCheck;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Tests.Core.Tools.Nmap;

public class NmapToolTests
{
    private const string Services = """
        # a comment
        http	80/tcp	0.5
        ssh	22/tcp	0.2
        tie-b	90/tcp	0.1
        tie-a	89/tcp	0.1
        http	80/tcp	0.9
        domain	53/udp	0.4
        ntp	123/udp	3/10
        odd	99/tcp
        """;

    private const string ScriptDb = """
        Entry { filename = "banner.nse", categories = { "discovery", "safe", } }
        Entry { filename = "http-title.nse", categories = { "default", "discovery", "safe", } }
        Entry { filename = "http-slowloris.nse", categories = { "dos", "intrusive", } }
        Entry { filename = "docker-version.nse", categories = { "version", } }
        Entry { filename = "rpcinfo.nse", categories = { "default", "discovery", "safe", "version", } }
        """;

    internal static ToolInventory Inventory { get; } = new("nmap", "/usr/bin/nmap", "7.93", new string('0', 64),
        [File("nmap-services", Services), File("script.db", ScriptDb)]);

    private static ToolFile File(string name, string text) => new(name, new string('0', 64), Encoding.UTF8.GetBytes(text));

    internal static Result<Plan> Read(string line) => new NmapTool().Plan(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new(Inventory));

    private static Plan Plan(string line)
    {
        var plan = Read(line);
        plan.IsOk.ShouldBeTrue(plan.IsOk ? "" : $"{line}: {plan.Refusal}");
        return plan.Value;
    }

    [Theory]
    // values that swallow options
    [InlineData("nmap -nv2sL 10.0.0.1", "verbosity '2sL'")]
    [InlineData("nmap -nT4sL 10.0.0.1", "timing '4sL'")]
    [InlineData("nmap -d4sL 10.0.0.1", "'-d'")]
    [InlineData("nmap -ng53sL 10.0.0.1", "'-g'")]
    [InlineData("nmap -nvsL 10.0.0.1", "verbosity 'sL'")]
    [InlineData("nmap -vvd 10.0.0.1", "verbosity 'vd'")]
    [InlineData("nmap -T 10.0.0.1", "timing '10.0.0.1'")]
    [InlineData("nmap -Osscan 10.0.0.1", "-O takes no value")]
    // hidden, old and undocumented options
    [InlineData("nmap --yoloscan 10.0.0.1", "'--yoloscan'")]
    [InlineData("nmap --yo 10.0.0.1", "'--yoloscan'")]
    [InlineData("nmap -o/tmp/f 10.0.0.1", "'-o' writes a file")]
    [InlineData("nmap -oNfile 10.0.0.1", "'-o' writes a file")]
    [InlineData("nmap -m f 10.0.0.1", "'-m' writes a file")]
    [InlineData("nmap -mf 10.0.0.1", "'-m' writes a file")]
    [InlineData("nmap -oX=/f 10.0.0.1", "'-oX' saves")]
    [InlineData("nmap -oA x 10.0.0.1", "'-oA' saves")]
    [InlineData("nmap -sP 10.0.0.1", "-sP is an old way")]
    [InlineData("nmap -P0 10.0.0.1", "-P0' is not accepted")]
    // files
    [InlineData("nmap -iL/etc/x", "'-i' reads a file")]
    [InlineData("nmap -iL=/x", "'-iL' reads a file")]
    [InlineData("nmap -i /x", "'-i' reads a file")]
    [InlineData("nmap -i/x", "'-i' reads a file")]
    [InlineData("nmap --iL /x", "'-iL' reads a file")]
    [InlineData("nmap --resume /x", "'--resume' reads its command")]
    [InlineData("nmap --excludef /x 10.0.0.1", "'--excludefile' reads a file")]
    [InlineData("nmap --datadir /x 10.0.0.1", "'--datadir' runs code")]
    [InlineData("nmap --script /tmp/x.nse 10.0.0.1", "is a path")]
    [InlineData("nmap --script=./x 10.0.0.1", "is a path")]
    [InlineData("nmap --script-help x", "'--script-help' runs code")]
    // ambiguous and unknown
    [InlineData("nmap --excl 10.0.0.1", "'--excl' is ambiguous")]
    [InlineData("nmap --exclud 10.0.0.1", "'--exclud' is ambiguous")]
    [InlineData("nmap --scrip default 10.0.0.1", "'--scrip' is ambiguous")]
    [InlineData("nmap -sc=x 10.0.0.1", "'-sc=x' is ambiguous")]
    [InlineData("nmap -p=1 10.0.0.1", "'-p=1' is ambiguous")]
    [InlineData("nmap -no 10.0.0.1", "'-no' is ambiguous")]
    [InlineData("nmap -n=x 10.0.0.1", "'-n=x' is ambiguous")]
    [InlineData("nmap -ns 10.0.0.1", "'--nsock-engine'")]
    [InlineData("nmap --script_args x 10.0.0.1", "no option '--script_args'")]
    [InlineData("nmap --opne 10.0.0.1", "no option '--opne'")]
    [InlineData("nmap --open=1 10.0.0.1", "'--open' takes no value")]
    [InlineData("nmap -x 10.0.0.1", "no option '-x'")]
    [InlineData("nmap -: 10.0.0.1", "no option '-:'")]
    [InlineData("nmap 10.0.0.1 -p", "'-p' needs a value")]
    [InlineData("nmap -pri 10.0.0.1", "'--privileged'")]
    [InlineData("nmap -mt 8 10.0.0.1", "'--mtu'")]
    [InlineData("nmap -ba 10.0.0.1", "'--badsum'")]
    // spoofing, evasion, load, the unbounded
    [InlineData("nmap -S 1.2.3.4 10.0.0.1", "'-S' hides")]
    [InlineData("nmap -D 1.2.3.4 10.0.0.1", "'-D' hides")]
    [InlineData("nmap -sI 1.2.3.4 10.0.0.1", "'-sI' hides")]
    [InlineData("nmap -b ftp 10.0.0.1", "'-b' hides")]
    [InlineData("nmap -e eth0 10.0.0.1", "'-e' names an interface")]
    [InlineData("nmap -ff 10.0.0.1", "'-ff' shapes")]
    [InlineData("nmap --send-eth 10.0.0.1", "'--send-eth' passes")]
    [InlineData("nmap -iR 5", "'-iR' reaches targets")]
    [InlineData("nmap -R 10.0.0.1", "'-R' asks name servers")]
    [InlineData("nmap --dns-servers 1.2.3.4 10.0.0.1", "'--dns-servers' asks name servers")]
    [InlineData("nmap --min-rate 5 10.0.0.1", "'--min-rate' sets how hard")]
    [InlineData("nmap -sX 10.0.0.1", "scan type '-sX'")]
    [InlineData("nmap -sSq 10.0.0.1", "scan type '-sq'")]
    [InlineData("nmap -s 10.0.0.1", "-s needs a letter")]
    // contradictions
    [InlineData("nmap -sS -sT 10.0.0.1", "contradict")]
    [InlineData("nmap -sn -sS 10.0.0.1", "contradict")]
    [InlineData("nmap -sn -p 22 10.0.0.1", "scans no ports")]
    [InlineData("nmap -F -p 22 10.0.0.1", "contradict")]
    [InlineData("nmap -Pn -PS22 10.0.0.1", "contradict")]
    [InlineData("nmap -p 22 -p 23 10.0.0.1", "-p stands twice")]
    [InlineData("nmap -4 -6 ::1", "contradict")]
    // scripts
    [InlineData("nmap --script nosuch 10.0.0.1", "no script or category")]
    [InlineData("nmap --script-args x=y 10.0.0.1", "'--script-args'")]
    public void Plan_trap_is_refused_by_name(string line, string message)
    {
        var plan = Read(line);
        plan.IsOk.ShouldBeFalse(line);
        plan.Refusal.Message.ShouldContain(message);
        plan.Refusal.Message.ShouldNotEndWith(".");
        char.IsUpper(plan.Refusal.Message[0]).ShouldBeFalse();
        plan.Refusal.Code.ShouldBe(ErrorCode.InvalidCommand);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("10.0.0.1\n10.0.0.2")]
    [InlineData("10.0.0.1\u202e")]
    [InlineData("\u0661\u0660.0.0.1")]
    public void Plan_character_outside_ascii_is_refused(string argument) =>
        new NmapTool().Plan(["nmap", "-sn", argument], new(Inventory)).Refusal.Message.ShouldBe("argument 2 holds a character outside printable ASCII");

    [Theory]
    [InlineData("nmap -nsL 10.0.0.1")]
    [InlineData("nmap -sLn 10.0.0.1")]
    [InlineData("nmap 10.0.0.1 -sL")]
    [InlineData("nmap -sL -- 10.0.0.1")]
    [InlineData("nmap -s L 10.0.0.1", false)]
    public void Plan_list_in_any_spelling_is_a_list(string line, bool accepted = true)
    {
        Read(line).IsOk.ShouldBe(accepted);
        if (accepted)
            Plan(line).Argv.ShouldBe(["nmap", "-n", "--noninteractive", "-sL", "--timing=3", "10.0.0.1"]);
    }

    [Fact]
    public void Plan_unique_prefix_with_one_dash_is_the_long_option() => Plan("nmap -ho 5 -p 1 10.0.0.1").Argv.ShouldContain("--host-timeout=5000ms");

    [Fact]
    public void Plan_double_dash_what_follows_is_a_target() => Read("nmap -sn -- -sS").Refusal.Code.ShouldBe(ErrorCode.InvalidTarget);

    [Fact]
    public void Plan_default_scan_is_made_explicit()
    {
        var plan = Plan("nmap 10.0.0.5");
        plan.Argv.ShouldBe(["nmap", "-n", "--noninteractive", "-sS", "-p", "T:22,80,89-90,99", "--timing=3", "10.0.0.5"]);
        plan.Techniques.ShouldBe(["ping", "syn"]);
        plan.Scope.Tcp.ToString().ShouldBe("22,80,89-90,99,443");
        plan.Scope.Icmp.ShouldBeTrue();
        plan.EstimatedPackets.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Plan_clusters_and_glued_values_are_read_as_getopt_does()
    {
        var plan = Plan("nmap -sSV -T4 -p80,22 -Pn --version-l -script banner,http-title.nse --open 10.20.1-3.0/26 --exclude 10.20.1.0/26,10.20.2.5");
        plan.Techniques.ShouldBe(["syn", "version"]);
        plan.Targets.ToString().ShouldBe("10.20.2.0-10.20.2.4, 10.20.2.6-10.20.2.63, 10.20.3.0/26");
        plan.Tcp.ToString().ShouldBe("22,80");
        plan.Timing.ShouldBe(4);
        plan.Scripts.Where(script => !script.Implied).Select(script => script.Name).ShouldBe(["banner", "http-title"]);
        plan.Scripts.Where(script => script.Implied).Select(script => script.Name).ShouldBe(["docker-version", "rpcinfo"]);
        plan.Argv.ShouldContain("--script=banner,http-title.nse");
        plan.Argv.ShouldContain("--version-intensity=2");
        plan.Scope.Icmp.ShouldBeFalse();
    }

    [Fact]
    public void Plan_tied_frequencies_are_taken_by_port_number() => Plan("nmap --top-ports 3 10.0.0.5").Tcp.ToString().ShouldBe("22,80,89");

    [Fact]
    public void Plan_aggressive_is_expanded() =>
        Plan("nmap -A -p 1 10.0.0.5").Techniques.ShouldBe(["os", "ping", "syn", "traceroute", "version"]);

    [Theory]
    [InlineData("-p T:22,U:53", "22", "")]
    [InlineData("-sU -sS -p T:22,U:53", "22", "53")]
    [InlineData("-sU -sS -p 22", "22", "22")]
    [InlineData("-p -3", "1-3", "")]
    [InlineData("-p 0-3", "0-3", "")]
    [InlineData("-p 65530-", "65530-65535", "")]
    [InlineData("-p-", "1-65535", "")]
    [InlineData("-p 22,", "22", "")]
    [InlineData("-p 010", "10", "")]
    [InlineData("-sU -p T:22,23,U:53", "", "53")]
    [InlineData("-p T:U:53,T:9", "9", "")]
    public void Plan_ports_are_read_as_nmap_reads_them(string options, string tcp, string udp)
    {
        var plan = Plan($"nmap {options} 10.0.0.5");
        plan.Tcp.ToString().ShouldBe(tcp);
        plan.Udp.ToString().ShouldBe(udp);
    }

    [Theory]
    [InlineData("-p U:53", "no port would be scanned")]
    [InlineData("-p ,22", "a number is missing")]
    [InlineData("-p 22,,23", "a number is missing")]
    [InlineData("-p 5-1", "backwards")]
    [InlineData("-p 65536", "at most 65535")]
    [InlineData("-p 99999999999999999999", "at most 65535")]
    [InlineData("-p t:22", "'t:' is not supported")]
    [InlineData("-p S:22", "'S:' is not supported")]
    [InlineData("-p http", "names and patterns")]
    [InlineData("-p [80", "names and patterns")]
    [InlineData("-p T:", "there is no port")]
    [InlineData("-p 1-2-3", "does not belong")]
    [InlineData("-PST:22", "names and patterns")]
    public void Plan_malformed_ports_are_refused(string options, string message)
    {
        var refusal = Read($"nmap {options} 10.0.0.5").Refusal;
        refusal.Code.ShouldBe(ErrorCode.InvalidPorts);
        refusal.Message.ShouldContain(message);
    }

    [Fact]
    public void Plan_named_discovery_ports_are_held_against_policy()
    {
        var plan = Plan("nmap -sn -PS1-1000 -PU 10.0.0.5");
        plan.DiscoveryPorts.ToString().ShouldBe("1-1000");
        plan.Scope.Udp.ToString().ShouldBe("40125");
        plan.Scope.Icmp.ShouldBeFalse();
    }

    [Fact]
    public void Plan_canonical_argv_gives_the_same_plan()
    {
        var options = new[]
        {
            "-sT", "-sU", "-sV", "-O", "--traceroute", "-p22,80", "-F", "--top-ports=2", "-p-", "-r", "-T4", "-T0", "-v", "-vv", "-v3", "--open", "--reason",
            "-Pn", "-PS", "-PA22", "-PU53", "-PE", "-PP", "-sC", "--script=safe", "--version-all", "--max-retries=2", "--host-timeout=30m", "--max-rate=1.50",
            "-n", "-sn", "-sL", "-A", "--exclude=10.20.0.3", "--noninteractive", "--timing=paranoid",
        };
        var targets = new[] { "10.20.0.1", "10.20.0.0/28", "10.20.0-1.1,7-9", "10.20.0.*", "10.20.1-3.0/26" };
        var accepted = 0;
        Gen.Select(Gen.OneOf(options).Array[0, 6], Gen.OneOf(targets).Array[1, 3]).Sample(pair =>
        {
            var first = new NmapTool().Plan(["nmap", .. pair.Item1, .. pair.Item2], new(Inventory));
            if (!first.IsOk)
                return;
            Interlocked.Increment(ref accepted);
            var again = new NmapTool().Plan(first.Value.Argv, new(Inventory));
            again.IsOk.ShouldBeTrue(again.IsOk ? "" : again.Refusal.ToString());
            again.Value.Argv.ShouldBe(first.Value.Argv);
            again.Value.Targets.ShouldBe(first.Value.Targets);
            again.Value.Scope.ShouldBe(first.Value.Scope);
            again.Value.Techniques.ShouldBe(first.Value.Techniques);
            again.Value.Scripts.Select(script => (script.Name, script.Implied)).ShouldBe(first.Value.Scripts.Select(script => (script.Name, script.Implied)));
            (again.Value.EstimatedPackets, again.Value.EstimatedDuration).ShouldBe((first.Value.EstimatedPackets, first.Value.EstimatedDuration));
        }, iter: PropertyScale.Cases(3_000));
        accepted.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Plan_random_arguments_never_throw() =>
        Gen.OneOf(Gen.OneOf("-", "--", "-s", "-p", "-P", "-T", "--script", "10.0.0.1", "--exclude=", "::/1", "-6", "*.*.*.1", "1.2.3.4/1"),
            Gen.Char[' ', '~'].Array[0, 12].Select(chars => new string(chars)))
        .Array[0, 8].Sample(words => { _ = new NmapTool().Plan(["nmap", .. words], new(Inventory)); }, iter: PropertyScale.Cases(20_000));

    [Fact]
    public void Plan_large_inputs_are_answered()
    {
        Read("nmap -sL " + string.Join(' ', Enumerable.Range(0, 60_000).Select(number => $"10.{number / 256}.{number % 256}.1"))).Refusal.Code.ShouldBe(ErrorCode.InvalidTarget);
        Read("nmap -sL " + string.Join(' ', Enumerable.Range(0, 60_000).Select(number => $"10.0.{number / 256}.{number % 256}"))).Value.Targets.Count.ShouldBe((UInt128)60_000);
        Read("nmap -sL " + new string('1', 1 << 20)).Refusal.Message.ShouldBe("the command is longer than 1 MB");
        Read("nmap -sL *.*.*.1").Refusal.Message.ShouldContain("too many gaps");
        Read("nmap -sn 10.0.0.0/1").Value.EstimatedPackets.ShouldBeGreaterThan(1L << 32);
        Read("nmap -6 -sn 2001:db8::/32").Value.EstimatedPackets.ShouldBe(long.MaxValue);
    }
}
