using Writ.Proof.Addresses;

namespace Writ.Core.Results;

/// <summary>What a cell of the grid says of a port. The zero value says nothing.</summary>
public enum CellState
{
    /// <summary>It was not measured.</summary>
    None,
    /// <summary>Something answers there, as before, or there is no before.</summary>
    Open,
    /// <summary>Packets to it are swallowed.</summary>
    Filtered,
    /// <summary>Nothing listens there.</summary>
    Closed,
    /// <summary>The tool said something else of it, which is in its words.</summary>
    Other,
    /// <summary>It is open, and was not.</summary>
    Opened,
    /// <summary>It is open as it was, and another service answers, or the same one otherwise.</summary>
    Changed,
    /// <summary>It was open, and is not.</summary>
    Gone,
}

/// <summary>A port that is open somewhere.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>sctp</c> or <c>ip</c>.</param>
/// <param name="Port">Its number.</param>
/// <param name="Service">What it is mostly used for, by the word of the tool.</param>
/// <param name="Open">On how many hosts it is open.</param>
public sealed record GridColumn(string Protocol, int Port, string? Service, int Open);

/// <summary>A host.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Name">Its first name.</param>
/// <param name="Cells">What each column says of it.</param>
/// <param name="Open">How many ports are open.</param>
/// <param name="Changes">How many cells are another than before.</param>
public sealed record GridRow(Address Address, string? Name, IReadOnlyList<CellState> Cells, int Open, int Changes);

/// <summary>
/// Hosts against the ports that are open anywhere among them, with what changed since an earlier run. Hosts that are up without
/// an open port are counted and not listed.
/// </summary>
/// <param name="Columns">By protocol and number.</param>
/// <param name="Rows">By address.</param>
/// <param name="OpenPorts">Open ports of all hosts.</param>
/// <param name="HostsUp">Hosts that are up.</param>
/// <param name="UnlistedColumns">Ports past the most that a grid shows.</param>
public sealed record ResultsGrid(IReadOnlyList<GridColumn> Columns, IReadOnlyList<GridRow> Rows, long OpenPorts, long HostsUp, int UnlistedColumns)
{
    /// <summary>Wider grids are read by nobody: the ports that are open most often are shown.</summary>
    public const int MostColumns = 64;

    /// <summary>The grid of a run, held against an earlier one where there is one.</summary>
    public static ResultsGrid Of(ResultsSide now, ResultsSide? before)
    {
        var (found, had) = (new ResultsLookup(now), before is null ? null : new ResultsLookup(before));
        var columns = now.Results.Hosts.Concat(before?.Results.Hosts ?? []).SelectMany(host => host.Ports).Where(port => port.IsOpen)
            .GroupBy(port => (port.Protocol, port.Number)).Select(ports => new GridColumn(
                ports.Key.Protocol, ports.Key.Number, ports.Where(port => port.Service is not null).GroupBy(port => port.Service).MaxBy(same => same.Count())?.Key, ports.Count())).ToList();
        var shown = columns.OrderByDescending(column => column.Open).ThenBy(column => column.Port).Take(MostColumns)
            .OrderBy(column => column.Protocol == "tcp" ? 0 : 1).ThenBy(column => column.Protocol, StringComparer.Ordinal).ThenBy(column => column.Port).ToList();
        var rows = found.Hosts.Keys.Union(had?.Hosts.Keys ?? Enumerable.Empty<Address>()).Order().Select(address => Row(address, shown, found, had))
            .Where(row => row.Open > 0 || row.Changes > 0).ToList();
        return new(shown, rows, now.Results.Hosts.Sum(host => (long)host.Ports.Count(port => port.IsOpen)), now.Results.Hosts.Count(host => host.State == "up"), columns.Count - shown.Count);
    }

    private static GridRow Row(Address address, List<GridColumn> columns, ResultsLookup found, ResultsLookup? had)
    {
        var cells = columns.Select(column => Cell(address, column, found, had)).ToArray();
        var host = found.Hosts.GetValueOrDefault(address) ?? had?.Hosts.GetValueOrDefault(address);
        return new(address, host is { Names: [var name, ..] } ? name : null, cells,
            found.Hosts.TryGetValue(address, out var listed) ? listed.Ports.Count(port => port.IsOpen) : 0, cells.Count(cell => cell is CellState.Opened or CellState.Changed or CellState.Gone));
    }

    private static CellState Cell(Address address, GridColumn column, ResultsLookup found, ResultsLookup? had)
    {
        var @is = found.State(address, column.Protocol, column.Port);
        // What one of the two did not measure is no change.
        var was = @is is null ? null : had?.State(address, column.Protocol, column.Port);
        return (was, @is) switch
        {
            (_, null) => CellState.None,
            (not (null or "open"), "open") => CellState.Opened,
            ("open", not "open") => CellState.Gone,
            ("open", "open") => IsChanged(had!.Port(address, column.Protocol, column.Port), found.Port(address, column.Protocol, column.Port)) ? CellState.Changed : CellState.Open,
            (_, "open") => CellState.Open,
            (_, "filtered") => CellState.Filtered,
            (_, "closed") => CellState.Closed,
            _ => CellState.Other,
        };
    }

    private static bool IsChanged(FoundPort? before, FoundPort? after) => before is not null && after is not null && ResultsDiff.IsOtherService(before, after);
}
