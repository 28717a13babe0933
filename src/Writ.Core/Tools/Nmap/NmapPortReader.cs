using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// A port expression as Nmap reads it: numbers, <c>1-5</c>, <c>-5</c> (from 1), <c>5-</c>, <c>-</c>; names of services with <c>*</c> and <c>?</c>; in
/// brackets only ports that have a service; the prefixes <c>T: U: S: P:</c>, which hold until the next one or the bracket's end.
/// https://nmap.org/book/man-port-specification.html
/// </summary>
internal sealed class NmapPortReader
{
    private const string Form = "write ports like 22,80,8000-8100, T:22,U:53 or http*";
    // Nmap keeps a name in a buffer of 128 bytes.
    private const int MaxName = 126;

    private readonly string _text;
    private readonly NmapServices? _services;
    private readonly bool _prefixes;
    /// <summary>The kinds of each port so far. As in Nmap, a range passes over ports that have one of its kinds already.</summary>
    private readonly byte[] _kinds = new byte[65536];
    private (int First, int Last, PortKinds Kinds) _touched = (65536, -1, PortKinds.None);
    private int _at;

    private NmapPortReader(string text, NmapServices? services, bool prefixes) => (_text, _services, _prefixes) = (text, services, prefixes);

    /// <summary>Reads an expression; what has no prefix belongs to all the kinds given.</summary>
    public static Result<NmapPorts> Read(string text, PortKinds kinds, NmapServices? services) => new NmapPortReader(text, services, prefixes: true).Read(kinds);

    /// <summary>Reads the ports of a discovery option (<c>-PS22,80</c>): the same of one kind, without prefixes.</summary>
    public static Result<PortSet> ReadPlain(string text, PortKinds kind, NmapServices? services)
    {
        var ports = new NmapPortReader(text, services, prefixes: false).Read(kind);
        return ports.IsOk ? ports.Value.Of(kind) : ports.Refusal;
    }

    private Result<NmapPorts> Read(PortKinds kinds)
    {
        if (_text.Length == 0)
            return Wrong("there is no port");
        if (Items(kinds, nested: false) is { } refusal)
            return refusal;
        var ports = new NmapPorts(Of(PortKinds.Tcp), Of(PortKinds.Udp), Of(PortKinds.Sctp), Of(PortKinds.Ip));
        return ports.IsEmpty ? Wrong("there is no port") : ports;
    }

    private PortSet Of(PortKinds kind)
    {
        if (!_touched.Kinds.HasFlag(kind))
            return PortSet.Empty;
        var ranges = new List<(ushort, ushort)>();
        for (var port = _touched.First; port <= _touched.Last; port++)
        {
            if ((_kinds[port] & (byte)kind) == 0)
                continue;
            var first = port;
            while (port < _touched.Last && (_kinds[port + 1] & (byte)kind) != 0)
                port++;
            ranges.Add(((ushort)first, (ushort)port));
        }

        return ranges.Count == 0 ? PortSet.Empty : PortSet.Of(ranges);
    }

    private void Add(PortKinds kinds, int first, int last, bool nested)
    {
        Touch(kinds, first, last);
        for (var port = first; port <= last; port++)
        {
            if ((_kinds[port] & (byte)kinds) == 0)
                _kinds[port] |= (byte)(nested ? kinds & _services!.KindsOf((ushort)port) : kinds);
        }
    }

    private void Touch(PortKinds kinds, int first, int last) =>
        _touched = (Math.Min(_touched.First, first), Math.Max(_touched.Last, last), _touched.Kinds | kinds);

    private char Next => _at < _text.Length ? _text[_at] : '\0';

    private void SkipSpaces()
    {
        while (Next == ' ')
            _at++;
    }

