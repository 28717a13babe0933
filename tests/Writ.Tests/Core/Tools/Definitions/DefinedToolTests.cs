using CsCheck;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Addresses;
using Writ.Proof.Runners;

namespace Writ.Tests.Core.Tools.Definitions;

public class DefinedToolTests
{
    private const string Definition = """
        version: 1
        tool: probe
        summary: a tool with every kind of argument
        facets:
          features: { kind: words, noun: feature, known: [deep] }
          names: { kind: labelled, noun: name }
        bundled: true
        end: "--"
        always: [-q]
        options:
          "-a": {}
          "-b": { says: { features: deep } }
          "-6": { family: 6 }
          "-n": { value: number, least: 0.5, most: 9, decimals: true }
          "-k": { value: number, least: 1, most: 3, at-most: 2 }
          "--port": { also: [-p], value: port, default: "80" }
          "--ports": { value: ports }
          "--level": { value: choice, of: [low, high], form: equals }
          "--name": { value: text, pattern: "[a-z.]+", facet: names }
          "--in": { value: input, holds: words }
          "--out": { value: output, holds: report }
          "--url": { value: url, schemes: [http, https] }
          "--at": { value: host-port, port: 25 }
          "--nets": { value: hosts }
          "--raw": { excludes: [-a], requires: [-b] }
        positionals:
          host: { value: host, at-most: 3 }
        network:
          - { purpose: probes, tcp: ["--port", "--ports", "--url", "--at"], unless: [--raw] }
          - { purpose: echo, icmp: true, when: [--raw] }
        raw-sockets: [--raw]
        estimate: { packets: 3, seconds: 2, times: "-k" }
        examples:
          - { command: probe 10.20.0.5 }
          - { command: probe, refused: names no target }

        """;

    private static readonly DefinedTool Tool = new(ToolDefinition.Read(Definition, "probe.yaml").Definition!);

    [Theory]
    [InlineData("probe 10.20.0.5", "probe -q -- 10.20.0.5")]
    [InlineData("probe 10.20.0.5 -ba", "probe -q -a -b -- 10.20.0.5")]
    [InlineData("probe -q 10.20.0.5", null)]
    [InlineData("probe -p81 10.20.0.5", "probe -q --port 81 -- 10.20.0.5")]
    [InlineData("probe -p 81 10.20.0.5", "probe -q --port 81 -- 10.20.0.5")]
    [InlineData("probe --port=81 10.20.0.5", "probe -q --port 81 -- 10.20.0.5")]
    [InlineData("probe --por 81 10.20.0.5", null)]
    [InlineData("probe -ap 81 10.20.0.5", null)]
    [InlineData("probe --level high 10.20.0.5", null)]
    [InlineData("probe --level=HIGH 10.20.0.5", "probe -q --level=high -- 10.20.0.5")]
    [InlineData("probe -a=1 10.20.0.5", null)]
    [InlineData("probe -a -a 10.20.0.5", null)]
    [InlineData("probe -k 1 -k 3 10.20.0.5", "probe -q -k 1 -k 3 -- 10.20.0.5")]
    [InlineData("probe -k 1 -k 2 -k 3 10.20.0.5", null)]
    [InlineData("probe -k 4 10.20.0.5", null)]
    [InlineData("probe -n 0.50 10.20.0.5", "probe -q -n 0.50 -- 10.20.0.5")]
    [InlineData("probe -n .5 10.20.0.5", null)]
    [InlineData("probe -n -1 10.20.0.5", null)]
    [InlineData("probe -n 1e0 10.20.0.5", null)]
    [InlineData("probe --name -x 10.20.0.5", null)]
    [InlineData("probe --name a;b 10.20.0.5", null)]
    [InlineData("probe --raw 10.20.0.5", null)]
    [InlineData("probe --raw -b 10.20.0.5", "probe -q -b --raw -- 10.20.0.5")]
    [InlineData("probe --raw -ab 10.20.0.5", null)]
    [InlineData("probe -- 10.20.0.5", "probe -q -- 10.20.0.5")]
    [InlineData("probe -- -a 10.20.0.5", null)]
    [InlineData("probe - 10.20.0.5", null)]
    [InlineData("probe 10.20.0.5 --port", null)]
    [InlineData("probe 010.020.0.5", null)]
    [InlineData("probe 10.20.1", null)]
    [InlineData("probe 2130706433", null)]
    [InlineData("probe 0x7f000001", null)]
    [InlineData("probe 2001:DB8:20::05", "probe -q -- 2001:db8:20::5")]
    [InlineData("probe --url http://10.20.0.5", "probe -q --url http://10.20.0.5/")]
    [InlineData("probe --url HTTPS://10.20.0.5:8443/a?b=c", "probe -q --url https://10.20.0.5:8443/a?b=c")]
    [InlineData("probe --url http://[2001:db8::5]/x", "probe -q --url http://[2001:db8::5]/x")]
    [InlineData("probe --url http://10.20.0.5@192.0.2.1/", null)]
    [InlineData("probe --url http://10.20.0.5#@192.0.2.1/", null)]
    [InlineData("probe --url http://10.20.0.5\\@192.0.2.1/", null)]
    [InlineData("probe --url http://10.20.0.[1-9]/", null)]
    [InlineData("probe --url http://10.20.0.5/{a,b}", null)]
    [InlineData("probe --url http://10.20.0.5:99999/", null)]
    [InlineData("probe --url file:///etc/passwd", null)]
    [InlineData("probe --url //10.20.0.5/", null)]
    [InlineData("probe --url http://%31%30.20.0.5/", null)]
    [InlineData("probe --url http://2130706433/", null)]
    [InlineData("probe --url http:///etc/passwd", null)]
    [InlineData("probe --at 10.20.0.5", "probe -q --at 10.20.0.5:25")]
    [InlineData("probe --at [2001:db8::5]:99", "probe -q --at [2001:db8::5]:99")]
    [InlineData("probe --at 2001:db8::5:99", null)]
    [InlineData("probe --nets 10.20.0.0/30,10.20.0.9", "probe -q --nets 10.20.0.0/30,10.20.0.9")]
    [InlineData("probe --nets 10.20.0.0/30,web1", null)]
    [InlineData("probe --nets ::/0", null)]
    [InlineData("probe --in words.txt --out=/home/dana/report 10.20.0.5", "probe -q --in /in/1-in --out /out/2-out -- 10.20.0.5")]
    [InlineData("probe --in - 10.20.0.5", "probe -q --in /in/1-in -- 10.20.0.5")]
    [InlineData("probe --in -x 10.20.0.5", null)]
    [InlineData("probe --out - 10.20.0.5", null)]
    [InlineData("probe --out /tmp/ 10.20.0.5", null)]
    public void Argv_is_read_as_the_definition_says(string typed, string? canonical)
    {
        var plan = Plan(typed.Split(' '));
        (plan.IsOk ? string.Join(' ', plan.Value.Argv) : null).ShouldBe(canonical, plan.IsOk ? "" : plan.Refusal.Message);
    }

