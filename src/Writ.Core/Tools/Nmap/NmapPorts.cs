using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// A port expression as Nmap reads it: numbers, <c>1-5</c>, <c>-5</c> (from 1), <c>5-</c>, <c>-</c>, and for <c>-p</c> the prefixes
/// <c>T:</c> and <c>U:</c>, which hold until the next one. Names, wildcards and brackets are refused.
/// </summary>
internal sealed record NmapPorts(PortSet Tcp, PortSet Udp)
{
    private const string Form = "write ports like 22,80,8000-8100 or T:22,U:53";

    /// <summary>Reads the value of <c>-p</c>.</summary>
    public static Result<NmapPorts> Read(string text)
    {
        var (tcp, udp) = (new List<(ushort, ushort)>(), new List<(ushort, ushort)>());
        var (isTcp, isUdp) = (true, true);
        for (var at = 0; at < text.Length;)
        {
            if (at + 1 < text.Length && text[at + 1] == ':')
            {
                (isTcp, isUdp) = (text[at] == 'T', text[at] == 'U');
                if (!isTcp && !isUdp)
                    return Wrong(text, $"the protocol '{text[at]}:' is not supported", "T: and U: are");
                at += 2;
                continue;
            }

            var range = Range(text, ref at);
            if (!range.IsOk)
                return range.Refusal;
            if (isTcp)
                tcp.Add(range.Value);
            if (isUdp)
                udp.Add(range.Value);
        }

        return tcp.Count + udp.Count == 0 ? Wrong(text, "there is no port", Form) : new NmapPorts(PortSet.Of(tcp), PortSet.Of(udp));
    }

    /// <summary>Reads the ports of a discovery option (<c>-PS22,80</c>): the same without prefixes.</summary>
    public static Result<PortSet> ReadPlain(string text)
    {
        var ranges = new List<(ushort, ushort)>();
        for (var at = 0; at < text.Length;)
        {
            var range = Range(text, ref at);
            if (!range.IsOk)
                return range.Refusal;
            ranges.Add(range.Value);
        }

        return PortSet.Of(ranges);
    }

    /// <summary>One item and the comma after it. A comma at the end is let pass, as Nmap does; an empty item is not.</summary>
    private static Result<(ushort First, ushort Last)> Range(string text, ref int at)
    {
        int? first = null, last = null;
        if (text[at] != '-')
        {
            first = Number(text, ref at);
            if (first is null)
                return Wrong(text, char.IsAsciiLetter(text[at]) || text[at] is '*' or '?' or '[' ? "names and patterns of ports are not supported yet" : "a number is missing", Form);
        }

        if (at < text.Length && text[at] == '-')
        {
            at++;
            last = Number(text, ref at) ?? 65535;
            first ??= 1;
        }

        if (at < text.Length && text[at] != ',')
            return Wrong(text, $"'{text[at]}' does not belong there", Form);
        at++;
        var (from, to) = (first!.Value, last ?? first.Value);
        if (from > 65535 || to > 65535)
            return Wrong(text, "a port is at most 65535", null);
        return from > to
            ? Wrong(text, string.Create(CultureInfo.InvariantCulture, $"the range {from}-{to} is backwards"), string.Create(CultureInfo.InvariantCulture, $"did you mean {to}-{from}?"))
            : ((ushort)from, (ushort)to);
    }

    /// <summary>Decimal digits; leading zeros mean nothing to Nmap here. 65536 stands for whatever is larger.</summary>
    private static int? Number(string text, ref int at)
    {
        var start = at;
        var value = 0;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
            value = Math.Min(65536, (value * 10) + (text[at] - '0'));
        return at == start ? null : value;
    }

    private static Refusal Wrong(string text, string why, string? hint) =>
        new(ErrorCode.InvalidPorts, $"ports '{NmapArguments.Show(text)}': {why}", hint);
}
