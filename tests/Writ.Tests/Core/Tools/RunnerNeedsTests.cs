using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Runners;
using Writ.Tests.Core.Tools.Nmap;

namespace Writ.Tests.Core.Tools;

public sealed class RunnerNeedsTests
{
    private const string Scripts = """
        Entry { filename = "banner.nse", categories = { "discovery", "safe", } }
        Entry { filename = "firewalk.nse", categories = { "discovery", "safe", } }
        Entry { filename = "of-tomorrow.nse", categories = { "safe", } }

        """;

    private static Plan Plan(string line, params string[] protections) =>
        new NmapTool().Plan(line.Split(' '), new(NmapToolTests.Inventory with { Protections = protections })).Value;

    [Theory]
    [InlineData("nmap -n -sT -Pn -p 22 10.20.0.5", "", true)]
    [InlineData("nmap -n -sS -Pn -p 22 10.20.0.5", "", false)]
    [InlineData("nmap -n -sS -Pn -p 22 10.20.0.5", "sandbox", true)]
    [InlineData("nmap -n -sS -Pn -p 22 10.20.0.5", "sandbox fence-v4", true)]
    [InlineData("nmap -n -sS -Pn -p 22 10.20.0.5", "sandbox fence-v6", false)]
    [InlineData("nmap -n -6 -sT -Pn -p 22 2001:db8::5", "fence-v4", false)]
    [InlineData("nmap -n -6 -sT -Pn -p 22 2001:db8::5", "fence-v4 fence-v6", true)]
    public void Lacking_runner_that_cannot_hold_the_plan_is_told_with_the_reason(string line, string protections, bool can) =>
        (RunnerNeeds.Lacking(Plan(line, protections.Split(' ', StringSplitOptions.RemoveEmptyEntries))) is null).ShouldBe(can);

    [Theory]
    [InlineData("-sT -Pn -p 22", false)]
    [InlineData("-sT -Pn -p 22 -sV", false)]
    [InlineData("-sT -Pn -p 22 --script banner", false)]
    [InlineData("-sL", false)]
    [InlineData("-sT -p 22 --unprivileged", false)]
    [InlineData("-sT -p 22", true)]
    [InlineData("-sn", true)]
    [InlineData("-sS -Pn -p 22", true)]
    [InlineData("-sU -Pn -p 53", true)]
    [InlineData("-sT -Pn -p 22 -O", true)]
    [InlineData("-sT -Pn -p 22 --traceroute", true)]
    [InlineData("-sT -Pn -p 22 --script firewalk", true)]
    [InlineData("-sT -Pn -p 22 --script of-tomorrow", true)]
    [InlineData("-sT -Pn -p 22 -S 10.20.0.9 -e eth0", true)]
    public void Plan_has_raw_sockets_only_where_it_needs_them(string options, bool raw)
    {
        var inventory = NmapToolTests.Inventory with { Files = [NmapToolTests.File("script.db", Scripts)] };
        new NmapTool().Plan($"nmap -n {options} 10.20.0.5".Split(' '), new(inventory)).Value.RawSockets.ShouldBe(raw);
    }

    [Fact]
    public void Digest_of_an_inventory_has_its_protections_and_without_them_is_what_it_was()
    {
        var plain = new Inventory([NmapToolTests.Inventory]);
        var held = new Inventory([NmapToolTests.Inventory with { Protections = ["seccomp", "sandbox"] }]);
        held.Digest().ShouldNotBe(plain.Digest());
        held.Digest().ShouldBe(new Inventory([NmapToolTests.Inventory with { Protections = ["sandbox", "seccomp"] }]).Digest());
        Protections.All.ShouldBeUnique();
    }
}
