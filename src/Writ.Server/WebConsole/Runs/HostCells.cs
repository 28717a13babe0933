using Writ.Contracts.Runs;
using Writ.Proof.Addresses;

namespace Writ.Server.WebConsole.Runs;

/// <summary>A square of the picture of a plan's hosts.</summary>
/// <param name="Label">Its address, or the range that it stands for, for whoever points at it.</param>
/// <param name="Kind"><c>open</c>, <c>up</c> or empty.</param>
internal sealed record HostCell(string Label, string Kind);

/// <summary>A range of the plan as squares.</summary>
/// <param name="Label">The range.</param>
/// <param name="Told">How many of how many answer.</param>
/// <param name="Cells">A square a host, or for a large range one for equally many.</param>
internal sealed record HostBand(string Label, string Told, IReadOnlyList<HostCell> Cells)
{
    public const int Columns = 32;

    public int Rows => (Cells.Count + Columns - 1) / Columns;
}

/// <summary>The hosts of a plan as a picture that fits beside a terminal, however many they are.</summary>
internal static class HostCells
{
    private const int MostBands = 6, MostCells = 256;

    /// <summary>The bands, and how many ranges are not shown.</summary>
    public static (IReadOnlyList<HostBand> Bands, int More) Of(IReadOnlyList<string> targets, IReadOnlyList<HostResultView> found)
    {
        var hosts = found.Select(host => (Read: Address.TryParse(host.Address, out var address), Address: address, IsOpen: host.Ports.Count > 0 || host.UnlistedPorts > 0))
            .Where(host => host.Read).ToList();
        var ranges = targets.Select(text => (Read: AddressRange.TryParse(text, out var range), Range: range)).Where(target => target.Read).Select(target => target.Range).ToList();
        return ([.. ranges.Take(MostBands).Select(Band)], Math.Max(0, ranges.Count - MostBands));

        HostBand Band(AddressRange range)
        {
            var inside = hosts.Where(host => host.Address >= range.First && host.Address <= range.Last).ToList();
            var (count, each) = range.Count <= MostCells ? ((int)range.Count, (UInt128)1) : (MostCells, (range.Count + MostCells - 1) / MostCells);
            var kinds = new string[count];
            foreach (var host in inside)
            {
                var at = (int)((host.Address.Bits - range.First.Bits) / each);
                kinds[at] = host.IsOpen ? "open" : kinds[at] ?? "up";
            }

            return new(range.ToString(), $"{Printable.Number(inside.Count)} of {Printable.Number(range.Count.ToString(System.Globalization.CultureInfo.InvariantCulture))}", [.. kinds.Select((kind, at) => new HostCell(Label(range, each, at), kind ?? ""))]);
        }
    }

    private static string Label(AddressRange range, UInt128 each, int at)
    {
        var first = new Address(range.First.Bits + ((UInt128)at * each));
        return each == 1 ? first.ToString() : $"from {first}";
    }
}
