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

    internal static ToolFile File(string name, string text) => new(name, new string('0', 64), Encoding.UTF8.GetBytes(text));

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
    [InlineData("nmap -d4sL 10.0.0.1", "debugging '4sL'")]
    [InlineData("nmap -ng53sL 10.0.0.1", "-g: '53sL' is no number")]
    [InlineData("nmap -nvsL 10.0.0.1", "verbosity 'sL'")]
    [InlineData("nmap -vvd 10.0.0.1", "verbosity 'vd'")]
    [InlineData("nmap -T 10.0.0.1", "timing '10.0.0.1'")]
    [InlineData("nmap -T44 10.0.0.1", "timing '44'")]
    [InlineData("nmap -T11 10.0.0.1", "timing '11'")]
    [InlineData("nmap -T0 -T4 10.0.0.1", "-T stands twice")]
    [InlineData("nmap -Osscan 10.0.0.1", "-O takes no value")]
    [InlineData("nmap -v0 10.0.0.1", "hides the output")]
    // hidden, old and undocumented options
    [InlineData("nmap --yoloscan 10.0.0.1", "'--yoloscan' is a hidden way")]
    [InlineData("nmap --yo 10.0.0.1", "'--yoloscan' is a hidden way")]
    [InlineData("nmap -oNfile 10.0.0.1", "'-oNfile' writes a file 'Nfile'")]
    [InlineData("nmap -oX- 10.0.0.1", "'-oX-' writes a file 'X-'")]
    [InlineData("nmap -oA - 10.0.0.1", "'-' is the terminal")]
    [InlineData("nmap -oX - -oN - 10.0.0.1", "'-' is written already")]
    [InlineData("nmap -oX -x 10.0.0.1", "looks like an option")]
    [InlineData("nmap -oX scan-%T 10.0.0.1", "put the time")]
    [InlineData("nmap -oX /tmp/ 10.0.0.1", "is a folder")]
    [InlineData("nmap -oA x -oX y 10.0.0.1", "the xml output is written already")]
    [InlineData("nmap -oN x -oX x 10.0.0.1", "'x' is written already")]
    [InlineData("nmap -oH x 10.0.0.1", "'-oH' is no output")]
    [InlineData("nmap -PB 10.0.0.1", "-PB is an old way")]
    [InlineData("nmap -PEx 10.0.0.1", "no discovery '-PEx'")]
    // files
    [InlineData("nmap -iL/etc/x", "'-iL/etc/x' reads a file 'L/etc/x'")]
    [InlineData("nmap --excludefile - 10.20.0.1", "'-' is the terminal, not a file")]
    [InlineData("nmap -iL a -iL b", "-iL stands twice")]
    [InlineData("nmap -iL a -i b", "-i stands twice")]
    [InlineData("nmap --resume /x", "'--resume' reads its command")]
    [InlineData("nmap --datadir /x 10.0.0.1", "'--datadir' replaces Nmap's own files")]
    [InlineData("nmap --script /tmp/x.nse 10.0.0.1", "was not sent along")]
    [InlineData("nmap --script=./x 10.0.0.1", "is no path of a script")]
    [InlineData("nmap --script-help x", "'--script-help' runs code")]
    [InlineData("nmap --script-updatedb", "'--script-updatedb' rewrites")]
    // ambiguous and unknown
    [InlineData("nmap --excl 10.0.0.1", "'--excl' is ambiguous")]
    [InlineData("nmap --exclud 10.0.0.1", "'--exclud' is ambiguous")]
    [InlineData("nmap --scrip default 10.0.0.1", "'--scrip' is ambiguous")]
    [InlineData("nmap -sc=x 10.0.0.1", "'-sc=x' is ambiguous")]
    [InlineData("nmap -p=1 10.0.0.1", "'-p=1' is ambiguous")]
    [InlineData("nmap -no 10.0.0.1", "'-no' is ambiguous")]
    [InlineData("nmap -n=x 10.0.0.1", "'-n=x' is ambiguous")]
    [InlineData("nmap -ns 10.0.0.1", "--nsock-engine: there is no engine '10.0.0.1'")]
    [InlineData("nmap --script_args x 10.0.0.1", "no option '--script_args'")]
    [InlineData("nmap --max_rtt_timeout 5 10.0.0.1", "no option '--max_rtt_timeout'")]
    [InlineData("nmap --opne 10.0.0.1", "no option '--opne'")]
    [InlineData("nmap --open=1 10.0.0.1", "'--open' takes no value")]
    [InlineData("nmap -x 10.0.0.1", "no option '-x'")]
    [InlineData("nmap -: 10.0.0.1", "no option '-:'")]
    [InlineData("nmap 10.0.0.1 -p", "'-p' needs a value")]
    // the unbounded, and what runs no scan
    [InlineData("nmap -iR 5", "'-iR' scans random addresses")]
    [InlineData("nmap -V", "'-V' runs no scan")]
    [InlineData("nmap --iflist", "'--iflist' shows the runner's interfaces")]
    [InlineData("nmap --route-dst 10.0.0.1", "'--route-dst' runs no scan")]
    // hosts beside the targets are addresses
    [InlineData("nmap -S host 10.0.0.1", "-S: 'host' is no address")]
    [InlineData("nmap -D host 10.0.0.1", "-D: 'host' is no decoy")]
    [InlineData("nmap -D RND:200 10.0.0.1", "more than 126 decoys")]
    [InlineData("nmap -sI zombie 10.0.0.1", "-sI: 'zombie' is no zombie")]
    [InlineData("nmap -b ftp 10.0.0.1", "-b: 'ftp' is no FTP server")]
    [InlineData("nmap -b me:secret@10.0.0.9 10.0.0.1", "would be shown to everybody")]
    [InlineData("nmap --proxies http://proxy:80 10.0.0.1", "is no proxy")]
    [InlineData("nmap --proxies ftp://10.0.0.9 10.0.0.1", "is no proxy")]
    [InlineData("nmap --dns-servers ns 10.0.0.1", "--dns-servers: 'ns' is no address")]
    [InlineData("nmap --ip-options L,evil 10.0.0.1", "is not understood")]
    [InlineData("nmap -sSq 10.0.0.1", "no scan type '-sq'")]
    [InlineData("nmap -sB 10.0.0.1", "no scan type '-sB'")]
    [InlineData("nmap -s 10.0.0.1", "-s needs a letter")]
    // contradictions
    [InlineData("nmap -sS -sT 10.0.0.1", "contradict")]
    [InlineData("nmap -sX -sX 10.0.0.1", "contradict")]
    [InlineData("nmap -sUXX 10.0.0.1", "contradict")]
    [InlineData("nmap -sX -sI 10.0.0.9 10.0.0.1", "contradict")]
    [InlineData("nmap -sn -sS 10.0.0.1", "contradict")]
    [InlineData("nmap -sO -sU 10.0.0.1", "goes with no other")]
    [InlineData("nmap -sn -p 22 10.0.0.1", "scans no ports")]
    [InlineData("nmap -sn -A 10.0.0.1", "OS detection")]
    [InlineData("nmap -F -p 22 10.0.0.1", "contradict")]
    [InlineData("nmap -p 22 -p 23 10.0.0.1", "-p stands twice")]
    [InlineData("nmap -D RND:200 -D ME 10.0.0.1", "-D stands twice")]
    [InlineData("nmap -4 -6 ::1", "contradict")]
    [InlineData("nmap -6 -PP ::1", "not for IPv6")]
    [InlineData("nmap -6 -f ::1", "not for IPv6")]
    [InlineData("nmap --unprivileged -sS 10.0.0.1", "--unprivileged leaves only")]
    [InlineData("nmap --unprivileged -PU53 10.0.0.1", "--unprivileged does not go with -PU")]
    [InlineData("nmap -sU --defeat-rst-ratelimit 10.0.0.1", "only with a SYN scan")]
    [InlineData("nmap --min-rate 5 --max-rate 2 10.0.0.1", "--min-rate is over")]
    [InlineData("nmap -T0 --min-parallelism 2 10.0.0.1", "one at a time")]
    [InlineData("nmap --max-rtt-timeout 100 10.0.0.1", "has no unit")]
    [InlineData("nmap --mtu 9 10.0.0.1", "no multiple of 8")]
    [InlineData("nmap -sU -PE -f 10.0.0.1", "fragments go only")]
    [InlineData("nmap --data ab --data-length 5 10.0.0.1", "--data-length stands twice")]
    [InlineData("nmap --data xyz 10.0.0.1", "no list of bytes")]
    [InlineData("nmap --scanflags SYNX 10.0.0.1", "no set of flags")]
    [InlineData("nmap --scanflags 999 10.0.0.1", "no set of flags")]
    [InlineData("nmap --scanflags 0x10 10.0.0.1", "no set of flags")]
    [InlineData("nmap --ip-options \\x01 10.0.0.1", "is 1 bytes")]
    [InlineData("nmap --top-ports 1e1 10.0.0.1", "no number from 1")]
    [InlineData("nmap --top-ports 0x10 10.0.0.1", "no number from 1")]
    [InlineData("nmap --top-ports 10x 10.0.0.1", "no number from 1")]
    [InlineData("nmap --port-ratio abc 10.0.0.1", "no number over 0")]
    [InlineData("nmap --port-ratio 0 10.0.0.1", "no number over 0")]
    // scripts
    [InlineData("nmap --script nosuch 10.0.0.1", "no script or category")]
    [InlineData("nmap --script-args newtargets 10.0.0.1", "adds targets")]
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
            Plan(line).Argv.ShouldBe(["nmap", "-n", "-sL", "--timing=3", "10.0.0.1"]);
    }

    [Fact]
    public void Plan_unique_prefix_with_one_dash_is_the_long_option() => Plan("nmap -ho 5 -p 1 10.0.0.1").Argv.ShouldContain("--host-timeout=5000ms");

    [Fact]
    public void Plan_double_dash_what_follows_is_a_target() => Read("nmap -sn -- -sS").Refusal.Code.ShouldBe(ErrorCode.InvalidTarget);

    [Fact]
    public void Plan_default_scan_is_made_explicit()
    {
        var plan = Plan("nmap 10.0.0.5");
        plan.Argv.ShouldBe(["nmap", "-n", "-sS", "-p", "T:22,80,89-90,99", "--timing=3", "10.0.0.5"]);
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
    public void Plan_tied_frequencies_are_taken_in_the_order_of_the_file() => Plan("nmap --top-ports 3 10.0.0.5").Tcp.ToString().ShouldBe("22,80,90");

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
    [InlineData("-p [80", "80", "")]
    [InlineData("-p [1-100]", "22,80,89-90,99", "")]
    [InlineData("-p h*,ssh", "22,80", "")]
    [InlineData("-p hTTP", "80", "")]
    [InlineData("-p ?omain -sU", "", "53")]
    [InlineData("-sSU -p [U:1-200],1-2", "1-2", "1-2,53,123")]
    [InlineData("-p- --top-ports 2", "22,80", "")]
    [InlineData("-p 22,89,99 --top-ports 2", "22,89", "")]
    [InlineData("--top-ports 2 --exclude-ports 80", "22,90", "")]
    [InlineData("--port-ratio 0.2", "22,80", "")]
    [InlineData("--exclude-ports 22 -p 20-23", "20-21,23", "")]
    [InlineData("-F --top-ports 1", "80", "")]
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
    [InlineData("-p t:22", "no protocol 't:'")]
    [InlineData("-p S:22", "no port would be scanned")]
    [InlineData("-p nosuch", "no port is named 'nosuch'")]
    [InlineData("-p HTTP", "names begin with a small letter")]
    [InlineData("-p 80,[", "a number is missing")]
    [InlineData("-p [1,[2]]", "brackets stand in brackets")]
    [InlineData("-p 22]", "closed that was not opened")]
    [InlineData("-p []", "there is no port")]
    [InlineData("-p [1-9]", "there is no port")]
    [InlineData("-p 22 --exclude-ports 22", "no port would be scanned")]
    [InlineData("--exclude-ports U:1 -p T:", "there is no port")]
    [InlineData("-PS443 --exclude-ports 443 -p 1", "every port of host discovery is excluded")]
    [InlineData("-sO -p 256", "a protocol is at most 255")]
    [InlineData("-sO -p tcp", "no number of a protocol")]
    [InlineData("-sO -F", "the protocols that have a name")]
    [InlineData("-p T:", "there is no port")]
    [InlineData("-p 1-2-3", "does not belong")]
    [InlineData("-PST:22", "a prefix has no place")]
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
        plan.DiscoveryPorts.ToString().ShouldBe("1-79,81-442,444-1000");
        plan.Scope.Udp.ToString().ShouldBe("40125");
        plan.Scope.Icmp.ShouldBeFalse();
    }

    private static readonly string[] SomeOptions =
    [
        "-sT", "-sU", "-sS", "-sA", "-sW", "-sM", "-sN", "-sF", "-sX", "-sY", "-sZ", "-sO", "-sI 10.9.9.9", "-sI 10.9.9.9:443", "-b 10.9.9.9", "-sV", "-O", "--traceroute",
        "-p 22,80", "-p ssh,h*", "-p [1-100]", "-F", "--top-ports 2", "-p-", "--port-ratio 0.3", "--exclude-ports 80", "-r", "-T4", "-T0", "-v", "-vv", "-v3", "-d", "-d3", "-d0",
        "--open", "--reason", "-Pn", "-PS", "-PA22", "-PU53", "-PY9", "-PO", "-PO1,6", "-PE", "-PP", "-PM", "-PI", "-PT443", "-P0", "-PR", "-sC", "--script=safe",
        "--version-all", "--allports", "--version-trace", "--packet-trace", "--max-retries 2", "--host-timeout 30m", "--max-rate 1.50", "--min-rate 1", "--scan-delay 1.5s",
        "--max-scan-delay 0", "--min-rtt-timeout 5ms", "--max-rtt-timeout 3", "--initial-rtt-timeout 1s", "--min-parallelism 3", "-M 9", "--min-hostgroup 4", "--max-hostgroup 9",
        "--defeat-rst-ratelimit", "--defeat-icmp-ratelimit", "--nogcc", "--nsock-engine poll", "-n", "-R", "--system-dns", "--dns-servers 10.9.9.1,10.9.9.2", "--resolve-all", "--unique",
        "--rH", "-sn", "-sL", "-A", "--exclude=10.20.0.3", "--noninteractive", "--timing=paranoid", "-S 10.1.1.1", "-D ME,RND:3,10.1.1.2", "-e eth0", "-g 53", "--spoof-mac 0",
        "--proxies http://10.9.9.3:80,socks4://10.9.9.4", "-f", "--ff", "--mtu 24", "--badsum", "--adler32", "--ttl 5", "--scanflags SYNFIN", "--scanflags 9", "--ip-options R",
        "--ip-options \\x01\\x02*3", "--data 0xAB", "--data-string a=b", "--data-length 9", "--send-eth", "--send-ip", "--unprivileged", "--privileged", "--osscan-guess", "--osscan-limit",
        "--max-os-tries 3", "-oN n.txt", "-oX=x.xml", "-oA all", "-oS s", "-m g", "--append-output", "--webxml", "--no-stylesheet", "--stylesheet x.xsl", "--stats-every 500ms",
        "--deprecated-xml-osclass", "--disable-arp-ping", "--discovery-ignore-rst", "--servicedb db", "--versiondb probes", "--excludefile not", "-iL list", "-iL -", "-iL many", "--exclude web2",
    ];

    private static readonly Dictionary<string, ReadOnlyMemory<byte>> SomeFiles = new()
    {
        ["db"] = Encoding.ASCII.GetBytes("a 1/tcp 0.5\nb 2/tcp 0.1\nc 1/udp 0.3\n"),
        ["probes"] = "Probe TCP NULL q||\n"u8.ToArray(),
        ["-"] = "10.20.0.3 web1"u8.ToArray(),
        ["not"] = "10.20.0.1 # web1\n"u8.ToArray(),
        ["list"] = "10.20.0.0/28\n#10.1.1.1\r\nweb1\t10.20.3.4#5"u8.ToArray(),
        ["many"] = Encoding.ASCII.GetBytes(string.Join('\n', Enumerable.Range(0, 200).Select(number => $"10.20.{number}.7"))),
    };

    [Fact]
    public void Plan_canonical_argv_gives_the_same_plan()
    {
        var names = new Dictionary<string, IReadOnlyList<Address>>
        {
            ["web1"] = [Address.V4(0x0a140001), Address.V4(0x0a140002)],
            ["web2"] = [Address.V4(0x0a140009)],
        };
        var targets = new[] { "10.20.0.1", "10.20.0.0/28", "10.20.0-1.1,7-9", "10.20.0.*", "10.20.1-3.0/26", "web1", "web2/30", "10.20.0-255.3" };
        var accepted = 0;
        Gen.Select(Gen.OneOf(SomeOptions).Array[0, 4], Gen.OneOf(targets).Array[1, 3]).Sample(pair =>
        {
            string[] command = ["nmap", .. pair.Item1.SelectMany(option => option.Split(' ')), .. pair.Item2];
            var tool = new NmapTool();
            var context = new PlanContext(Inventory) { Inputs = SomeFiles, Names = names };
            var first = tool.Plan(command, context);
            if (!first.IsOk)
                return;
            Interlocked.Increment(ref accepted);
            tool.Needs(command, context).IsOk.ShouldBeTrue();
            var inside = context with { Inputs = first.Value.Files.ToDictionary(file => file.Path, file => file.Content) };
            var again = tool.Plan(first.Value.Argv, inside);
            again.IsOk.ShouldBeTrue(again.IsOk ? "" : $"{string.Join(' ', command)}: {again.Refusal}");
            again.Value.Argv.ShouldBe(first.Value.Argv, string.Join(' ', command));
            again.Value.Targets.ShouldBe(first.Value.Targets);
            again.Value.Scope.ShouldBe(first.Value.Scope);
            again.Value.Techniques.ShouldBe(first.Value.Techniques);
            again.Value.Facets.Select(Text).ShouldBe(first.Value.Facets.Select(Text), string.Join(' ', command));
            again.Value.Files.Select(file => (file.Path, file.Sha256)).ShouldBe(first.Value.Files.Select(file => (file.Path, file.Sha256)));
            again.Value.Names.Select(name => (name.Name, string.Join(',', name.Addresses))).ShouldBe(first.Value.Names.Select(name => (name.Name, string.Join(',', name.Addresses))));
            (again.Value.EstimatedPackets, again.Value.EstimatedDuration).ShouldBe((first.Value.EstimatedPackets, first.Value.EstimatedDuration));
            var paths = first.Value.Argv.Where(word => word.StartsWith('/') || word.Contains("=/", StringComparison.Ordinal)).ToArray();
            paths.ShouldAllBe(path => path.StartsWith("/out/", StringComparison.Ordinal) || path.Contains("/in/", StringComparison.Ordinal));
        }, iter: PropertyScale.Cases(3_000));
        ((long)accepted).ShouldBeGreaterThan(PropertyScale.Cases(3_000) / 10);
    }

    private static string Text(FacetValue value) => value switch
    {
        FacetWords words => $"{words.Facet}: {string.Join(' ', words.Words)}",
        FacetPorts ports => $"{ports.Facet}: {ports.Ports}",
        FacetItems items => $"{items.Facet}: {string.Join(' ', items.Items.Select(item => item.Name))}",
        FacetNumber number => $"{number.Facet}: {number.Number:0.###}",
        _ => "",
    };

    [Fact]
    public void Plan_random_arguments_never_throw() =>
        Gen.OneOf(Gen.OneOf("-", "--", "-s", "-p", "-P", "-T", "--script", "10.0.0.1", "--exclude=", "::/1", "-6", "*.*.*.1", "1.2.3.4/1"),
            Gen.Char[' ', '~'].Array[0, 12].Select(chars => new string(chars)))
        .Array[0, 8].Sample(words => { _ = new NmapTool().Plan(["nmap", .. words], new(Inventory)); }, iter: PropertyScale.Cases(20_000));

    [Fact]
    public void Plan_large_inputs_are_answered()
    {
        var gaps = Read("nmap -sL " + string.Join(' ', Enumerable.Range(0, 60_000).Select(number => $"10.{number / 256}.{number % 256}.1"))).Value;
        gaps.Targets.Count.ShouldBe((UInt128)60_000);
        gaps.Argv.ShouldBe(["nmap", "-n", "-sL", "--timing=3", "-iL", "/in/targets"]);
        gaps.Files.ShouldHaveSingleItem().Path.ShouldBe("/in/targets");
        Read("nmap -sL " + string.Join(' ', Enumerable.Range(0, 60_000).Select(number => $"10.0.{number / 256}.{number % 256}"))).Value.Targets.Count.ShouldBe((UInt128)60_000);
        Read("nmap -sL " + new string('1', 1 << 20)).Refusal.Message.ShouldBe("the command is longer than 1 MB");
        Read("nmap -sL *.*.*.1").Refusal.Message.ShouldContain("too many gaps");
        Read("nmap -sn 10.0.0.0/1").Value.EstimatedPackets.ShouldBeGreaterThan(1L << 30);
        Read("nmap -6 -sn 2001:db8::/32").Value.EstimatedPackets.ShouldBe(long.MaxValue);
    }
}
