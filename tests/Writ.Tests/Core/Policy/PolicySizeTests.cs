using System.Diagnostics;
using System.Globalization;
using System.Text;
using Writ.Core.Policy;
using Writ.Core.Tools;

namespace Writ.Tests.Core.Policy;

/// <summary>An answer costs what can apply to it, whatever else the policy holds: counted in rules, denials and ranges that were looked at.</summary>
public class PolicySizeTests
{
    private const string Head = "version: 1\nroles:\n  dev: { groups: [eng] }\n  sec: { groups: [secops] }\n";
    private const string Mine = "  - { id: mine, roles: [dev], zones: [staging], tools: { nmap: any }, approval: none }\n";

    private static readonly Subject Dana = new("dana", false, ["eng"]);
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private static Evaluation Ask(string policy, string targets = "10.20.0.1")
    {
        var parse = PolicyDocument.Parse(policy, "p");
        parse.Problems.ShouldBeEmpty();
        return Evaluator.Evaluate(parse.Policy!, Dana, Plans.Of(targets, "syn").Ports("22,443").Items("scripts", new FacetItem("banner", ["safe", "discovery"])), new(null, null, "why", null), Monday);
    }

    private static string Lines(int count, Func<int, string> line) =>
        Enumerable.Range(0, count).Aggregate(new StringBuilder(), (text, at) => text.Append(line(at))).ToString();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("rules of other roles", 100_000)]
    [InlineData("rules of other zones", 20_000)]
    [InlineData("rules of very many roles and zones each", 20_000)]
    [InlineData("ranges of one zone", 100_000)]
    [InlineData("zones", 20_000)]
    [InlineData("denials of other labels", 20_000)]
    [InlineData("denials of other ports", 20_000)]
    [InlineData("denials of other zones and roles", 20_000)]
    public void Evaluate_does_not_look_at_what_cannot_apply(string what, int count)
    {
        var (few, many) = (Ask(Of(what, 20)), Ask(Of(what, count)));
        (few.Verdict, many.Verdict).ShouldBe((Verdict.Allow, Verdict.Allow));
        // A tree of n ranges is log n deep, and one more way down is taken for what may lie left of the asked address.
        many.Looked.ShouldBeLessThanOrEqualTo(few.Looked + 2 * (int)Math.Log2(count), what);
    }

    private static string Of(string what, int count)
    {
        const string Zones = "zones:\n  staging: { addresses: [10.20.0.0/16] }\n  prod: { addresses: [10.40.0.0/16] }\n";
        return what switch
        {
            "rules of other roles" => Head + Zones + "rules:\n" + Lines(count, at => Text($"  - {{ id: r{at}, roles: [sec], zones: [staging], tools: {{ nmap: any }}, approval: none }}\n")) + Mine,
            "rules of other zones" => Head + Zones + "rules:\n" + Lines(count, at => Text($"  - {{ id: r{at}, roles: [dev], zones: [prod], tools: {{ nmap: any }}, approval: none }}\n")) + Mine,
            "rules of very many roles and zones each" => Head + Lines(count, at => Text($"  r{at}: {{ groups: [g{at}] }}\n")) + Zones + Lines(count, at => Text($"  z{at}: {{ addresses: [\"2001:db8:{at:x}::/48\"] }}\n"))
                + $"rules:\n  - {{ id: wide, roles: [{Lines(count, at => Text($"r{at},"))} sec], zones: [{Lines(count, at => Text($"z{at},"))} staging], tools: {{ nmap: any }}, approval: none }}\n" + Mine,
            "ranges of one zone" => Head + $"zones:\n  staging: {{ addresses: [{Lines(count, at => Text($"10.{30 + at / 16384}.{at / 64 % 256}.{at % 64 * 4}/31,"))} 10.20.0.0/16] }}\nrules:\n" + Mine,
            "zones" => Head + Zones + Lines(count, at => Text($"  z{at}: {{ addresses: [10.{50 + at / 16384}.{at / 64 % 256}.{at % 64 * 4}/30] }}\n")) + "rules:\n" + Mine,
            "denials of other labels" => Head + Zones + "rules:\n" + Mine + "denials:\n" + Lines(count, at => Text($"  - {{ id: d{at}, zones: any, tools: {{ nmap: {{ scripts: [other-{at}] }} }} }}\n")),
            "denials of other ports" => Head + Zones + "rules:\n" + Mine + "denials:\n" + Lines(count, at => Text($"  - {{ id: d{at}, zones: [staging], tools: {{ nmap: {{ ports: \"{1024 + at % 60000}\" }} }} }}\n")),
            "denials of other zones and roles" => Head + Zones + "rules:\n" + Mine + "denials:\n" + Lines(count, at => Text($"  - {{ id: d{at}, {(at % 2 == 0 ? "roles: [sec], zones: any" : "zones: [prod]")}, tools: any }}\n")),
            _ => throw new ArgumentException(what),
        };
    }

    [Fact]
    public void Parse_and_evaluate_a_hundred_thousand_of_each_in_bounded_time()
    {
        const int Count = 100_000;
        var text = Head + $"zones:\n  staging: {{ addresses: [{Lines(Count, at => Text($"10.{30 + at / 16384}.{at / 64 % 256}.{at % 64 * 4}/31,"))} 10.20.0.0/16] }}\n"
            + Lines(Count, at => Text($"  z{at}: {{ addresses: [172.{16 + at / 16384}.{at / 64 % 256}.{at % 64 * 4}/30] }}\n"))
            + "rules:\n" + Lines(Count, at => Text($"  - {{ id: r{at}, roles: [sec], zones: [z{at}], tools: {{ nmap: {{ techniques: [ping, syn], ports: \"22,80\", max-hosts: 9 }} }}, approval: {{ from: [sec] }} }}\n")) + Mine
            + "denials:\n" + Lines(Count, at => Text($"  - {{ id: d{at}, zones: [z{at}], tools: {{ nmap: {{ scripts: [dos] }} }} }}\n"));
        var watch = Stopwatch.StartNew();
        var policy = PolicyDocument.Parse(text, "p").Policy.ShouldNotBeNull();
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(120), Text($"{text.Length >> 20} MB"));
        Evaluator.Evaluate(policy, Dana, Plans.Of("10.20.0.1", "syn"), new(null, null, "why", null), Monday).Looked.ShouldBeLessThan(60);
        PolicyWarnings.Of(policy, null).Count.ShouldBeLessThanOrEqualTo(100);
    }
}
