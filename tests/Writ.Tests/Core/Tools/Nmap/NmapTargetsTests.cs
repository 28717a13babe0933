using CsCheck;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Tests.Core.Tools.Nmap;

public class NmapTargetsTests
{
    [Theory]
    [InlineData("10.20.0-1.1,7-8", "10.20.0.1, 10.20.0.7-10.20.0.8, 10.20.1.1, 10.20.1.7-10.20.1.8")]
    [InlineData("10.20.0.*", "10.20.0.0/24")]
    [InlineData("10.20.0.-3", "10.20.0.0/30")]
    [InlineData("10.20.0.250-", "10.20.0.250-10.20.0.255")]
    [InlineData("10.20.0.-", "10.20.0.0/24")]
    [InlineData("10.0.0.1-5/30", "10.0.0.0/29")]
    [InlineData("10.20.0.77/24", "10.20.0.0/24")]
    [InlineData("127.0.0.*/31", "127.0.0.0/24")]
    [InlineData("1,3.*.*.*", "1.0.0.0/8, 3.0.0.0/8")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    public void Plan_ipv4_expression_means_what_nmap_expands(string target, string expected) =>
        NmapToolTests.Read($"nmap -sL {target}").Value.Targets.ToString().ShouldBe(expected);

    [Theory]
    [InlineData("2001:db8::5/120", "2001:db8::/120")]
    [InlineData("2001:DB8::1", "2001:db8::1")]
    [InlineData("2001:db8::/64", "2001:db8::/64")]
    public void Plan_ipv6_expression_means_what_nmap_expands(string target, string expected) =>
        NmapToolTests.Read($"nmap -6 -sL {target}").Value.Targets.ToString().ShouldBe(expected);

    [Theory]
    [InlineData("10.0.0.010", "leading zero", "write 10")]
    [InlineData("10.0.0.00", "leading zero", "write 0")]
    [InlineData("0x7f.0.0.1", "hexadecimal", "in decimal")]
    [InlineData("127.1", "not four octets", "write all four")]
    [InlineData("10.21", "not four octets", "write all four")]
    [InlineData("2130706433", "not four octets", "write all four")]
    [InlineData("0.0.0.0/0", "every address", "networks that you mean")]
    [InlineData("10.0.0.0/0", "every address", "networks that you mean")]
    [InlineData("*.*.*.*", "whole of IPv4", "networks that you mean")]
    [InlineData("10.0.0.0/33", "mask over 32", null)]
    [InlineData("10.0.0.0/08", "no plain mask", null)]
    [InlineData("10.0.0.0/", "no plain mask", null)]
    [InlineData("10.0.0.0/+8", "no plain mask", null)]
    [InlineData("10.0.0.0/8/8", "no plain mask", null)]
    [InlineData("10.0.0.256", "no number from 0 to 255", null)]
    [InlineData("10.0.0.5-1", "backward range", null)]
    [InlineData("10.0.0.1,,2", "no list of numbers", null)]
    [InlineData("10.0.0.1,*", "no number from 0 to 255", null)]
    [InlineData("10.0.0.", "no list of numbers", null)]
    [InlineData("web1.staging", "has no IPv4 address", "write its address")]
    [InlineData("localhost/31", "has no IPv4 address", "write its address")]
    [InlineData("web1.0x7f", "is no target", null)]
    [InlineData("web1.staging.1", "is no target", null)]
    [InlineData("-web1", "is no target", null)]
    [InlineData("web1..staging", "is no target", null)]
    [InlineData("-", "not four octets", null)]
    [InlineData("2001:db8::1", "no IPv4 target", "add -6")]
    [InlineData("10.0.0.1%eth0", "no target", null)]
    public void Plan_surprising_ipv4_form_is_refused(string target, string message, string? hint)
    {
        var refusal = NmapToolTests.Read($"nmap -sL -- {target}").Refusal;
        refusal.Code.ShouldBe(ErrorCode.InvalidTarget);
        refusal.Message.ShouldContain(message);
        if (hint is not null)
            refusal.Hint.ShouldNotBeNull().ShouldContain(hint);
    }

    [Theory]
    [InlineData("::/0", "every address")]
    [InlineData("::/64", "holds all of IPv4")]
    [InlineData("::ffff:10.0.0.1", "no IPv6 address")]
    [InlineData("fe80::1%eth0", "names an interface")]
    [InlineData("2001:db8::/130", "mask over 128")]
    [InlineData("10.0.0.1", "no IPv6 target")]
    [InlineData("2001:db8::1-5", "no IPv6 address")]
    [InlineData("web1", "has no IPv6 address")]
    public void Plan_surprising_ipv6_form_is_refused(string target, string message) =>
        NmapToolTests.Read($"nmap -6 -sL {target}").Refusal.Message.ShouldContain(message);

    [Theory]
    [InlineData("10.0.0.1,3", "no address in full")]
    [InlineData("10.0.0.010", "leading zero")]
    [InlineData("10.0.0.1-5/30", "a range and a mask")]
    [InlineData("10.0.0.0/24", "every target is excluded")]
    [InlineData("web1", "has no IPv4 address")]
    public void Plan_surprising_exclusion_is_refused(string exclusion, string message) =>
        NmapToolTests.Read($"nmap -sL --exclude {exclusion} 10.0.0.0/24").Refusal.Message.ShouldContain(message);

    [Fact]
    public void Plan_random_octets_equals_trying_every_address()
    {
        // Two free octets and a mask, against the definition: an address matches when some named address agrees on the masked bits.
        var octet = Gen.OneOf(
            Gen.Const("*"), Gen.Int[0, 255].Select(n => $"{n}"), Gen.Select(Gen.Int[0, 255], Gen.Int[0, 255]).Select(r => $"{Math.Min(r.Item1, r.Item2)}-{Math.Max(r.Item1, r.Item2)}"),
            Gen.Int[0, 255].Array[2, 4].Select(ns => string.Join(',', ns)), Gen.Int[0, 255].Select(n => $"-{n}"), Gen.Int[0, 255].Select(n => $"{n}-"));
        Gen.Select(octet, octet, Gen.Int[16, 32]).Sample((third, fourth, bits) =>
        {
            var plan = NmapToolTests.Read($"nmap -sL -- 10.20.{third}.{fourth}/{bits}");
            if (!plan.IsOk)
            {
                plan.Refusal.Message.ShouldContain("separate networks");
                return;
            }

            var mask = uint.MaxValue << (32 - bits);
            var (thirds, fourths) = (Values(third), Values(fourth));
            var expected = new HashSet<uint>(thirds.SelectMany(a => fourths.Select(b => ((a << 8) | b) & mask)));
            for (uint low = 0; low < 65_536; low += 7)
                plan.Value.Targets.Contains(Address.V4(0x0a140000 | low)).ShouldBe(expected.Contains(low & mask), $"{third}.{fourth}/{bits}: {low}");
        }, iter: PropertyScale.Cases(200));
    }

    private static List<uint> Values(string octet) => [.. octet == "*" ? Range(0, 255) : octet.Split(',').SelectMany(item =>
    {
        var ends = item.Split('-');
        return ends.Length == 1 ? Range(uint.Parse(item), uint.Parse(item)) : Range(ends[0] == "" ? 0 : uint.Parse(ends[0]), ends[1] == "" ? 255 : uint.Parse(ends[1]));
    })];

    private static IEnumerable<uint> Range(uint first, uint last)
    {
        for (var value = first; value <= last; value++)
            yield return value;
    }
}
