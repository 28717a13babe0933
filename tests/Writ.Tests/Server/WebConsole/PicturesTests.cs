using Writ.Contracts.Requests;
using Writ.Core.Policy;
using Writ.Proof.Addresses;
using Writ.Server.WebConsole;
using Writ.Server.WebConsole.Inbox;
using Writ.Server.WebConsole.Pictures;

namespace Writ.Tests.Server.WebConsole;

/// <summary>Pictures are numbers before they are drawn.</summary>
public class PicturesTests
{
    private const string Policy = """
        version: 1
        roles: { developer: { groups: [engineering] }, owner: { groups: [plant] } }
        zones:
          staging: { addresses: [10.20.0.0/16, "2001:db8:20::/48"] }
          plant: { addresses: [10.66.0.0/16] }
        rules:
          - id: look
            roles: [developer]
            zones: [staging, plant]
            tools: { nmap: { techniques: [ping], ports: "1-10000", max-hosts: 256 } }
            approval: { from: [owner], count: 1 }
        """;

    private static readonly PolicyDocument Read = PolicyDocument.Parse(Policy, "policy.yaml").Policy!;

    [Fact]
    public void Hosts_fill_a_logarithmic_axis_and_lie_where_they_are_in_the_zone()
    {
        var picture = HostPicture.Of(Found(("plant", ["10.66.3.10-10.66.3.13"], "4")), "nmap", Read);
        var zone = picture.Zones.ShouldHaveSingleItem();
        (zone.Asked, zone.Of, zone.Fill, zone.Limit!.At).ShouldBe(("4", "65,536", 12.5, 50));
        zone.Marks[0].Label.ShouldBe("10.66.3.10–13 · 4");
        zone.Marks[0].At.ShouldBe(100 * ((3 * 256) + 10) / 65536.0, 0.001);
        picture.Ticks.Select(tick => tick.Before + tick.Text).ShouldBe(["1 host", "16", "4,096", "65,536", "limit 256"]);
    }

    [Fact]
    public void Hosts_of_ipv6_have_the_axis_of_their_zone()
    {
        var picture = HostPicture.Of(Found(("staging", ["2001:db8:20::/64"], "18446744073709551616")), "nmap", Read);
        picture.Zones[0].Fill.ShouldBe(80, 0.01);
        picture.Zones[0].Marks.ShouldHaveSingleItem().At.ShouldBe(0);
        picture.Zones[0].Asked.ShouldBe("2^64");
    }

    [Fact]
    public void Hosts_in_a_zone_that_policy_has_no_more_are_told_by_their_number() =>
        HostPicture.Of(Found(("gone", ["10.1.0.0/24"], "256")), "nmap", Read).Zones.ShouldHaveSingleItem().ShouldSatisfyAllConditions(zone => zone.Of.ShouldBeNull(), zone => zone.Marks.ShouldBeEmpty(), zone => zone.Asked.ShouldBe("256"));

    [Fact]
    public void Ports_are_named_and_what_lies_on_another_is_not_labelled()
    {
        var strip = PortPicture.Of(Plan(tcp: "22,80,443,8000-8100"), Found() with { Rules = ["look"] }, Read).ShouldHaveSingleItem();
        (strip.Count, strip.Limit!.Text).ShouldBe((104, "10,000"));
        strip.Marks.Select(mark => mark.Label + mark.Known).ShouldBe(["22 ssh", "80 http", "443 https", "8000–8100"]);
        PortPicture.Of(Plan(tcp: "1-65535"), Found(), null)[0].Marks.ShouldHaveSingleItem().Width.ShouldBe(100);
        PortPicture.Of(Plan(tcp: string.Join(',', Enumerable.Range(1, 3000).Select(port => port * 2))), Found(), null)[0].Marks.Count.ShouldBeLessThan(300);
    }

