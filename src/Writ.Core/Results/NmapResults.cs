using System.Globalization;
using System.Xml;
using Writ.Proof.Addresses;
using Writ.Proof.Results;

namespace Writ.Core.Results;

/// <summary>
/// Reads the whole of what Nmap wrote (nmap.dtd, version 1.05). Hostile input: the texts are of scanned hosts, and the whole comes
/// out of a sandbox. No DTD is read and nothing is resolved; tokens, depth, lists and texts are bounded. It always answers: what
/// cannot be read ends the reading, and whole hosts before it stay.
/// </summary>
public sealed class NmapResults
{
    private readonly Dictionary<Address, HostDraft> _hosts = [];
    private readonly List<LookedAt> _looked = [];
    private readonly List<FoundScript> _scripts = [];
    private HostDraft? _host;
    private PortDraft? _port;
    private (string State, long Count)? _rest;
    private bool _restTold;
    private string? _version;
    private DateTimeOffset? _started;
    private DateTimeOffset? _ended;
    private bool _complete;
    private int _ports;
    private long _text;
    private long _unlistedHosts;
    private long _unlistedPorts;
    private long _cutTexts;

    private NmapResults() { }

    /// <summary>Reads a document, or as much of one as there is.</summary>
    public static ScanResults Read(ReadOnlyMemory<byte> xml)
    {
        var reading = new NmapResults();
        string? trouble = null;
        try
        {
            reading.ReadAll(xml);
        }
        catch (XmlException wrong)
        {
            trouble = $"it ends or cannot be read at line {wrong.LineNumber}";
        }
        catch (InvalidDataException wrong)
        {
            trouble = wrong.Message;
        }

        return new()
        {
            Version = reading._version,
            StartedAt = reading._started,
            EndedAt = reading._ended,
            Complete = reading._complete && trouble is null,
            Trouble = trouble,
            Looked = reading._looked,
            Hosts = [.. reading._hosts.Values.Select(host => host.Done()).OrderBy(host => host.Address)],
            Scripts = reading._scripts,
            UnlistedHosts = reading._unlistedHosts,
            UnlistedPorts = reading._unlistedPorts,
            CutTexts = reading._cutTexts,
        };
    }

    private void ReadAll(ReadOnlyMemory<byte> xml)
    {
        using var stream = new Bytes(xml);
        foreach (var reader in stream.XmlNodes())
        {
            if (reader.NodeType == XmlNodeType.Element)
                Begin(reader);
            if (reader.NodeType == XmlNodeType.EndElement || reader is { NodeType: XmlNodeType.Element, IsEmptyElement: true })
                End(reader);
        }
    }

    // By name and depth: an element of a script's output can have any name, but no place of these.
    private void Begin(XmlReader reader)
    {
        switch (reader.Depth, reader.LocalName)
        {
            case (0, "nmaprun"):
                (_version, _started) = (Text(reader, "version"), Instant(reader, "start"));
                break;
            case (0, _):
                throw new InvalidDataException("it is not nmap's");
            case (1, "scaninfo") when _looked.Count < ResultsLimits.MostOfOne && Protocol(reader.GetAttribute("protocol")) is { } protocol:
                _looked.Add(new(protocol, Text(reader, "type") ?? "", Ports(reader.GetAttribute("services")) ?? ""));
                break;
            case (1, "host"):
                _host = new() { EndedAt = Instant(reader, "endtime") };
                break;
            case (2, "finished"):
                (_complete, _ended) = (reader.GetAttribute("exit") == "success", Instant(reader, "time"));
                break;
            case (2, "script") when _host is null:
                Script(reader, _scripts);
                break;
            case (_, _) when _host is { } host:
                Begin(reader, host);
                break;
            default:
                break;
        }
    }

    private void Begin(XmlReader reader, HostDraft host)
    {
        switch (reader.Depth, reader.LocalName)
        {
            case (2, "status"):
                (host.State, host.Reason) = (Text(reader, "state") ?? "unknown", Text(reader, "reason"));
                break;
            case (2, "address") when reader.GetAttribute("addrtype") == "mac":
                host.Hardware = Joined(reader, ' ', "addr", "vendor");
                break;
            case (2, "address") when Address.TryParse(reader.GetAttribute("addr") ?? "", out var address):
                host.Address ??= address;
                break;
            case (3, "hostname") when Text(reader, "name") is { } name && host.Names.Count < ResultsLimits.MostOfOne && !host.Names.Contains(name):
                host.Names.Add(name);
                break;
            case (3, "osmatch"):
                host.System ??= Text(reader, "name");
                break;
            case (3, "script"):
                Script(reader, host.Scripts);
                break;
            case (3, "extraports"):
                (_rest, _restTold) = ((Text(reader, "state") ?? "unknown", Number(reader, "count") ?? 0), false);
                break;
            case (4, "extrareasons") when _rest is { } rest && host.Rest.Count < ResultsLimits.MostOfOne:
                host.Rest.Add(new(Protocol(reader.GetAttribute("proto")), rest.State, Number(reader, "count") ?? 0, Ports(reader.GetAttribute("ports")), Text(reader, "reason")));
                _restTold = true;
                break;
            case (3, "port") when Protocol(reader.GetAttribute("protocol")) is { } protocol && Number(reader, "portid") is <= 65_535 and var number:
                _port = new(protocol, (int)number);
                break;
            case (4, "state") when _port is { } port:
                (port.State, port.Reason) = (Text(reader, "state"), Text(reader, "reason"));
                break;
            case (4, "service") when _port is { } port:
                (port.Service, port.Product) = (Joined(reader, '/', "tunnel", "name"), Joined(reader, ' ', "product", "version", "extrainfo"));
                break;
            case (4, "script") when _port is { } port:
                Script(reader, port.Scripts);
                break;
            default:
                break;
        }
    }

