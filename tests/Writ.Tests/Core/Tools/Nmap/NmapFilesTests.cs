using System.Text;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Tests.Core.Tools.Nmap;

/// <summary>Lists, names, exclusions and outputs.</summary>
public class NmapFilesTests
{
    private static readonly Dictionary<string, IReadOnlyList<Address>> Names = new()
    {
        ["web1"] = [At("10.20.0.5"), At("2001:db8::5")],
        ["web2"] = [At("10.20.0.6"), At("10.20.0.7")],
        ["gone"] = [],
    };

    private static Address At(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);

    private static PlanContext Context(string? list = null) => new(NmapToolTests.Inventory)
    {
        Names = Names,
        Inputs = list is null ? new Dictionary<string, ReadOnlyMemory<byte>>() : new Dictionary<string, ReadOnlyMemory<byte>> { ["hosts.txt"] = Encoding.Latin1.GetBytes(list) },
    };

    private static Result<Plan> Read(string line, string? list = null) => new NmapTool().Plan(line.Split(' '), Context(list));

    [Theory]
    [InlineData("10.0.0.1\r\n10.0.0.2\n", "10.0.0.1-10.0.0.2")]
    [InlineData("10.0.0.1 10.0.0.3\t10.0.0.5", "10.0.0.1, 10.0.0.3, 10.0.0.5")]
    [InlineData("10.0.0.1#10.0.0.2\n#10.0.0.3\n10.0.0.4", "10.0.0.1, 10.0.0.4")]
    // a CR does not end a comment
    [InlineData("10.0.0.1 # old\r10.0.0.2\n10.0.0.3", "10.0.0.1, 10.0.0.3")]
    [InlineData("10.0.0-1.7/31", "10.0.0.6/31, 10.0.1.6/31")]
    public void List_is_taken_apart_as_nmap_does(string list, string targets)
    {
        var plan = Read("nmap -sn -iL hosts.txt", list).Value;
        plan.Targets.ToString().ShouldBe(targets);
        plan.Inputs.ShouldHaveSingleItem().Purpose.ShouldBe("targets");
        plan.Argv.ShouldNotContain("hosts.txt");
    }

    [Theory]
    [InlineData("\u00ef\u00bb\u00bf10.0.0.1", "hosts.txt, line 1: the file begins with a byte order mark")]
    [InlineData("10.0.0.1\n10.0.0.2\0", "hosts.txt, line 2: there is a byte 0x00")]
    [InlineData("10.0.0.1\v10.0.0.2", "there is a byte 0x0b")]
    [InlineData("10.0.0.1\f10.0.0.2", "there is a byte 0x0c")]
    [InlineData("10.0.0.1\u00e2\u0080\u008f", "there is a byte 0xe2")]
    [InlineData("10.0.0.1\n\n10.1", "the target on line 3 of 'hosts.txt' has not four octets")]
    [InlineData("10.0.0.010", "the target on line 1 of 'hosts.txt' has an octet with a leading zero")]
    [InlineData("# nothing", "hosts.txt holds no target")]
    [InlineData("gone", "the target on line 1 of 'hosts.txt' has no IPv4 address")]
    public void List_with_a_surprise_is_refused_with_its_line(string list, string message)
    {
        var refusal = Read("nmap -sn -iL hosts.txt", list).Refusal;
        refusal.Code.ShouldBe(ErrorCode.InvalidTarget);
        refusal.Message.ShouldContain(message);
    }

    [Fact]
    public void List_beside_targets_of_the_command_replaces_them_and_says_so()
    {
        var plan = Read("nmap -sn -iL hosts.txt 10.0.0.9 web1", "10.0.0.1").Value;
        plan.Targets.ToTexts().ShouldBe(["10.0.0.1"]);
        PlanWarnings.Of(plan, null, Budget.Unlimited).ShouldBe(["nmap takes its targets from 'hosts.txt' alone: '10.0.0.9 web1' of the command line counts only if it stands there too"]);
        Read("nmap -sn -iL hosts.txt", "10.0.0.1").Value.Remarks.ShouldBeEmpty();
    }

