using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Writ.Proof.Addresses;
using Writ.Proof.Runners;

namespace Writ.Core.Tools.Nmap;

/// <summary>The protocols that a port belongs to; in a protocol scan the numbers are IP protocols.</summary>
[Flags]
internal enum PortKinds
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>TCP.</summary>
    Tcp = 1,
    /// <summary>UDP.</summary>
    Udp = 2,
    /// <summary>SCTP.</summary>
    Sctp = 4,
    /// <summary>IP protocol numbers, 0 to 255.</summary>
    Ip = 8,
}

/// <summary>
/// The ports of an <c>nmap-services</c> file, by name and by how often they are found open. As Nmap reads it: of several
/// lines for one port the first counts; equal frequencies are taken in the order of the file; a port without one has 0.
/// </summary>
internal sealed class NmapServices
{
    // Keyed by the object, never by the digest that a runner claims: a false claim must not reach another runner's plans.
    private static readonly ConditionalWeakTable<ToolFile, NmapServices> Known = [];
    private readonly Dictionary<PortKinds, Service[]> _byFrequency;
    private readonly Dictionary<PortKinds, PortSet> _all;
    private readonly byte[] _kinds = new byte[65536];

    private readonly record struct Service(string Name, ushort Port, PortKinds Kind, double Frequency);

    private NmapServices(ReadOnlyMemory<byte> content)
    {
        Service[] services = [.. Lines(Encoding.Latin1.GetString(content.Span)).DistinctBy(line => (line.Kind, line.Port))];
        foreach (var service in services)
            _kinds[service.Port] |= (byte)service.Kind;
        HasFrequencies = services.Any(service => service.Frequency > 0);
        _byFrequency = services.GroupBy(service => service.Kind).ToDictionary(group => group.Key, group => group.OrderByDescending(service => service.Frequency).ToArray());
        _all = _byFrequency.ToDictionary(pair => pair.Key, pair => PortSet.OfPorts(pair.Value.Select(service => service.Port)));
    }

    /// <summary>False for a file like <c>/etc/services</c>, of which no port is more frequent than another.</summary>
    public bool HasFrequencies { get; }

    /// <summary>The services of the runner's file, or null where the runner has published none.</summary>
    public static NmapServices? Of(ToolInventory inventory) =>
        inventory.FindFile("nmap-services") is { } file ? Known.GetValue(file, found => new(found.Content)) : null;

    /// <summary>The services of a requester's file.</summary>
    public static NmapServices Read(ReadOnlyMemory<byte> content) => new(content);

    /// <summary>Every port of a protocol that has a line.</summary>
    public PortSet All(PortKinds kind) => _all.GetValueOrDefault(kind, PortSet.Empty);

    /// <summary>The protocols of which this port has a line.</summary>
    public PortKinds KindsOf(ushort port) => (PortKinds)_kinds[port];

    /// <summary>The most frequent ports of a protocol, of those given; all that there are when fewer.</summary>
    public PortSet Top(int count, PortKinds kind, PortSet among) =>
        PortSet.OfPorts(ByFrequency(kind, among).Take(count).Select(service => service.Port));

    /// <summary>The ports that are open at least so often, of those given.</summary>
    public PortSet AtLeast(decimal ratio, PortKinds kind, PortSet among) =>
        PortSet.OfPorts(ByFrequency(kind, among).TakeWhile(service => service.Frequency >= (double)ratio).Select(service => service.Port));

    private IEnumerable<Service> ByFrequency(PortKinds kind, PortSet among) =>
        _byFrequency.GetValueOrDefault(kind, []).Where(service => among.Contains(service.Port));

    /// <summary>The ports of a protocol whose service has a name like this; <c>*</c> and <c>?</c> are wild, and letters match in both cases.</summary>
    public PortSet Named(string mask, PortKinds kind) =>
        PortSet.OfPorts(_byFrequency.GetValueOrDefault(kind, []).Where(service => Matches(mask, service.Name)).Select(service => service.Port));

    /// <summary>Wildcard match in time proportional to the product of the lengths.</summary>
    internal static bool Matches(string mask, string name)
    {
        var (at, star, from) = (0, -1, 0);
        for (var next = 0; next < name.Length;)
        {
            if (at < mask.Length && mask[at] == '*')
                (star, from) = (at++, next);
            else if (at < mask.Length && (mask[at] == '?' || char.ToLowerInvariant(mask[at]) == char.ToLowerInvariant(name[next])))
                (at, next) = (at + 1, next + 1);
            else if (star >= 0)
                (at, next) = (star + 1, ++from);
            else
                return false;
        }

        return mask.AsSpan(at).TrimStart('*').IsEmpty;
    }

    private static IEnumerable<Service> Lines(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            var fields = line.Split([' ', '\t', '\r', '\v', '\f'], 4, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 2 || fields[0][0] == '#')
                continue;
            var slash = fields[1].IndexOf('/', StringComparison.Ordinal);
            var kind = slash < 0 ? PortKinds.None : fields[1][(slash + 1)..] switch { "tcp" => PortKinds.Tcp, "udp" => PortKinds.Udp, "sctp" => PortKinds.Sctp, _ => PortKinds.None };
            if (kind != PortKinds.None && ushort.TryParse(fields[1].AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                yield return new(fields[0], port, kind, fields.Length > 2 ? Frequency(fields[2]) : 0);
        }
    }

    private static double Frequency(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return text.StartsWith("0.", StringComparison.Ordinal) ? Number(text) : 0;
        var whole = Number(text.AsSpan(slash + 1));
        return whole > 0 ? Number(text.AsSpan(0, slash)) / whole : 0;
    }

    private static double Number(ReadOnlySpan<char> text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