    [Fact]
    public void Scripts_that_can_hurt_are_named_with_the_worst_reason_first()
    {
        var means = MeansPicture.Of(Plan(tcp: "80") with
        {
            Scripts = [new("a-title", ["default", "safe"]), new("b-brute", ["brute", "intrusive"]), new("c-dos", ["dos", "vuln"]), new("d-vuln", ["vuln"]), new("e-cert", ["default", "safe"]), new("f-nbns", ["version"], Implied: true)],
        });
        means.Scripts.Select(chip => $"{chip.Text} {chip.Code}").ShouldBe(["c-dos dos", "b-brute brute", "d-vuln vuln, not safe", "default 2 scripts"]);
        means.Scripts.Count(chip => chip.Danger is not null).ShouldBe(3);
    }

    [Fact]
    public void Commands_mark_what_differs_both_ways()
    {
        var diff = ArgvDiff.Of(["nmap", "-sSV", "web1"], Plan(tcp: "80") with { Argv = ["nmap", "-n", "-sS", "-sV", "web1", "--stats-every=1s", "-oX", "/live/xml"], Names = [new("web1", ["10.20.1.5"])] }, "hamburg-1");
        diff.Typed.Where(word => word.Differs).Select(word => word.Text).ShouldBe(["-sSV"]);
        diff.Runs.Select(word => $"{word.Text}{word.Note}").ShouldBe(["nmap", "-n1", "-sS", "-sV2", "web1", "--stats-every=1s", "-oX", "/live/xml3"]);
        diff.Notes.ShouldBe(["added, no name is looked up", "split", "added, so that it can be watched", "web1 is 10.20.1.5, as hamburg-1 saw it"]);
    }

    [Fact]
    public void Texts_of_others_show_what_would_be_invisible()
    {
        Printable.Of("a\u202eb\u001b[31mc\u0000\td").ShouldBe("a\\u202eb\\x1b[31mc\\x00\\x09d");
        Printable.Of("a\nb", lines: true).ShouldBe("a\nb");
        Printable.Of("größer “x” ✓").ShouldBe("größer “x” ✓");
        Printable.Word("it's").ShouldBe("'it'\\''s'");
        Printable.ShortId("req_01kjr5kj40fdba3fzfc5k0b3zz").ShouldBe("req-k0b3zz");
    }

    [Fact]
    public void Narrowing_form_asks_for_what_was_changed_alone()
    {
        var asked = Asked();
        NarrowForm.Read(asked, "10.20.0.0/24", "22,80", "30", "2", " ").Value.ShouldBe(new NarrowAsk("d"));
        NarrowForm.Read(asked, "10.20.0.0/28\n10.20.0.64/28", "80", "15", "1", "less").Value.ShouldSatisfyAllConditions(
            ask => ask.Targets.ShouldBe(["10.20.0.0/28", "10.20.0.64/28"]), ask => (ask.Ports, ask.DurationSeconds, ask.Uses, ask.Comment).ShouldBe(("80", 900, 1, "less")));
        NarrowForm.Read(asked, "", "80", "15", "1", "").IsOk.ShouldBeFalse();
        NarrowForm.Read(asked, "10.20.0.0/24", "80", "soon", "1", "").IsOk.ShouldBeFalse();
    }

    private static EvaluationView Found(params (string Zone, string[] Addresses, string Count)[] zones) => new(
        "require-approval", [], ["look"], [.. zones.Select(zone => zone.Zone)], [], "hash", [.. zones.Select(zone => new ZoneFindingView(zone.Zone, zone.Addresses, "require-approval", "look", [], 0, zone.Count))]);

    private static PlanView Plan(string tcp) => new("nmap", ["nmap"], new ScopeText([], tcp, "", "", false), ["10.20.0.0/24"], "256", tcp, "", "", ["connect"], [], 3, 100, 10);

    private static RequestView Asked() => new(
        "req_1", 1, "pending", null, new("act_1", "Dana", "user"), ["nmap"], "why", null, Plan("22,80"), Found(), [], [], "d", null, 1800, 2, null, default, default, null, null);
}
