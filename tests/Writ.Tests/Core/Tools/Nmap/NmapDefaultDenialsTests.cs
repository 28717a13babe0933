using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;

namespace Writ.Tests.Core.Tools.Nmap;

/// <summary>What spoofs, relays or brings code and data of its own: no <c>any</c> opens it, a rule that names it does.</summary>
public class NmapDefaultDenialsTests
{
    private const string Policy = """
        version: 1
        roles:
          tester: { groups: [testers] }
        zones:
          lab: { addresses: [10.20.0.0/16] }
        rules:
          - id: scan
            roles: [tester]
            zones: [lab]
            tools: { nmap: TOOLS }
            approval: none
        """;

    [Theory]
    [InlineData("-S 10.20.0.9 -e eth0 -p1 10.20.0.5", "features: [spoof-source, interface]")]
    [InlineData("-D 10.20.0.9,ME -p1 10.20.0.5", "features: [decoys]")]
    [InlineData("-sI 10.20.0.9 -Pn -p1 10.20.0.5", "techniques: [any, idle]")]
    [InlineData("-b 10.20.0.9 -Pn -p1 10.20.0.5", "techniques: [any, ftp-bounce]")]
    [InlineData("--proxies http://10.20.0.9:3128 -sT -p1 10.20.0.5", "features: [proxies]")]
    [InlineData("--spoof-mac 0 -p1 10.20.0.5", "features: [spoof-mac]")]
    [InlineData("-e eth0 -p1 10.20.0.5", "features: [interface]")]
    [InlineData("--servicedb f 10.20.0.5", "features: [service-db]")]
    [InlineData("--versiondb f -sV -p1 10.20.0.5", "features: [version-db]")]
    [InlineData("--script-args-file f --script banner -p1 10.20.0.5", "features: [any, script-args-file, unreviewed-script-args]")]
    [InlineData("--dns-servers 10.20.0.9 -p1 10.20.0.5", "features: [dns-servers]")]
    [InlineData("--ip-options R -p1 10.20.0.5", "features: [ip-options]")]
    [InlineData("--send-eth -p1 10.20.0.5", "features: [send-eth]")]
    [InlineData("--script ./f.nse -p1 10.20.0.5", "scripts: [any, script-file]")]
    public void Any_opens_none_of_them_and_their_name_does(string options, string named)
    {
        var context = new PlanContext(NmapToolTests.Inventory)
        {
            Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["f"] = "http\t80/tcp\t0.5\n"u8.ToArray(), ["./f.nse"] = "-- own"u8.ToArray() },
        };
        if (options.Contains("--script-args-file", StringComparison.Ordinal))
            context = context with { Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["f"] = "a=1"u8.ToArray() } };
        var plan = new NmapTool().Plan(["nmap", .. options.Split(' ')], context);
        plan.IsOk.ShouldBeTrue(plan.IsOk ? "" : plan.Refusal.Message);

        Answer("any", plan.Value).Verdict.ShouldBe(Verdict.Deny);
        const string Everything = "{ techniques: any, features: any, scripts: any, ports: any, max-timing: 5, max-hosts: 10, max-rate: any, max-parallelism: any }";
        Answer(Everything, plan.Value).Verdict.ShouldBe(Verdict.Deny);
        var facet = named.Split(':')[0];
        var found = Answer(Everything.Replace($"{facet}: any", named, StringComparison.Ordinal), plan.Value);
        found.Verdict.ShouldBe(Verdict.Allow, string.Join("; ", found.Reasons));
    }

    private static Evaluation Answer(string tools, Plan plan)
    {
        var parsed = PolicyDocument.Parse(Policy.Replace("TOOLS", tools, StringComparison.Ordinal), "policy.yaml");
        parsed.Problems.ShouldBeEmpty();
        return Evaluator.Evaluate(parsed.Policy!, new("pen", false, ["testers"]), plan, new(null, null, null, null), DateTimeOffset.UnixEpoch);
    }
}
