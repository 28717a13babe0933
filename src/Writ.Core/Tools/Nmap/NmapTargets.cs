using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// Target expressions as Nmap expands them: in each of four octets a list of numbers and ranges or <c>*</c>, a mask on top
/// that applies to every combination; IPv6 addresses and networks. Never enumerated: an expression costs as many ranges
/// as it has gaps. Names are refused for now, and every form that programs read differently always is.
/// </summary>
internal static class NmapTargets
{
    /// <summary>The most separate ranges of one expression; <c>*.*.*.1</c> would have 16 million.</summary>
    private const int MaxRanges = 65_536;

    /// <summary>The addresses of all expressions together.</summary>
    public static Result<AddressSet> Read(IEnumerable<string> expressions, bool v6)
    {
        var ranges = new List<AddressRange>();
        foreach (var expression in expressions)
        {
            var read = v6 ? V6(expression) : V4(expression);
            if (!read.IsOk)
                return read.Refusal;
            ranges.AddRange(read.Value);
            if (ranges.Count > 4 * MaxRanges)
                return new Refusal(ErrorCode.InvalidTarget, "the targets have too many gaps", "name networks or whole ranges");
        }

        var set = AddressSet.Of(ranges);
        return set.Ranges.Contains(AddressRange.Network(Address.V4(0), 0))
            ? new Refusal(ErrorCode.InvalidTarget, "the targets are the whole of IPv4", "name the networks that you mean")
            : set;
    }

    /// <summary>
    /// The value of <c>--exclude</c>. Nmap splits it at commas before it looks at octets, so <c>10.0.0.1,3</c> also means
    /// 0.0.0.3: whatever is not four octets is refused.
    /// </summary>
    public static Result<AddressSet> ReadExclusion(string text, bool v6)
    {
        var parts = text.Split(',');
        if (!v6 && parts.FirstOrDefault(part => part.Count(c => c == '.') != 3) is { } odd)
        {
            return new Refusal(ErrorCode.InvalidTarget, $"--exclude: '{NmapArguments.Show(odd)}' is no address in full",
                "a comma separates addresses there: write 10.0.0.1,10.0.0.3");
        }

        if (parts.FirstOrDefault(part => part.Contains('/', StringComparison.Ordinal) && part.AsSpan().ContainsAny('-', '*')) is { } mixed)
            return new Refusal(ErrorCode.InvalidTarget, $"--exclude: '{NmapArguments.Show(mixed)}' has a range and a mask", "write one or the other");
        return Read(parts, v6);
    }

    private static Result<IReadOnlyList<AddressRange>> V4(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (body, mask) = slash < 0 ? (text, "32") : (text[..slash], text[(slash + 1)..]);
        if (body.Contains(':', StringComparison.Ordinal))
            return Wrong(text, "is no IPv4 target", "add -6 for IPv6");
        if (body.Contains("0x", StringComparison.OrdinalIgnoreCase) && body.All(c => char.IsAsciiHexDigit(c) || c is 'x' or 'X' or '.'))
            return Wrong(text, "has a hexadecimal part", "write octets in decimal");
        if (body.Length == 0 || body.Any(char.IsAsciiLetter))
            return body.Length > 0 && IsName(body) ? Wrong(text, "is a name, which is not supported yet", "write its address") : Wrong(text, "is no target", null);
        var parts = body.Split('.');
        if (parts.Length != 4)
            return Wrong(text, "has not four octets", "programs disagree about short forms: write all four");
        if (Mask(text, mask, 32) is var bits && !bits.IsOk)
            return bits.Refusal;

        (uint First, uint Last)[] suffix = [(0, 0)];
        for (var octet = 3; octet >= 0; octet--)
        {
            var values = Octet(parts[octet]);
            if (!values.IsOk)
                return Wrong(text, values.Refusal.Message, values.Refusal.Hint);
            var free = (byte)(0xff >> Math.Clamp(bits.Value - (8 * octet), 0, 8));
            suffix = Prepend(Widen(values.Value, free), suffix, 8 * (3 - octet));
            if (suffix.Length > MaxRanges)
                return Wrong(text, "has too many gaps", "name networks or whole ranges");
        }

        return (AddressRange[])[.. suffix.Select(range => new AddressRange(Address.V4(range.First), Address.V4(range.Last)))];
    }

