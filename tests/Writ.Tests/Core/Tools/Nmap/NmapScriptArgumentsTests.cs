using System.Text;
using CsCheck;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Tests.Core.Tools.Nmap;

public class NmapScriptArgumentsTests
{
    private static readonly ToolInventory Inventory = new("nmap", "/usr/bin/nmap", "7.93", new string('0', 64), []);

    private static Result<Plan> Read(string? option, string? file = null)
    {
        List<string> argv = ["nmap", "-p1"];
        if (option is not null)
            argv.AddRange(["--script-args", option]);
        if (file is not null)
            argv.AddRange(["--script-args-file", "args.txt"]);
        return new NmapTool().Plan([.. argv, "10.0.0.1"], new(Inventory) { Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["args.txt"] = Encoding.UTF8.GetBytes(file ?? "") } });
    }

    private static string? Canonical(Plan plan) => plan.Argv.SingleOrDefault(argument => argument.StartsWith("--script-args=", StringComparison.Ordinal))?["--script-args=".Length..];

    [Theory]
    [InlineData("user=foo,pass=bar", "user=foo,pass=bar")]
    [InlineData(" user = foo , pass= bar ", "user=foo,pass=bar")]
    [InlineData("user=a b", "user=\"a b\"")]
    [InlineData("user='a,b'", "user=\"a,b\"")]
    [InlineData("user=\"a\\\"b\\\\c\\d\"", "user=\"a\\\"b\\\\c\\\\d\"")]
    [InlineData("user=", "user=\"\"")]
    [InlineData("user=foo,user=bar", "user=bar")]
    [InlineData("paths={/a,/b},showall", "paths={/a,/b},showall")]
    [InlineData("creds={global={user=a,pass='}'}}", "creds={global={user=a,pass=\"}\"}}")]
    [InlineData("http-title.url=/x?y&z", "http-title.url=/x?y&z")]
    [InlineData("user=f\"oo", "user=\"f\\\"oo\"")]
    [InlineData("", null)]
    [InlineData(",", null)]
    public void Arguments_are_read_as_nmap_reads_them(string typed, string? canonical)
    {
        var plan = Read(typed).Value;
        Canonical(plan).ShouldBe(canonical);
        Canonical(new NmapTool().Plan(plan.Argv, new(Inventory)).Value).ShouldBe(canonical);
    }

    [Fact]
    public void Arguments_of_the_file_come_first_and_those_of_the_option_replace_them()
    {
        var plan = Read("user=foo", "user=a\npass=b,\n").Value;
        Canonical(plan).ShouldBe("user=foo,pass=b");
        plan.Argv.ShouldNotContain(argument => argument.Contains("args-file", StringComparison.Ordinal));
        plan.Inputs.Single().Purpose.ShouldBe("script-arguments");
    }

    [Theory]
    [InlineData("newtargets", "adds targets")]
    [InlineData("max-newtargets=5", "adds targets")]
    [InlineData("NewTargets=1", "adds targets")]
    [InlineData("userdb=/etc/passwd", "names a file")]
    [InlineData("brute.credfile=x", "names a file")]
    [InlineData("http-awstatstotals-exec.outfile=/etc/cron.d/x", "names a file")]
    [InlineData("whois={whodb=/tmp/x}", "names a file")]
    [InlineData("x={y={ssh.privatekeys={a}}}", "names a file")]
    [InlineData("dns-zone-transfer.server=10.9.9.9", "reach hosts or ports")]
    [InlineData("snmp-interfaces.host=10.9.9.9", "reach hosts or ports")]
    [InlineData("httpspider.withinhost=false", "reach hosts or ports")]
    [InlineData("http-auth-finder.url=http://10.9.9.9/", "may lead to another host")]
    [InlineData("a=b}junk", "not understood")]
    [InlineData("a=b},{newtargets", "not understood")]
    [InlineData("a={b", "not understood")]
    [InlineData("a='b", "not understood")]
    [InlineData("'a'b", "not understood")]
    [InlineData("a=b=c", "not understood")]
    public void Arguments_that_reach_further_are_refused(string typed, string message)
    {
        foreach (var refusal in new[] { Read(typed).Refusal, Read(null, typed).Refusal })
        {
            refusal.Code.ShouldBe(ErrorCode.InvalidCommand);
            refusal.Message.ShouldContain(message);
        }
    }

    [Theory]
    [InlineData("user=foo", "script-args")]
    [InlineData("http-enum.displayall,user=foo", "script-args")]
    [InlineData("unsafe", "script-args unreviewed-script-args")]
    [InlineData("mine.anything={a=b}", "script-args unreviewed-script-args")]
    public void Arguments_are_features_and_unreviewed_ones_must_be_opened_by_name(string typed, string features)
    {
        var plan = Read(typed).Value;
        string.Join(' ', plan.Facets.OfType<FacetWords>().Single(value => value.Facet == "features").Words).ShouldBe(features);
        NmapFacets.Features.ByNameOnly.ShouldContain("unreviewed-script-args");
        NmapFacets.Features.ByNameOnly.ShouldNotContain("script-args");
    }

    [Fact]
    public void Arguments_deep_and_long_are_answered_at_once()
    {
        foreach (var close in new[] { "", new string('}', 10_000) })
            Read("a=" + new string('{', 10_000) + close).Refusal.Message.ShouldContain("16 deep");
        Read(null, "a\0=b").Refusal.Message.ShouldContain("outside printable ASCII");
        Read(null, "user=\"a\nb\"").Refusal.Message.ShouldContain("not understood");
        Read(null, string.Join(',', Enumerable.Range(0, 5_000).Select(number => $"user{number}={number}"))).IsOk.ShouldBeTrue();
    }

    [Fact]
    public void Arguments_random_ones_never_throw_and_the_canonical_form_is_stable() =>
        Gen.OneOf("a", "user", "=", ",", "{", "}", "\"", "'", "\\", " ", "x.y", "newtargets", "/z").Array[0, 14].Sample(parts =>
        {
            var first = Read(string.Concat(parts));
            if (!first.IsOk)
                return;
            var again = new NmapTool().Plan(first.Value.Argv, new(Inventory));
            again.IsOk.ShouldBeTrue(again.IsOk ? "" : $"{string.Concat(parts)} as {Canonical(first.Value)}: {again.Refusal}");
            again.Value.Argv.ShouldBe(first.Value.Argv);
        }, iter: PropertyScale.Cases(5_000));
}