    [Theory]
    [InlineData("probe -a 10.20.0.5 -1 --port", "probe -q -a 10.20.0.5 -1 --port")]
    [InlineData("probe 10.20.0.5 -a", "probe -q 10.20.0.5 -a")]
    [InlineData("probe -1 10.20.0.5", null)]
    [InlineData("probe --name -x 10.20.0.5", null)]
    public void Behind_the_first_positional_are_no_options_where_the_program_reads_none(string typed, string? canonical)
    {
        var text = Definition.Replace("end: \"--\"", "options-first: true", StringComparison.Ordinal)
            .Replace("host: { value: host, at-most: 3 }", "host: { value: host }\n  rest: { value: text, pattern: \".*\", at-most: 9 }", StringComparison.Ordinal);
        var plan = new DefinedTool(ToolDefinition.Read(text, "probe.yaml").Definition!).Plan(typed.Split(' '), Context([]));
        (plan.IsOk ? string.Join(' ', plan.Value.Argv) : null).ShouldBe(canonical);
    }

    [Fact]
    public void Reach_is_what_the_arguments_say()
    {
        var plan = Plan("probe", "--url", "https://10.20.0.6/", "--at", "10.20.0.7:2525", "--ports", "1-3", "-k", "2", "10.20.0.5").Value;
        plan.Targets.ToString().ShouldBe("10.20.0.5-10.20.0.7");
        plan.Scope.Tcp.ToString().ShouldBe("1-3,80,443,2525");
        plan.Scope.Icmp.ShouldBeFalse();
        plan.RawSockets.ShouldBeFalse();
        plan.Techniques.ShouldBe(["probes"]);
        plan.EstimatedPackets.ShouldBe(3 * 2 * 3);
        plan.EstimatedDuration.ShouldBe(TimeSpan.FromSeconds(12));
        var raw = Plan("probe", "--raw", "-b", "--name", "a.b", "10.20.0.5").Value;
        (raw.RawSockets, raw.Scope.Icmp, raw.Scope.Tcp.IsEmpty).ShouldBe((true, true, true));
        raw.Facets.OfType<FacetWords>().Single(facet => facet.Facet == "features").Words.ShouldBe(["deep"]);
        raw.Facets.OfType<FacetItems>().Single(facet => facet.Facet == "names").Items.Select(item => item.Name).ShouldBe(["a.b"]);
        raw.Facets.OfType<FacetPorts>().Single().Ports.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void Files_and_names_are_asked_for_and_pinned()
    {
        string[] command = ["probe", "--in", "words.txt", "--out", "report", "web1.example", "WEB2.example"];
        var needs = Tool.Needs(command, Context([])).Value;
        (string.Join(' ', needs.Inputs), string.Join(' ', needs.Outputs), string.Join(' ', needs.Names), needs.V6).ShouldBe(("words.txt", "report", "web1.example WEB2.example", false));
        Tool.Needs(["probe", "-6", "web1.example"], Context([])).Value.V6.ShouldBeTrue();
        var known = new Dictionary<string, IReadOnlyList<Address>> { ["web1.example"] = [A("2001:db8::1"), A("10.20.0.5"), A("10.20.0.6")], ["WEB2.example"] = [A("10.20.0.9")] };
        Tool.Plan(command, Context(known)).Refusal.Message.ShouldContain("was not sent along");
        var plan = Tool.Plan(command, Context(known) with { Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["words.txt"] = "hello"u8.ToArray() } }).Value;
        plan.Targets.ToString().ShouldBe("10.20.0.5, 10.20.0.9");
        plan.Names.Select(name => $"{name.Name}={name.Addresses.Single()}").ShouldBe(["web1.example=10.20.0.5", "WEB2.example=10.20.0.9"]);
        plan.Inputs.ShouldHaveSingleItem().ShouldBe(new PlannedInput("words.txt", "words", 5, plan.Files[0].Sha256));
        plan.Files.ShouldHaveSingleItem().Path.ShouldBe("/in/1-in");
        plan.Outputs.ShouldHaveSingleItem().ShouldBe(new PlannedOutput("report", "/out/2-out", "report"));
        Tool.Plan(["probe", "-6", "web2.example"], Context(known)).Refusal.Message.ShouldContain("has no IPv6 address");
        Tool.Plan(["probe", "-6", "web1.example"], Context(known)).Value.Targets.ToString().ShouldBe("2001:db8::1");
    }

