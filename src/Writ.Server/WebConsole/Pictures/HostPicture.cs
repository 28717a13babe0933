using System.Globalization;
using System.Numerics;
using Writ.Contracts.Requests;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Server.WebConsole.Pictures;

/// <summary>Which part of which zones a plan asks for, on one logarithmic axis.</summary>
/// <param name="Ticks">The axis: places with their texts.</param>
public sealed record HostPicture(IReadOnlyList<ZonePicture> Zones, IReadOnlyList<Tick> Ticks)
{
    private const int LeastBits = 8;
    /// <summary>A letter of a label, in percent of the picture's usual width.</summary>
    private const double Letter = 1.25;
    private const int MostMarks = 60;

    /// <summary>The picture of an evaluation; zones that the policy has no more are told by their numbers alone.</summary>
    public static HostPicture Of(EvaluationView found, string tool, PolicyDocument? policy)
    {
        var findings = found.Findings ?? [];
        var bits = Math.Max(LeastBits, findings.Select(finding => policy?.Zones.GetValueOrDefault(finding.Zone) is { } zone ? Bits((double)zone.Addresses.Count) : Bits(Number(finding.Count))).DefaultIfEmpty(LeastBits).Max());
        var zones = findings.Select(finding => Picture(finding, policy?.Zones.GetValueOrDefault(finding.Zone), LimitOf(policy, finding.By, tool), bits)).ToList();
        var limit = zones.Select(zone => zone.Limit).FirstOrDefault(each => each is not null);
        return new(zones, [.. Axis(bits, limit)]);
    }

    private static ZonePicture Picture(ZoneFindingView finding, Zone? zone, double? limit, int bits)
    {
        var asked = Number(finding.Count);
        return new(
            finding.Zone, zone is null ? "" : Some(zone.Addresses.ToTexts(), 2), Printable.Number(finding.Count ?? ""), zone is null ? null : Printable.Number(zone.Addresses.Count.ToString(CultureInfo.InvariantCulture)),
            Place(asked, bits), limit is { } most && most < Math.Pow(2, bits) ? new Tick(Place(most, bits), Printable.Number((long)most)) : null,
            zone is null ? [] : Places(zone, finding.Addresses), Some(finding.Addresses, 8));
    }

    /// <summary>Where in the zone the addresses lie; of each family on its own, since one would hide the other.</summary>
    private static List<Mark> Places(Zone zone, IReadOnlyList<string> asked)
    {
        var marks = new List<Mark>();
        if (!AddressSet.TryParse(asked, out var addresses, out _))
            return marks;
        var isV4 = addresses.Ranges.Count(range => range.First.IsV4) * 2 >= addresses.Ranges.Count;
        AddressRange[] space = [.. zone.Addresses.Ranges.Where(range => range.First.IsV4 == isV4)];
        var whole = space.Sum(range => (double)range.Count);
        double taken = -1;
        foreach (var range in addresses.Ranges.Where(range => range.First.IsV4 == isV4).Take(MostMarks))
        {
            double before = 0;
            foreach (var part in space)
            {
                if (range.First >= part.First && range.First <= part.Last)
                {
                    before += (double)(range.First.Bits - part.First.Bits);
                    break;
                }

                before += (double)part.Count;
            }

            var (at, width) = (100 * before / whole, 100 * (double)range.Count / whole);
            var label = range.Count == 1 ? range.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Brief(range)} · {Printable.Number(range.Count.ToString(CultureInfo.InvariantCulture))}");
            // A label that would lie on another is left to the list of addresses.
            var length = label.Length * Letter;
            var from = at + length > 100 ? 100 - length : at;
            var shows = from > taken;
            if (shows)
                taken = from + length + 1;
            marks.Add(new(at, width, shows ? label : null, from != at));
        }

        return marks;
    }

    private static IEnumerable<Tick> Axis(int bits, Tick? limit)
    {
        foreach (var part in new[] { 0, 25, 50, 75, 100 })
        {
            if (limit is not null && Math.Abs(limit.At - part) < 9)
                continue;
            var exponent = bits * part / 100.0;
            yield return new(part, part == 0 ? "1 host" : exponent <= 40 && exponent == Math.Floor(exponent) ? Printable.Number((long)Math.Pow(2, exponent)) : string.Create(CultureInfo.InvariantCulture, $"2^{exponent:0.#}"));
        }

        if (limit is not null)
            yield return limit with { Before = "limit " };
    }

    private static double? LimitOf(PolicyDocument? policy, string? rule, string tool)
    {
        if (policy?.Rules.FirstOrDefault(each => each.Id == rule)?.Tools.GetValueOrDefault(tool) is not { } facets || policy.Tools.Find(tool)?.Facets.FirstOrDefault(facet => facet.CountsTargets) is not { } counts)
            return null;
        return facets.Opened(counts) is NumberTerm { AtMost: var most } && most < (decimal)1e18 ? (double)most : null;
    }

    private static int Bits(double count) => Math.Max(1, (int)Math.Ceiling(Math.Log2(Math.Max(2, count))) is var bits && bits % 4 == 0 ? bits : bits + 4 - (bits % 4));

    private static double Place(double count, int bits) => count <= 0 ? 0 : Math.Clamp(100 * Math.Log2(count) / bits, 0.8, 100);

    private static double Number(string? decimals) => BigInteger.TryParse(decimals, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (double)number : 0;

    /// <summary>Of a range within one last octet the end alone: <c>10.66.3.10–13</c>.</summary>
    private static string Brief(AddressRange range)
    {
        var text = range.ToString();
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
            return text;
        var (first, last) = (text[..dash], text[(dash + 1)..]);
        var dot = first.LastIndexOf('.');
        return dot > 0 && last.StartsWith(first[..(dot + 1)], StringComparison.Ordinal) ? $"{first}–{last[(dot + 1)..]}" : $"{first}–{last}";
    }

    private static string Some(IReadOnlyList<string> texts, int most) =>
        texts.Count <= most ? string.Join(", ", texts) : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", texts.Take(most))} and {texts.Count - most} more");
}

/// <summary>A place on an axis.</summary>
public sealed record Tick(double At, string Text)
{
    /// <summary>What stands before it, where there is room.</summary>
    public string? Before { get; init; }
}

/// <summary>What is asked of one zone.</summary>
/// <param name="Space">Its addresses in words.</param>
/// <param name="Asked">How many are asked for.</param>
/// <param name="Of">How many it has, or null where that is not known any more.</param>
/// <param name="Fill">The asked part on the axis, in percent.</param>
/// <param name="Limit">What the rule opens at most.</param>
/// <param name="Where">The asked addresses in words.</param>
public sealed record ZonePicture(string Name, string Space, string Asked, string? Of, double Fill, Tick? Limit, IReadOnlyList<Mark> Marks, string Where);

/// <summary>A part of a zone's space, or of the ports.</summary>
/// <param name="AtEnd">Whether the label ends at the picture's edge.</param>
public sealed record Mark(double At, double Width, string? Label, bool AtEnd)
{
    /// <summary>What it is known for, where there is room to say it.</summary>
    public string? Known { get; init; }
}
