using Writ.Core.Results;
using Writ.Proof.Addresses;
using Writ.Server.Runs;

namespace Writ.Server.WebConsole.Results;

/// <summary>Rows of the grid under the range that holds them.</summary>
internal sealed record GridBand(string Zones, string Range, IReadOnlyList<GridRow> Rows);

/// <summary>What of a grid is shown, in which order.</summary>
/// <param name="OnlyChanged">Hosts of which something changed.</param>
/// <param name="Words">Each must stand in the host's address, name, or in the number, service or product of one of its open ports.</param>
/// <param name="SortBy">The column by which hosts come first of which it is open; null for the order of addresses.</param>
internal sealed record GridView(bool OnlyChanged, IReadOnlyList<string> Words, (string Protocol, int Port)? SortBy)
{
    /// <summary>The most hosts that are drawn at once.</summary>
    public const int Most = 300;

    public static IReadOnlyList<string> WordsOf(string? text) => (text ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The rows that are shown, sorted, in their bands; sorted by a port there is one band.</summary>
    public IReadOnlyList<GridBand> Of(ResultsSheet sheet, int most, out int more)
    {
        var hosts = sheet.Side.Results.Hosts.ToDictionary(host => host.Address);
        var rows = sheet.Grid.Rows.Where(row => (!OnlyChanged || row.Changes > 0) && Words.All(word => Has(row, hosts.GetValueOrDefault(row.Address), word))).ToList();
        more = Math.Max(0, rows.Count - most);
        if (SortBy is { } by && sheet.Grid.Columns.ToList().FindIndex(column => (column.Protocol, column.Port) == by) is >= 0 and var at)
            return [new("", "", [.. rows.OrderBy(row => Rank(row.Cells[at])).ThenBy(row => row.Address).Take(most)])];
        return
        [
            .. rows.Take(most).GroupBy(row => sheet.Bands.FirstOrDefault(band => row.Address >= band.Range.First && row.Address <= band.Range.Last))
                .Select(band => new GridBand(band.Key?.Zones ?? "", band.Key?.Range.ToString() ?? "", [.. band])),
        ];
    }

    private static int Rank(CellState cell) => cell switch
    {
        CellState.Opened => 0,
        CellState.Changed => 1,
        CellState.Open => 2,
        CellState.Gone => 3,
        CellState.Filtered => 4,
        CellState.Other => 5,
        CellState.Closed => 6,
        CellState.None => 7,
    };

    private static bool Has(GridRow row, FoundHost? host, string word) =>
        row.Address.ToString().Contains(word, StringComparison.OrdinalIgnoreCase)
        || (host is not null && (host.Names.Any(name => name.Contains(word, StringComparison.OrdinalIgnoreCase))
            || host.Ports.Any(port => port.IsOpen && (port.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) == word
                || port.Service?.Contains(word, StringComparison.OrdinalIgnoreCase) == true || port.Product?.Contains(word, StringComparison.OrdinalIgnoreCase) == true))));

    /// <summary>A cell as links name it: <c>10.20.4.31:8009</c>, <c>[2001:db8::5]:53/udp</c>.</summary>
    public static string Key(Address address, string protocol, int port) =>
        $"{(address.IsV4 ? address.ToString() : $"[{address}]")}:{port}{(protocol == "tcp" ? "" : $"/{protocol}")}";
}
