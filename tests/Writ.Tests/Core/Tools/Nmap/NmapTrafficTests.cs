using System.Text;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;
using Writ.Proof.Runners;
using Writ.Proof.Statements;

namespace Writ.Tests.Core.Tools.Nmap;

public class NmapTrafficTests
{
    private static readonly ToolInventory Inventory = new("nmap", "/usr/bin/nmap", "7.93", new string('0', 64),
    [
        File("nmap-services", "http 80/tcp 0.5\nssh 22/tcp 0.2\nftp 21/tcp 0.1\ndomain 53/udp 0.4\nntp 123/udp 0.3\n"),
        File("script.db", string.Concat(new[] { ("ftp-anon", "default"), ("http-title", "default"), ("ms-sql-info", "default"), ("nbstat", "default"), ("p2p-conficker", "default"), ("ipv6-node-info", "default"), ("ventrilo-info", "version"), ("brand-new", "safe"), ("http-enum", "vuln"), ("whois-ip", "external") }
            .Select(row => $$"""Entry { filename = "{{row.Item1}}.nse", categories = { "{{row.Item2}}", } }{{"\n"}}"""))),
    ]);

    private static ToolFile File(string name, string text) => new(name, new string('0', 64), Encoding.UTF8.GetBytes(text));

    private static Plan Read(string line)
    {
        var plan = new NmapTool().Plan(["nmap", .. line.Split(' ')], new(Inventory));
        plan.IsOk.ShouldBeTrue(plan.IsOk ? "" : $"{line}: {plan.Refusal}");
        return plan.Value;
    }

    private static string Text(NetworkScope scope)
    {
        var text = ScopeText.Of(scope);
        return string.Join(' ', new[] { ("tcp ", text.Tcp), ("udp ", text.Udp), ("sctp ", text.Sctp), ("", text.Icmp ? "icmp" : ""), ("types ", text.IcmpTypes ?? ""), ("protocols ", text.Protocols ?? "") }
            .Where(part => part.Item2.Length > 0).Select(part => part.Item1 + part.Item2));
    }

    [Theory]
    [InlineData("-sL 10.0.0.1", "", "")]
    [InlineData("-sn 10.0.0.1", "discovery", "tcp 80,443 icmp")]
    [InlineData("-sn -6 2001:db8::1", "discovery", "tcp 80,443 icmp")]
    [InlineData("-sn -PS22 -PA23 -PU53 -PY9 10.0.0.1", "discovery", "tcp 22-23 udp 53 sctp 9")]
    [InlineData("-sn -PM 10.0.0.1", "discovery", "types 17")]
    [InlineData("-sn -PO 10.0.0.1", "discovery", "icmp protocols 2,4")]
    [InlineData("-sn -PO6,17,132,47 10.0.0.1", "discovery", "tcp 80 udp 40125 sctp 80 protocols 47")]
    [InlineData("-sn -PO58,1 -6 2001:db8::1", "discovery", "icmp protocols 1")]
    [InlineData("-Pn -p22 10.0.0.1", "ports", "tcp 22")]
    [InlineData("-Pn -sU -sS -sY -p22 10.0.0.1", "ports", "tcp 22 udp 22 sctp 22")]
    [InlineData("-Pn -sO -p1,2,6 10.0.0.1", "ports", "tcp 80 icmp protocols 2")]
    [InlineData("-Pn -sV -p22 10.0.0.1", "version", "tcp 22 udp 3784")]
    [InlineData("-Pn -O -p22 10.0.0.1", "os", "tcp 22,30000-44780 udp 30000-44780 icmp")]
    [InlineData("-Pn --traceroute -p22 10.0.0.1", "traceroute", "tcp 22 icmp")]
    [InlineData("-sn --traceroute 10.0.0.1", "traceroute", "tcp 80,443 icmp")]
    [InlineData("-Pn --traceroute -sO -p6 10.0.0.1", "traceroute", "tcp 0-65535 icmp")]
    // ms-sql-info asks every host; the others come with their ports, or with version detection
    [InlineData("-Pn -sC -p80 10.0.0.1", "scripts", "tcp 80 udp 1434")]
    [InlineData("-Pn -sC -p21 10.0.0.1", "scripts", "tcp 21,1024-65535 udp 1434")]
    [InlineData("-Pn -sC -p135 10.0.0.1", "scripts", "tcp 135 udp 137,1434")]
    [InlineData("-Pn -sC -p445 10.0.0.1", "scripts", "tcp 1-65535 udp 1-65535")]
    [InlineData("-Pn -sCV -p80 10.0.0.1", "scripts", "tcp 80,1024-65535 udp 1434")]
    [InlineData("-Pn -sC -6 -p80 2001:db8::1", "scripts", "tcp 80 udp 1434 types 139")]
    [InlineData("-Pn --script ftp-anon -p80 10.0.0.1", "scripts", "")]
    [InlineData("-Pn --script +ftp-anon -p80 10.0.0.1", "scripts", "tcp 80,1024-65535")]
    [InlineData("-sn -Pn --script default 10.0.0.1", "scripts", "udp 1434")]
    [InlineData("-Pn --script brand-new -p80 10.0.0.1", "scripts", "tcp 1-65535 udp 1-65535")]
    [InlineData("-sL --dns-servers 10.0.0.53 10.0.0.1", "relays", "tcp 53 udp 53")]
    [InlineData("-Pn -sI 10.0.0.9:81 -p22 10.0.0.1", "relays", "tcp 81")]
    public void Traffic_of_a_purpose_is_what_nmap_sends_for_it(string line, string purpose, string scope)
    {
        var plan = Read(line);
        Text(plan.Traffic.SingleOrDefault(part => part.Purpose == purpose)?.Scope ?? NetworkScope.Nothing).ShouldBe(scope);
        plan.Traffic.ShouldAllBe(part => part.Scope.IsWithin(plan.Scope));
        plan.Scope.ShouldBe(plan.Traffic.Aggregate(NetworkScope.Nothing with { Addresses = plan.Targets }, (all, part) => all.Cover(part.Scope)));
        plan.EstimatedPackets.ShouldBe(plan.Traffic.Sum(part => part.Packets));
    }