    private Refusal? Items(PortKinds kinds, bool nested)
    {
        do
        {
            SkipSpaces();
            if (_at + 1 < _text.Length && _text[_at + 1] == ':')
            {
                if (!_prefixes)
                    return Wrong("a prefix has no place there");
                kinds = Next switch { 'T' => PortKinds.Tcp, 'U' => PortKinds.Udp, 'S' => PortKinds.Sctp, 'P' => PortKinds.Ip, _ => PortKinds.None };
                if (kinds == PortKinds.None)
                    return Wrong($"there is no protocol '{Next}:'");
                _at += 2;
                continue;
            }

            switch (Next)
            {
                case '[' when nested:
                    return Wrong("brackets stand in brackets");
                case '[':
                    _at++;
                    if (_services is null)
                        return Wrong("the runner has published no nmap-services file, which says which ports have a name");
                    if (Items(kinds, nested: true) is { } refusal)
                        return refusal;
                    if (Next == ']')
                        _at++;
                    if (Next == ',')
                        _at++;
                    continue;
                case ']':
                    return nested ? null : Wrong("a bracket is closed that was not opened");
                case >= 'a' and <= 'z' or '*' or '?':
                    if (Name(kinds) is { } unnamed)
                        return unnamed;
                    continue;
            }

            if (Range(kinds, nested) is { } wrong)
                return wrong;
            if (Next == ']')
                return nested ? null : Wrong("a bracket is closed that was not opened");
            if (Next is not ('\0' or ','))
                return Wrong($"'{Next}' does not belong there");
            if (Next == ',')
                _at++;
        }
        while (_at < _text.Length);
        return null;
    }

    private Refusal? Name(PortKinds kinds)
    {
        var start = _at;
        while (Next is not ('\0' or ' ' or ',' or ']'))
            _at++;
        var mask = _text[start.._at];
        if (Next is ' ' or ',')
            _at++;
        if (mask.Length > MaxName)
            return Wrong("a name is too long");
        if (_services is null)
            return Wrong("the runner has published no nmap-services file, which says what names mean");
        if (kinds.HasFlag(PortKinds.Ip))
            return Wrong($"'{NmapArguments.Show(mask)}' is no number of a protocol", "write protocols by their numbers, 0 to 255");
        var found = false;
        foreach (var kind in new[] { PortKinds.Tcp, PortKinds.Udp, PortKinds.Sctp }.Where(kind => kinds.HasFlag(kind)))
        {
            var ports = _services.Named(mask, kind);
            found |= !ports.IsEmpty;
            foreach (var (first, last) in ports.Ranges)
            {
                Touch(kind, first, last);
                for (int port = first; port <= last; port++)
                    _kinds[port] |= (byte)kind;
            }
        }

        return found ? null : Wrong($"no port is named '{NmapArguments.Show(mask)}'", "names are those of nmap-services");
    }

    private Refusal? Range(PortKinds kinds, bool nested)
    {
        var isProtocol = kinds.HasFlag(PortKinds.Ip);
        var most = isProtocol ? 255 : 65535;
        int? first = isProtocol ? 0 : 1;
        if (Next != '-')
        {
            first = Number();
            if (first is null)
                return Wrong(char.IsAsciiLetterUpper(Next) ? "names begin with a small letter" : "a number is missing");
            SkipSpaces();
        }

        var last = first;
        if (Next == '-')
        {
            _at++;
            last = Next is '\0' or ',' or ']' ? most : Number();
            if (last is null)
                return Wrong("a number is missing");
            SkipSpaces();
        }

        if (first > most || last > most)
            return Wrong(string.Create(CultureInfo.InvariantCulture, $"a {(isProtocol ? "protocol" : "port")} is at most {most}"));
        if (first > last)
            return Wrong(string.Create(CultureInfo.InvariantCulture, $"the range {first}-{last} is backwards"), string.Create(CultureInfo.InvariantCulture, $"did you mean {last}-{first}?"));
        if (nested && isProtocol)
            return Wrong("the runner does not publish which protocols have a name", "write them without brackets");
        Add(kinds, first!.Value, last!.Value, nested);
        return null;
    }

    /// <summary>Decimal digits; leading zeros mean nothing to Nmap here. 65536 stands for whatever is larger.</summary>
    private int? Number()
    {
        var start = _at;
        var value = 0;
        for (; char.IsAsciiDigit(Next); _at++)
            value = Math.Min(65536, (value * 10) + (Next - '0'));
        return _at == start ? null : value;
    }

    private Refusal Wrong(string why, string? hint = Form) => new(ErrorCode.InvalidPorts, $"ports '{NmapArguments.Show(_text)}': {why}", hint);
}
