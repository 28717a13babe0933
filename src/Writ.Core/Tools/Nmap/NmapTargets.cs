using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>A target expression.</summary>
/// <param name="Text">As it stands in the argv or in a list.</param>
/// <param name="List">The list that it stands in, or null.</param>
/// <param name="Line">The line there, from 1.</param>
internal readonly record struct NmapExpression(string Text, string? List = null, int Line = 0);

/// <summary>A host name among the targets.</summary>
/// <param name="Host">The name.</param>
/// <param name="Bits">The mask on it, or null.</param>
/// <param name="Expression">Where it stands.</param>
internal sealed record NmapName(string Host, int? Bits, NmapExpression Expression);

/// <summary>
/// Target expressions as Nmap expands them: in each of four octets a list of numbers and ranges or <c>*</c>, a mask on top
/// that applies to every combination; IPv6 addresses and networks; names, which are left to others. Never enumerated: an
/// expression costs as many ranges as it has gaps. Every form that programs read differently is refused.
/// </summary>
/// <param name="Addresses">What is written as addresses.</param>
/// <param name="Names">What is written as names, in order.</param>
internal sealed record NmapTargets(AddressSet Addresses, IReadOnlyList<NmapName> Names)
{
    /// <summary>The most separate ranges of one expression; <c>*.*.*.1</c> would have 16 million.</summary>
    private const int MaxRanges = 65_536;

    /// <summary>The most separate ranges of all expressions together.</summary>
    private const int MaxTotal = 1_000_000;

    /// <summary>Reads expressions of one family.</summary>
    public static Result<NmapTargets> Read(IEnumerable<NmapExpression> expressions, bool v6)
    {
        var (ranges, names) = (new List<AddressRange>(), new List<NmapName>());
        foreach (var expression in expressions)
        {
            if ((v6 ? V6(expression, ranges, names) : V4(expression, ranges, names)) is { } refusal)
                return refusal;
            if (ranges.Count > MaxTotal)
                return new Refusal(ErrorCode.InvalidTarget, "the targets have too many gaps", "name networks or whole ranges");
        }

        var set = AddressSet.Of(ranges);
        return set.Ranges.Contains(AddressRange.Network(Address.V4(0), 0))
            ? new Refusal(ErrorCode.InvalidTarget, "the targets are the whole of IPv4", "name the networks that you mean")
            : new NmapTargets(set, names);
    }

    /// <summary>The network of a name's address.</summary>
    public static AddressRange Network(Address address, int? bits) => AddressRange.Network(address, bits ?? address.Width);

    /// <summary>
    /// The value of <c>--exclude</c>. Nmap splits it at commas before it looks at octets, so <c>10.0.0.1,3</c> also means
    /// 0.0.0.3: whatever is neither a name nor four octets is refused.
    /// </summary>
    public static Result<NmapTargets> ReadExclusion(IEnumerable<NmapExpression> expressions, bool v6)
    {
        NmapExpression[] parts = [.. expressions];
        foreach (var part in parts)
        {
            if (!v6 && part.Text.Count(c => c == '.') != 3 && !IsName(Body(part.Text)))
                return Wrong(part, "is no address in full, which an exclusion must be", "a comma separates addresses there: write 10.0.0.1,10.0.0.3");
            if (part.Text.Contains('/', StringComparison.Ordinal) && part.Text.AsSpan().ContainsAny('-', '*', ',') && !IsName(Body(part.Text)))
                return Wrong(part, "is an exclusion with a range and a mask", "write one or the other");
        }

        return Read(parts, v6);
    }

    private static string Body(string text) => text.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? text[..slash] : text;

