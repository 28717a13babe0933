using System.Globalization;
using System.Xml;
using Writ.Proof.Addresses;
using Writ.Proof.Results;

namespace Writ.Runner.Results;

/// <summary>
/// Reads Nmap's XML while it is written (nmap.dtd, version 1.05). Hostile input: the texts are of scanned hosts, and the whole
/// comes out of a sandbox. No DTD is read and nothing is resolved; depth, lists and texts are bounded here, the size of one
/// token by the stream.
/// </summary>
/// <param name="stream">The XML.</param>
/// <param name="changed">Called when there is more to tell.</param>
internal sealed class NmapXml(TokenStream stream, Action changed)
{
    private readonly List<HostResult> _hosts = [];
    private readonly HashSet<Address> _hinted = [];
    private Draft? _draft;
    private int _portsListed;
    private long _hostsUp;
    private long _unlistedHosts;
    private string? _hostState;

    private const int MostHinted = 65_536;

    private sealed class Draft
    {
        public Address? Address { get; set; }
        public string? Name { get; set; }
        public bool Up { get; set; }
        public List<PortResult> Ports { get; } = [];
        public (string Protocol, int Number)? Port { get; set; }
        public long Open { get; set; }
    }

    /// <summary>What was read so far.</summary>
    public ResultsReport Report { get; } = new();

    /// <summary>Reads to the end.</summary>
    /// <exception cref="XmlException">It is no XML, or ends too early.</exception>
    /// <exception cref="InvalidDataException">Something in it is larger than anybody needs.</exception>
    public void Read()
    {
        foreach (var reader in stream.XmlNodes())
        {
            if (reader.NodeType == XmlNodeType.Element)
                Begin(reader);
            else if (reader is { NodeType: XmlNodeType.EndElement, Depth: 1 })
                End(reader.LocalName);
        }
    }

    // By name and depth: an element of a script's output can have any name, but no place of these.
    private void Begin(XmlReader reader)
    {
        switch (reader.Depth, reader.LocalName)
        {
            case (0, "nmaprun"):
                break;
            case (0, _):
                throw new InvalidDataException("it is not nmap's");
            case (1, "taskbegin"):
                Task(Text(reader, "task"), 0, null);
                break;
            case (1, "taskprogress"):
                Task(Text(reader, "task"), Number(reader, "percent"), Number(reader, "remaining"));
                break;
            case (1, "taskend"):
                Task(Text(reader, "task"), 100, 0);
                break;
            case (1, "host" or "hosthint"):
                (_draft, _hostState) = (new(), null);
                break;
            case (2, "status"):
                _hostState = reader.GetAttribute("state");
                break;
            case (2, "address") when _draft is { Address: null } draft && Address.TryParse(reader.GetAttribute("addr") ?? "", out var address):
                draft.Address = address;
                break;
            case (3, "hostname") when _draft is { Name: null } draft:
                draft.Name = Text(reader, "name");
                break;
            case (3, "port") when _draft is { } draft:
                draft.Port = Number(reader, "portid") is >= 0 and <= 65_535 and var number && reader.GetAttribute("protocol") is "tcp" or "udp" or "sctp"
                    ? (reader.GetAttribute("protocol")!, (int)number) : null;
                break;
            case (4, "state") when _draft is { Port: { } port } draft:
                if (reader.GetAttribute("state") != "open")
                    draft.Port = null;
                else if (draft.Open++ < ResultsReport.MostPorts)
                    draft.Ports.Add(new(port.Protocol, port.Number));
                break;
            case (4, "service") when _draft is { Port: { } port, Ports: [.., var last] } draft && last.Port == port.Number && last.Protocol == port.Protocol:
                draft.Ports[^1] = last with { Service = Text(reader, "name"), Product = Product(reader) };
                break;
            case (2, "finished"):
                Report.Complete = reader.GetAttribute("exit") == "success";
                (Report.Phase, Report.Percent, Report.Remaining) = (null, null, null);
                changed();
                break;
            default:
                break;
        }
    }

    private void End(string name)
    {
        if (_draft is not { } draft || name is not ("host" or "hosthint"))
            return;
        _draft = null;
        var isUp = _hostState == "up" && draft.Address is not null;
        if (name == "host")
            Report.HostsDone++;
        // A hint names a host as soon as it answers; the host itself comes when the tool is through with it.
        if (isUp && (_hinted.Count < MostHinted ? _hinted.Add(draft.Address!.Value) : !_hinted.Contains(draft.Address!.Value) && name == "host"))
            _hostsUp++;
        if (isUp && name == "host")
            List(draft);
        (Report.HostsUp, Report.Hosts, Report.UnlistedHosts) = (_hostsUp, _hosts, _unlistedHosts);
        changed();
    }

    private void List(Draft draft)
    {
        Report.OpenPorts += draft.Open;
        if (_hosts.Count == ResultsReport.MostHosts)
        {
            _unlistedHosts++;
            return;
        }

        var room = Math.Max(0, ResultsReport.MostPortsInAll - _portsListed);
        PortResult[] ports = [.. draft.Ports.Take(room)];
        _portsListed += ports.Length;
        _hosts.Add(new(draft.Address!.Value.ToString(), ports, draft.Open - ports.Length, draft.Name));
    }

    private void Task(string? task, double? percent, double? seconds)
    {
        (Report.Phase, Report.Percent) = (task, percent is { } some ? Math.Clamp(some, 0, 100) : null);
        Report.Remaining = seconds is >= 0 and <= 1e9 ? (long)(seconds * 1_000_000) : null;
        changed();
    }

    private static string? Product(XmlReader reader) =>
        Clip(string.Join(' ', ((string?[])[reader.GetAttribute("product"), reader.GetAttribute("version")]).Where(part => !string.IsNullOrEmpty(part))));

    private static string? Text(XmlReader reader, string attribute) => Clip(reader.GetAttribute(attribute));

    private static string? Clip(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (text.Length <= ResultsReport.LongestText)
            return text;
        var length = char.IsHighSurrogate(text[ResultsReport.LongestText - 1]) ? ResultsReport.LongestText - 1 : ResultsReport.LongestText;
        return text[..length];
    }

    private static double? Number(XmlReader reader, string attribute) =>
        double.TryParse(reader.GetAttribute(attribute), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number : null;
}