    [Fact]
    public void Program_of_another_name_is_not_the_tool()
    {
        var inventory = new ToolInventory("probe", "/bin/bash", "5.2", "", []);
        Tool.Plan(["probe", "10.20.0.5"], new PlanContext(inventory)).Refusal.Message.ShouldBe("the runner has /bin/bash for probe, and the definition is of a program named probe");
        Tool.Plan(["probe", "10.20.0.5"], new PlanContext(inventory with { Path = "/opt/probe-2/bin/probe" })).IsOk.ShouldBeTrue();
    }

    [Fact]
    public void Whatever_is_typed_is_refused_or_means_the_same_when_it_is_typed_as_executed()
    {
        string[] words = ["-a", "-b", "-ab", "-6", "-n", "-k", "-k2", "--port", "--port=81", "-p", "--ports", "--level=low", "--name", "--in", "--out", "--url", "--at", "--nets", "--raw", "--", "-", "", "=", "-=",
            "10.20.0.5", "web1.example", "2001:db8::1", "80", "1-3", "a.b", "http://10.20.0.5/x", "10.20.0.5:25", "10.20.0.0/30", "\u202e", "--level", "-z", "@x", "+x"];
        var (accepted, known) = (0, new Dictionary<string, IReadOnlyList<Address>> { ["web1.example"] = [A("10.20.0.7"), A("2001:db8::7")] });
        Gen.Int[0, words.Length - 1].Select(at => words[at]).Array[0, 4].Select(Gen.Bool, (some, more) => more ? [.. some, "10.20.0.5"] : some).Sample(typed =>
        {
            var plan = Tool.Plan(["probe", .. typed], WithFiles(typed, known));
            if (!plan.IsOk)
                return;
            Interlocked.Increment(ref accepted);
            string[] executed = [.. plan.Value.Argv.Skip(1).Where(word => word != "-q")];
            var again = Tool.Plan(["probe", .. executed], WithFiles(executed, known)).Value;
            again.Argv.ShouldBe(plan.Value.Argv);
            again.Scope.ShouldBe(plan.Value.Scope);
        }, iter: PropertyScale.Cases(5_000));
        accepted.ShouldBeGreaterThan(20);

        static PlanContext WithFiles(string[] typed, Dictionary<string, IReadOnlyList<Address>> known) =>
            Context(known) with { Inputs = typed.Distinct().ToDictionary(word => word, _ => ReadOnlyMemory<byte>.Empty) };
    }

    private static Writ.Proof.Errors.Result<Plan> Plan(params string[] command) =>
        Tool.Plan(command, Context([]) with { Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["words.txt"] = ReadOnlyMemory<byte>.Empty, ["-"] = ReadOnlyMemory<byte>.Empty } });

    private static PlanContext Context(Dictionary<string, IReadOnlyList<Address>> names) => new(new ToolInventory("probe", "", "", "", [])) { Names = names };

    private static Address A(string text) => Address.TryParse(text, out var address) ? address : throw new ArgumentException(text);
}