    private static Refusal? V4(NmapExpression expression, List<AddressRange> ranges, List<NmapName> names)
    {
        var text = expression.Text;
        if (Address.TryParse(text, out var plain) && plain.IsV4)
        {
            ranges.Add(new(plain, plain));
            return null;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (body, mask) = slash < 0 ? (text, null) : (text[..slash], text[(slash + 1)..]);
        if (body.Contains(':', StringComparison.Ordinal))
            return Wrong(expression, "is no IPv4 target", "add -6 for IPv6");
        if (body.Contains("0x", StringComparison.OrdinalIgnoreCase) && body.All(c => char.IsAsciiHexDigit(c) || c is 'x' or 'X' or '.'))
            return Wrong(expression, "has a hexadecimal part", "write octets in decimal");
        int? bits = null;
        if (mask is not null)
        {
            var read = Mask(expression, mask, 32);
            if (!read.IsOk)
                return read.Refusal;
            bits = read.Value;
            if (Address.TryParse(body, out plain))
            {
                ranges.Add(AddressRange.Network(plain, read.Value));
                return null;
            }
        }

        if (body.Length == 0 || body.Any(char.IsAsciiLetter))
            return Name(expression, body, bits, names);
        var parts = body.Split('.');
        if (parts.Length != 4)
            return Wrong(expression, "has not four octets", "programs disagree about short forms: write all four");

        (uint First, uint Last)[] suffix = [(0, 0)];
        for (var octet = 3; octet >= 0; octet--)
        {
            var values = Octet(parts[octet]);
            if (!values.IsOk)
                return Wrong(expression, values.Refusal.Message, values.Refusal.Hint);
            var free = (byte)(0xff >> Math.Clamp((bits ?? 32) - (8 * octet), 0, 8));
            suffix = Prepend(Widen(values.Value, free), suffix, 8 * (3 - octet));
            if (suffix.Length > MaxRanges)
                return Wrong(expression, "has too many gaps", "name networks or whole ranges");
        }

        ranges.AddRange(suffix.Select(range => new AddressRange(Address.V4(range.First), Address.V4(range.Last))));
        return null;
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

    private static Refusal? V6(NmapExpression expression, List<AddressRange> ranges, List<NmapName> names)
    {
        var text = expression.Text;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (body, mask) = slash < 0 ? (text, null) : (text[..slash], text[(slash + 1)..]);
        if (body.Contains('%', StringComparison.Ordinal))
            return Wrong(expression, "names an interface, which is the runner's to choose", "write the address without %");
        int? bits = null;
        if (mask is not null)
        {
            var read = Mask(expression, mask, 128);
            if (!read.IsOk)
                return read.Refusal;
            bits = read.Value;
        }

        if (!body.Contains(':', StringComparison.Ordinal))
        {
            return body.Length > 0 && body.All(c => char.IsAsciiDigit(c) || c is '.' or '-' or ',' or '*')
                ? Wrong(expression, "is no IPv6 target", "leave -6 out for IPv4; IPv6 takes no ranges")
                : Name(expression, body, bits, names);
        }

        if (!Address.TryParse(body, out var address))
            return Wrong(expression, "is no IPv6 address", "IPv6 takes no ranges, and IPv4 is written without ::ffff:");
        if (Around(address, bits))
            return Wrong(expression, "is a network that holds all of IPv4", "name the network that you mean");
        ranges.Add(Network(address, bits));
        return null;
    }

    /// <summary>True for IPv6 networks around ::ffff:0:0/96, which hold every IPv4 address; nobody means them.</summary>
    public static bool Around(Address address, int? bits) =>
        !address.IsV4 && bits < 96 && address.Bits >> (128 - bits.Value) == Address.V4(0).Bits >> (128 - bits.Value);

    private static Refusal? Name(NmapExpression expression, string body, int? bits, List<NmapName> names)
    {
        if (!IsName(body))
            return Wrong(expression, "is no target", null);
        names.Add(new(body, bits, expression));
        return null;
    }

    private static Result<int> Mask(NmapExpression expression, string mask, int width)
    {
        if (mask.Length is 0 or > 3 || !mask.All(char.IsAsciiDigit) || (mask.Length > 1 && mask[0] == '0'))
            return Wrong(expression, "has no plain mask", string.Create(CultureInfo.InvariantCulture, $"write a number from 1 to {width} after the slash"));
        var bits = int.Parse(mask, CultureInfo.InvariantCulture);
        if (bits == 0)
            return Wrong(expression, "is every address there is", "name the networks that you mean");
        return bits > width ? Wrong(expression, string.Create(CultureInfo.InvariantCulture, $"has a mask over {width}"), null) : bits;
    }

    /// <summary>Without a letter it is a mistyped address, though resolvers would take <c>1-5</c> for a name.</summary>
    private static bool IsName(string text) => text.Any(char.IsAsciiLetter) && HostName.IsPlain(text);

    /// <summary>A refusal that says where the expression stands.</summary>
    public static Refusal Wrong(NmapExpression expression, string why, string? hint) => new(ErrorCode.InvalidTarget,
        expression.List is null ? $"target '{NmapArguments.Show(expression.Text)}' {why}"
            // Refusals are recorded, and the wrong file may hold a secret: what stands in a file is not repeated.
            : string.Create(CultureInfo.InvariantCulture, $"the target on line {expression.Line} of '{NmapArguments.Show(expression.List)}' {why}"), hint);
}