    [Fact]
    public void List_that_was_not_sent_is_refused() => Read("nmap -iL /etc/shadow").Refusal.Message.ShouldBe("the file '/etc/shadow' was not sent along");

    [Fact]
    public void Needs_names_inputs_outputs_and_the_names_inside_known_lists()
    {
        string[] command = "nmap -iL hosts.txt --excludefile not.txt --exclude web2 -oA all -oS s -6".Split(' ');
        var tool = new NmapTool();
        var before = tool.Needs(command, Context()).Value;
        before.Inputs.ShouldBe(["hosts.txt", "not.txt"]);
        before.Outputs.ShouldBe(["all", "s"]);
        before.Names.ShouldBe(["web2"]);
        before.V6.ShouldBeTrue();
        tool.Needs(command, Context("web1 2001:db8::1 web1/120")).Value.Names.ShouldBe(["web1", "web2"]);
    }

    [Theory]
    [InlineData("web1", "10.20.0.5", "web1")]
    [InlineData("web2", "10.20.0.6", "web2")]
    [InlineData("--resolve-all web2", "10.20.0.6/31", "web2")]
    [InlineData("web1/30", "10.20.0.4/30", "web1 10.20.0.4 10.20.0.6/31")]
    [InlineData("-6 web1", "2001:db8::5", "web1")]
    [InlineData("web1 10.20.0.5", "10.20.0.5", "web1")]
    [InlineData("web1 --exclude 10.20.0.5 10.20.0.9", "10.20.0.9", "10.20.0.9")]
    [InlineData("10.20.0.4/30 --exclude web2", "10.20.0.4/31", "10.20.0.4/31")]
    public void Names_are_pinned_and_stay_names(string targets, string addresses, string written)
    {
        var plan = Read($"nmap -sn {targets}").Value;
        plan.Targets.ToString().ShouldBe(addresses);
        plan.Argv.SkipWhile(word => !word.StartsWith("--timing", StringComparison.Ordinal)).Skip(1).ShouldBe(written.Split(' '));
        plan.Names.Select(name => name.Name).ShouldBe(written.Split(' ').Where(word => word.StartsWith('w')));
    }

    [Fact]
    public void Names_that_are_not_resolved_are_left_as_typed()
    {
        var context = Context() with { Names = null };
        var plan = new NmapTool().Plan("nmap -sn nosuch.example/30 10.0.0.1".Split(' '), context).Value;
        plan.Argv.ShouldContain("nosuch.example/30");
        plan.Targets.ToString().ShouldBe("10.0.0.1");
        new NmapTool().Plan("nmap --scan-delay 1.5s nosuch.example".Split(' '), context).Value.EstimatedDuration.ShouldBe(TimeSpan.Zero);
        new NmapTool().Plan("nmap -sn 10.0.0.1 --exclude web1".Split(' '), context).Refusal.Message.ShouldContain("names are not resolved here");
    }

    [Fact]
    public void Names_without_an_address_are_refused_though_nmap_would_scan_the_others() =>
        Read("nmap -sn gone 10.0.0.1").Refusal.Message.ShouldBe("target 'gone' has no IPv4 address");

    [Fact]
    public void Outputs_come_from_the_sandbox_and_go_back_to_what_was_typed()
    {
        var plan = Read("nmap -sn -oA /tmp/all -oS=s --append-output 10.0.0.1").Value;
        plan.Outputs.Select(output => (output.Argument, output.Ending, output.Path, output.Append)).ShouldBe(
        [
            ("/tmp/all", ".nmap", "/out/normal", true), ("/tmp/all", ".gnmap", "/out/grepable", true), ("/tmp/all", ".xml", "/out/xml", true), ("s", "", "/out/skiddie", true),
        ]);
        plan.Argv.ShouldBe(["nmap", "-n", "-sn", "--timing=3", "-oG", "/out/grepable", "-oN", "/out/normal", "-oS", "/out/skiddie", "-oX", "/out/xml", "10.0.0.1"]);
    }

