using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Writ.Proof.Addresses;
using Writ.Proof.Runners;

namespace Writ.Core.Tools.Nmap;

/// <summary>
/// The ports of an <c>nmap-services</c> file by how often they are found open. As Nmap reads it: of several lines for one
/// port the first counts; equal frequencies are taken by port number; a port without one has 0 and comes last.
/// </summary>
internal sealed class NmapServices
{
    // Keyed by the object, never by the digest that a runner claims: a false claim must not reach another runner's plans.
    private static readonly ConditionalWeakTable<ToolFile, NmapServices> Known = [];
    private readonly Dictionary<string, ushort[]> _byProtocol;

    private NmapServices(ToolFile file) =>
        _byProtocol = Lines(Encoding.Latin1.GetString(file.Content.Span))
            .DistinctBy(line => (line.Protocol, line.Port))
            .GroupBy(line => line.Protocol, StringComparer.Ordinal)
            .ToDictionary(
                group => group.Key,
                group => group.OrderByDescending(line => line.Frequency).ThenBy(line => line.Port).Select(line => line.Port).ToArray(),
                StringComparer.Ordinal);

    /// <summary>The services of the runner's file, or null where the runner has published none.</summary>
    public static NmapServices? Of(ToolInventory inventory) =>
        inventory.FindFile("nmap-services") is { } file ? Known.GetValue(file, found => new(found)) : null;

    /// <summary>The most frequent ports of a protocol (<c>tcp</c>, <c>udp</c>); all that there are when fewer.</summary>
    public PortSet Top(int count, string protocol) =>
        PortSet.OfPorts(_byProtocol.GetValueOrDefault(protocol, []).Take(count));

    private static IEnumerable<(string Protocol, ushort Port, double Frequency)> Lines(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            var comment = line.IndexOf('#', StringComparison.Ordinal);
            var fields = (comment < 0 ? line : line[..comment]).Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 2)
                continue;
            var slash = fields[1].IndexOf('/', StringComparison.Ordinal);
            if (slash > 0 && ushort.TryParse(fields[1].AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                yield return (fields[1][(slash + 1)..], port, fields.Length > 2 ? Frequency(fields[2]) : 0);
        }
    }

    private static double Frequency(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return Number(text);
        var whole = Number(text.AsSpan(slash + 1));
        return whole > 0 ? Number(text.AsSpan(0, slash)) / whole : 0;
    }

    private static double Number(ReadOnlySpan<char> text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