    [Theory]
    [InlineData("-p80 10.0.0.1", "-p80,81 10.0.0.1")]
    [InlineData("-p80 10.0.0.1", "-p80 10.0.0.0/30")]
    [InlineData("-p1-100 --max-retries 0 10.0.0.1", "-p1-100 10.0.0.1")]
    [InlineData("-sS -p1-100 10.0.0.1", "-sU -p1-100 10.0.0.1")]
    [InlineData("-p80 10.0.0.1", "-p80 -D 10.0.0.7,10.0.0.8 10.0.0.1")]
    [InlineData("-p80 10.0.0.1", "-sV -p80 10.0.0.1")]
    [InlineData("-sV --version-light -p80 10.0.0.1", "-sV -p80 10.0.0.1")]
    [InlineData("-p80 10.0.0.1", "-O -p80 10.0.0.1")]
    [InlineData("--script http-title -p80 10.0.0.1", "--script http-enum -p80 10.0.0.1")]
    [InlineData("--script http-title -p22 10.0.0.1", "--script http-title -p80 10.0.0.1")]
    public void Estimate_more_work_is_more_packets(string less, string more) => Read(less).EstimatedPackets.ShouldBeLessThan(Read(more).EstimatedPackets);

    [Theory]
    [InlineData("-p- -T4 10.0.0.0/24", "-p- 10.0.0.0/24")]
    [InlineData("-p1-100 10.0.0.1", "-p1-100 -T2 10.0.0.1")]
    [InlineData("-p1-100 -T2 10.0.0.1", "-p1-100 -T1 10.0.0.1")]
    [InlineData("-p1-100 -T1 10.0.0.1", "-p1-100 -T0 10.0.0.1")]
    [InlineData("-p1-1000 10.0.0.1", "-p1-1000 --max-rate 10 10.0.0.1")]
    [InlineData("-p- --min-rate 5000 10.0.0.1", "-p- 10.0.0.1")]
    [InlineData("-p1-100 10.0.0.1", "-p1-100 --scan-delay 1s 10.0.0.1")]
    [InlineData("-p- --host-timeout 5s 10.0.0.1", "-p- 10.0.0.1")]
    [InlineData("-p1-100 10.0.0.1", "-sU -p1-100 10.0.0.1")]
    [InlineData("-p80 10.0.0.1", "-sC -p80 10.0.0.1")]
    public void Estimate_slower_options_take_longer(string quicker, string slower) => Read(quicker).EstimatedDuration.ShouldBeLessThan(Read(slower).EstimatedDuration);

    [Fact]
    public void Plan_that_takes_longer_than_asked_says_so()
    {
        var plan = Read("-p- -T2 10.0.0.0/24");
        PlanWarnings.Exceeds(plan, TimeSpan.FromMinutes(30)).ShouldBeTrue();
        PlanWarnings.Of(plan, TimeSpan.FromMinutes(30), Budget.Unlimited).ShouldBe(["the run is estimated to take about 105 days, and 30m is asked for: it would be killed before its end"]);
        PlanWarnings.Of(plan, null, Budget.Unlimited).ShouldBeEmpty();
        PlanWarnings.Of(Read("-p22 10.0.0.1"), TimeSpan.FromMinutes(30), Budget.Unlimited).ShouldBeEmpty();
    }

    [Fact]
    public void Plan_that_the_budget_cuts_or_holds_back_says_so()
    {
        var plan = Read("-Pn -sT -p1-1000 -T4 10.0.0.0/28");
        PlanWarnings.Of(plan, null, new(Packets: 1_000)).ShouldBe([FormattableString.Invariant($"{plan.EstimatedPackets:N0} packets are estimated, and 1,000 may leave: what comes after them is not measured")]);
        PlanWarnings.Of(plan, TimeSpan.FromMinutes(10), new(PacketsPerSecond: 10)).ShouldHaveSingleItem()
            .ShouldMatch("^at 10 packets a second the run takes about [0-9]+ minutes or longer, and 10m is asked for: it would be killed before its end$");
        PlanWarnings.Of(plan, null, new(PacketsPerSecond: 1_000_000, Packets: 1_000_000_000, Violations: 0)).ShouldBeEmpty();
    }

    [Fact]
    public void Plan_with_scripts_that_reach_others_says_so_and_safe_alone_does_not_open_them()
    {
        var plan = Read("-Pn -p80 --script whois-ip,http-title 10.0.0.1");
        plan.Scripts.Single(script => script.Name == "whois-ip").Categories.ShouldBe(["external", "reaches-others"]);
        plan.Scripts.Single(script => script.Name == "http-title").Categories.ShouldBe(["default"]);
        NmapFacets.Scripts.EachNeeded.ShouldBe(["reaches-others"]);
        PlanWarnings.Of(plan, null, Budget.Unlimited).ShouldBe(["whois-ip would talk to hosts that are no targets; such packets are stopped and recorded"]);
    }
}