    [Theory]
    [InlineData("", "/live/xml", "apart", "--stats-every=1s -oX /live/xml")]
    [InlineData("-v -oN scan.txt", "/live/xml", "apart-verbose", "--stats-every=1s -oX /live/xml")]
    [InlineData("-d", "/live/xml", "apart-verbose", "--stats-every=1s -oX /live/xml")]
    [InlineData("-oX scan.xml", "/out/xml", "apart", "--stats-every=1s")]
    [InlineData("-oA scan --stats-every 5s -v", "/out/xml", "shown", "")]
    public void Live_view_adds_only_what_the_requester_has_not_typed_and_stands_in_what_is_executed(string options, string path, string status, string added)
    {
        var plan = Read($"nmap -sn {options} 10.0.0.1".Replace("  ", " ", StringComparison.Ordinal)).Value;
        plan.Live.ShouldNotBeNull();
        (plan.Live.Format, plan.Live.Path, plan.Live.Status).ShouldBe(("nmap-xml", path, status));
        plan.Live.Arguments.ShouldBe(added.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        plan.Executed.ShouldBe([.. plan.Argv, .. plan.Live.Arguments]);
    }

    [Theory]
    [InlineData("-S 10.9.9.9 -D ME,RND -e eth0 --spoof-mac 0", "decoys interface spoof-mac spoof-source")]
    [InlineData("-f --badsum --ttl 9 --scanflags 2 --data ab -g 53", "badsum data fragment scanflags source-port ttl")]
    [InlineData("--min-rate 9 --min-parallelism 9 --max-retries 11 --max-rtt-timeout 1s --max-scan-delay 5ms", "min-rate parallelism retries rtt-timeout scan-delay")]
    [InlineData("--scan-delay 5s --max-rtt-timeout 30s --max-retries 3 --max-rate 5", "")]
    [InlineData("-T2 --scan-delay 0 --max-parallelism 50", "parallelism scan-delay")]
    [InlineData("-d --packet-trace", "debug packet-trace")]
    public void Features_say_each_risk(string options, string features) =>
        Read($"nmap {options} 10.0.0.1").Value.Facets.OfType<FacetWords>().Single(value => value.Facet == "features").Words.ShouldBe(features.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [Theory]
    [InlineData("-sI 10.9.9.9")]
    [InlineData("-b 10.9.9.9")]
    [InlineData("-sT --proxies http://10.9.9.9")]
    [InlineData("-R --dns-servers 10.9.9.9")]
    [InlineData("--ip-options L10.9.9.9")]
    public void Host_beside_the_targets_is_in_the_scope_and_so_in_the_zones(string options)
    {
        var plan = Read($"nmap {options} 10.0.0.1").Value;
        plan.Targets.ToString().ShouldBe("10.0.0.1");
        plan.Scope.Addresses.ToString().ShouldBe("10.0.0.1, 10.9.9.9");
    }

    [Fact]
    public void Options_are_those_of_the_runners_version()
    {
        static Result<Plan> At(string version) => new NmapTool().Plan(["nmap", "-sn", "--unique", "10.0.0.1"], new(NmapToolTests.Inventory with { Version = version }));
        At("7.91").Refusal.Message.ShouldContain("no option '--unique'");
        At("7.92").IsOk.ShouldBeTrue();
        At("7.94SVN").IsOk.ShouldBeTrue();
        At("7.991").IsOk.ShouldBeTrue();
        At("7.80").Refusal.Message.ShouldContain("version '7.80'");
        At("8.01").IsOk.ShouldBeFalse();
        At("unknown").IsOk.ShouldBeFalse();
    }

    [Fact]
    public void Features_and_techniques_are_all_documented()
    {
        var page = Architecture.Repository.Text("docs/nmap.md");
        foreach (var word in NmapFacets.Techniques.Known.Concat(NmapFacets.Features.Known))
            page.ShouldContain($"`{word}`", Case.Sensitive, word);
    }
}