    /// <summary>The values of one octet: <c>*</c>, or a list of <c>n</c>, <c>n-m</c>, <c>-m</c>, <c>n-</c> and <c>-</c>.</summary>
    private static Result<bool[]> Octet(string text)
    {
        var values = new bool[256];
        if (text == "*")
        {
            values.AsSpan().Fill(true);
            return values;
        }

        foreach (var item in text.Split(','))
        {
            var ends = item.Split('-');
            if (item.Length == 0 || ends.Length > 2)
                return new Refusal(ErrorCode.InvalidTarget, "has an octet that is no list of numbers and ranges", "write octets like 1-5,9 or *");
            if (ends.FirstOrDefault(end => end.Length > 1 && end[0] == '0') is { } zero)
            {
                var plain = zero.TrimStart('0');
                return new Refusal(ErrorCode.InvalidTarget, "has an octet with a leading zero", $"programs disagree whether that is octal: write {(plain.Length == 0 ? "0" : plain)}");
            }

            var first = ends[0].Length == 0 && ends.Length == 2 ? 0 : Number(ends[0]);
            var last = ends.Length == 1 ? first : ends[1].Length == 0 ? 255 : Number(ends[1]);
            if (first is not { } from || last is not { } to)
                return new Refusal(ErrorCode.InvalidTarget, "has an octet that is no number from 0 to 255", null);
            if (from > to)
                return new Refusal(ErrorCode.InvalidTarget, string.Create(CultureInfo.InvariantCulture, $"has the backward range {from}-{to}"), null);
            values.AsSpan(from, to - from + 1).Fill(true);
        }

        return values;
    }

    private static int? Number(string text) =>
        byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>What the values become when the mask leaves these bits free.</summary>
    private static List<(uint First, uint Last)> Widen(bool[] values, byte free)
    {
        var runs = new List<(uint First, uint Last)>();
        for (uint value = 0; value < 256; value++)
        {
            if (!values.AsSpan((int)(value & ~free), free + 1).Contains(true))
                continue;
            if (runs.Count > 0 && runs[^1].Last + 1 == value)
                runs[^1] = (runs[^1].First, value);
            else
                runs.Add((value, value));
        }

        return runs;
    }

    /// <summary>Every value of the octet before every range of the octets behind it; a full suffix keeps runs whole.</summary>
    private static (uint First, uint Last)[] Prepend(List<(uint First, uint Last)> runs, (uint First, uint Last)[] suffix, int bits)
    {
        var full = bits == 0 ? 0 : uint.MaxValue >> (32 - bits);
        if (suffix is [(0, var last)] && last == full)
            return [.. runs.Select(run => (run.First << bits, (run.Last << bits) | full))];
        var values = runs.Sum(run => run.Last - run.First + 1);
        if (values * suffix.Length > MaxRanges)
            return new (uint, uint)[MaxRanges + 1];
        return [.. from run in runs
                   from value in Enumerable.Range((int)run.First, (int)(run.Last - run.First + 1))
                   from range in suffix
                   select (((uint)value << bits) | range.First, ((uint)value << bits) | range.Last)];
    }

    private static Result<IReadOnlyList<AddressRange>> V6(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (body, mask) = slash < 0 ? (text, "128") : (text[..slash], text[(slash + 1)..]);
        if (body.Contains('%', StringComparison.Ordinal))
            return Wrong(text, "names an interface, which is the runner's to choose", "write the address without %");
        if (!body.Contains(':', StringComparison.Ordinal))
        {
            return body.Length > 0 && body.All(c => char.IsAsciiDigit(c) || c is '.' or '-' or ',' or '*')
                ? Wrong(text, "is no IPv6 target", "leave -6 out for IPv4; IPv6 takes no ranges")
                : IsName(body) ? Wrong(text, "is a name, which is not supported yet", "write its address") : Wrong(text, "is no target", null);
        }

        if (!Address.TryParse(body, out var address))
            return Wrong(text, "is no IPv6 address", "IPv6 takes no ranges, and IPv4 is written without ::ffff:");
        if (Mask(text, mask, 128) is var bits && !bits.IsOk)
            return bits.Refusal;
        // Networks around ::ffff:0:0/96 hold every IPv4 address; nobody means them.
        var around = bits.Value < 96 && address.Bits >> (128 - bits.Value) == Address.V4(0).Bits >> (128 - bits.Value);
        return around ? Wrong(text, "is a network that holds all of IPv4", "name the network that you mean")
            : (AddressRange[])[AddressRange.Network(address, bits.Value)];
    }

    private static Result<int> Mask(string text, string mask, int width)
    {
        if (mask.Length is 0 or > 3 || !mask.All(char.IsAsciiDigit) || (mask.Length > 1 && mask[0] == '0'))
            return Wrong(text, "has no plain mask", string.Create(CultureInfo.InvariantCulture, $"write a number from 1 to {width} after the slash"));
        var bits = int.Parse(mask, CultureInfo.InvariantCulture);
        if (bits == 0)
            return Wrong(text, "is every address there is", "name the networks that you mean");
        return bits > width ? Wrong(text, string.Create(CultureInfo.InvariantCulture, $"has a mask over {width}"), null) : bits;
    }

    private static bool IsName(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static Refusal Wrong(string text, string why, string? hint) =>
        new(ErrorCode.InvalidTarget, $"target '{NmapArguments.Show(text)}' {why}", hint);
}
