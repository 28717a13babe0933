using System.Collections.Frozen;
using System.Globalization;
using Writ.Contracts.Requests;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Server.WebConsole.Pictures;

/// <summary>Which ports of a protocol a plan asks for, on a logarithmic strip.</summary>
/// <param name="Open">What the rule opens, where it does not open all.</param>
/// <param name="Limit">The highest port that it opens.</param>
public sealed record PortPicture(string Protocol, int Count, IReadOnlyList<Mark> Marks, IReadOnlyList<Mark> Open, Tick? Limit, string Ports)
{
    private const double Letter = 1.2;

    private static readonly FrozenDictionary<int, string> Known = new Dictionary<int, string>
    {
        [21] = "ftp", [22] = "ssh", [23] = "telnet", [25] = "smtp", [53] = "dns", [67] = "dhcp", [69] = "tftp", [80] = "http", [88] = "kerberos", [110] = "pop3", [123] = "ntp", [135] = "rpc", [139] = "netbios",
        [143] = "imap", [161] = "snmp", [389] = "ldap", [443] = "https", [445] = "smb", [502] = "modbus", [514] = "syslog", [587] = "submission", [631] = "ipp", [636] = "ldaps", [993] = "imaps", [1433] = "mssql",
        [1521] = "oracle", [1883] = "mqtt", [2049] = "nfs", [2375] = "docker", [3306] = "mysql", [3389] = "rdp", [5432] = "postgresql", [5900] = "vnc", [6379] = "redis", [6443] = "kubernetes", [8080] = "http-alt",
        [8443] = "https-alt", [9100] = "printer", [9200] = "elastic", [11211] = "memcached", [27017] = "mongodb", [47808] = "bacnet",
    }.ToFrozenDictionary();

    /// <summary>A strip for each protocol of which ports are asked for.</summary>
    public static IReadOnlyList<PortPicture> Of(PlanView plan, EvaluationView found, PolicyDocument? policy)
    {
        var open = OpenPorts(found, plan.Tool, policy);
        return [.. new[] { ("TCP", plan.Tcp), ("UDP", plan.Udp), ("SCTP", plan.Sctp) }.Where(each => each.Item2.Length > 0).Select(each => Strip(each.Item1, each.Item2, open))];
    }

    /// <summary>What a port is known for, or null.</summary>
    public static string? NameOf(int port) => Known.GetValueOrDefault(port);

    private static PortPicture Strip(string protocol, string text, PortSet? open)
    {
        if (!PortSet.TryParse(text, out var ports))
            return new(protocol, 0, [], [], null, text);
        var limit = open is null || open.IsEmpty || open.Ranges[^1].Last == 65535 ? null : new Tick(Place(open.Ranges[^1].Last), Printable.Number(open.Ranges[^1].Last));
        return new(protocol, ports.Count, Labelled(ports), open is null || open.Equals(PortSet.All) ? [] : Bare(open), limit, Cut(text));
    }

    private static List<Mark> Labelled(PortSet ports)
    {
        var marks = new List<Mark>();
        double taken = -100;
        foreach (var (first, last) in Merged(ports))
        {
            var (from, to) = (Place(first), Place(last));
            var name = NameOf(first);
            var label = first == last ? Text(first) : $"{Text(first)}–{Text(last)}";
            var known = first == last && name is not null ? $" {name}" : null;
            var half = (label.Length + (known?.Length ?? 0)) * Letter / 2;
            var middle = Math.Clamp((from + to) / 2, half, 100 - half);
            var shows = middle - half > taken;
            if (shows)
                taken = middle + half + 1;
            marks.Add(new(from, to - from, shows ? label : null, false) { Known = known });
        }

        return marks;
    }

    private static List<Mark> Bare(PortSet ports) => [.. Merged(ports).Select(range => new Mark(Place(range.First), Place(range.Last) - Place(range.First), null, false))];

    /// <summary>Ranges that lie closer than can be seen are one.</summary>
    private static IEnumerable<(int First, int Last)> Merged(PortSet ports)
    {
        (int First, int Last)? held = null;
        foreach (var (first, last) in ports.Ranges)
        {
            if (held is { } before && Place(first) - Place(before.Last) < 0.15)
                held = (before.First, last);
            else
            {
                if (held is { } done)
                    yield return done;
                held = (first, last);
            }
        }

        if (held is { } end)
            yield return end;
    }

    /// <summary>What every rule that carries the answer opens of ports; null where none says.</summary>
    private static PortSet? OpenPorts(EvaluationView found, string tool, PolicyDocument? policy)
    {
        if (policy is null || policy.Tools.Find(tool)?.Facets.FirstOrDefault(facet => facet.Kind == FacetKind.Ports) is not { } ports)
            return null;
        PortSet? open = null;
        foreach (var rule in policy.Rules.Where(rule => found.Rules.Contains(rule.Id) && rule.Tools.ContainsKey(tool)))
        {
            if (rule.Tools[tool].Opened(ports) is PortsTerm term)
                open = open?.Intersect(term.Ports) ?? term.Ports;
        }

        return open;
    }

    private static double Place(int port) => port <= 1 ? 0 : 100 * Math.Log10(port) / Math.Log10(65535);

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    private static string Cut(string ports) => ports.Length <= 160 ? ports : ports[..160] + "…";
}