    private void End(XmlReader reader)
    {
        switch (reader.Depth, reader.LocalName)
        {
            case (1, "host"):
                Keep();
                (_host, _port, _rest) = (null, null, null);
                break;
            case (3, "port"):
                if (_host is { } host && _port is { State: not null } port)
                    Keep(host, port);
                _port = null;
                break;
            case (3, "extraports"):
                if (_rest is { } rest && !_restTold && _host is { } of && of.Rest.Count < ResultsLimits.MostOfOne)
                    of.Rest.Add(new(null, rest.State, rest.Count, null, null));
                _rest = null;
                break;
            default:
                break;
        }
    }

    // A host that is told twice (two names of one address) is one, and what is told last of a port counts.
    private void Keep()
    {
        if (_host is not { Address: { } address } host)
            return;
        if (_hosts.TryGetValue(address, out var before))
            before.Take(host);
        else if (_hosts.Count < ResultsLimits.MostHosts)
            _hosts[address] = host;
        else
            _unlistedHosts++;
    }

    private void Keep(HostDraft host, PortDraft port)
    {
        if (_ports >= ResultsLimits.MostPorts)
        {
            _unlistedPorts++;
            return;
        }

        _ports++;
        host.Ports[(port.Protocol, port.Number)] = new(port.Protocol, port.Number, port.State!, port.Reason, port.Service, port.Product, port.Scripts);
    }

    private void Script(XmlReader reader, List<FoundScript> scripts)
    {
        if (Text(reader, "id") is not { } id)
            return;
        if (scripts.Count >= ResultsLimits.MostOfOne)
        {
            _cutTexts++;
            return;
        }

        var whole = reader.GetAttribute("output") ?? "";
        var output = Clip(whole, ResultsLimits.LongestOutput);
        scripts.Add(new(id, output, output.Length < whole.Length));
    }

    private string? Joined(XmlReader reader, char between, params ReadOnlySpan<string> attributes)
    {
        var parts = new List<string>();
        foreach (var attribute in attributes)
        {
            if (Text(reader, attribute) is { } part)
                parts.Add(part);
        }

        return parts.Count == 0 ? null : string.Join(between, parts);
    }

    private string? Text(XmlReader reader, string attribute) =>
        reader.GetAttribute(attribute) is { Length: > 0 } text && Clip(text, ResultsLimits.LongestText) is { Length: > 0 } clipped ? clipped : null;

    private string Clip(string text, int longest)
    {
        var most = (int)Math.Min(longest, ResultsLimits.MostText - _text);
        if (text.Length > most)
        {
            _cutTexts++;
            text = text[..(most > 0 && char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
        }

        _text += text.Length;
        return text;
    }

    private static string? Protocol(string? text) => text is "tcp" or "udp" or "sctp" or "ip" ? text : null;

    // Nmap writes one list over and over again for a million hosts: what is kept is bounded as all texts are.
    private string? Ports(string? text)
    {
        if (string.IsNullOrEmpty(text) || !PortSet.TryParse(text, out var set))
            return null;
        var ports = set.ToString();
        if (_text + ports.Length > ResultsLimits.MostText)
        {
            _cutTexts++;
            return null;
        }

        _text += ports.Length;
        return ports;
    }

    private static long? Number(XmlReader reader, string attribute) =>
        long.TryParse(reader.GetAttribute(attribute), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTimeOffset? Instant(XmlReader reader, string attribute) =>
        Number(reader, attribute) is > 0 and <= 253_402_300_799 and var seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private sealed class HostDraft
    {
        public Address? Address { get; set; }
        public List<string> Names { get; } = [];
        public string State { get; set; } = "unknown";
        public string? Reason { get; set; }
        public DateTimeOffset? EndedAt { get; set; }
        public string? Hardware { get; set; }
        public string? System { get; set; }
        public Dictionary<(string, int), FoundPort> Ports { get; } = [];
        public List<FoundRest> Rest { get; private set; } = [];
        public List<FoundScript> Scripts { get; private set; } = [];

        public void Take(HostDraft later)
        {
            Names.AddRange(later.Names.Except(Names).Take(ResultsLimits.MostOfOne - Names.Count).ToList());
            (State, Reason, EndedAt, Rest) = (later.State, later.Reason, later.EndedAt, later.Rest);
            (Hardware, System) = (later.Hardware ?? Hardware, later.System ?? System);
            if (later.Scripts.Count > 0)
                Scripts = later.Scripts;
            foreach (var (key, port) in later.Ports)
                Ports[key] = port;
        }

        public FoundHost Done() => new(
            Address!.Value, Names, State, Reason, EndedAt, Hardware, System,
            [.. Ports.Values.OrderBy(port => port.Protocol, StringComparer.Ordinal).ThenBy(port => port.Number)], Rest, Scripts);
    }

    private sealed class PortDraft(string protocol, int number)
    {
        public string Protocol => protocol;
        public int Number => number;
        public string? State { get; set; }
        public string? Reason { get; set; }
        public string? Service { get; set; }
        public string? Product { get; set; }
        public List<FoundScript> Scripts { get; } = [];
    }

    private sealed class Bytes(ReadOnlyMemory<byte> bytes) : TokenStream
    {
        private int _at;

        protected override int Take(Span<byte> buffer)
        {
            var length = Math.Min(buffer.Length, bytes.Length - _at);
            bytes.Span.Slice(_at, length).CopyTo(buffer);
            _at += length;
            return length;
        }
    }
}
