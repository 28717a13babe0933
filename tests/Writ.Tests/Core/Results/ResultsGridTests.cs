using Writ.Core.Results;
using Writ.Proof.Addresses;
using static Writ.Tests.Core.Results.NmapResultsTests;

namespace Writ.Tests.Core.Results;

/// <summary>Hosts against ports, and what is another than before.</summary>
public sealed class ResultsGridTests
{
    private static readonly AddressSet Targets = AddressSet.TryParse(["10.20.0.0/28"], out var set, out _) ? set : AddressSet.Empty;

    private static ResultsSide Side(string xml) => new(Read(xml), Targets);

    private static string With(string from, string to) => Host.Replace(from, to, StringComparison.Ordinal);

    [Fact]
    public void Of_one_run_shows_its_open_ports_and_what_the_others_say_of_them()
    {
        var grid = ResultsGrid.Of(Side(Head + Host + Tail), null);
        grid.Columns.Select(column => $"{column.Protocol}{column.Port} {column.Service}").ShouldBe(["tcp22 ssh", "tcp80 ssl/http"]);
        var row = grid.Rows.ShouldHaveSingleItem();
        row.Cells.ShouldBe([CellState.Open, CellState.Open]);
        (row.Address.ToString(), row.Open, row.Changes, grid.OpenPorts, grid.HostsUp).ShouldBe(("10.20.0.5", 2, 0, 2L, 1L));
    }

    [Fact]
    public void Of_two_runs_marks_what_opened_changed_and_is_gone()
    {
        var before = Side(Head + With("9.2", "9.6") + Tail);
        var after = Side(Head + Host.Replace("""<port protocol="tcp" portid="80"><state state="open" """, """<port protocol="tcp" portid="80"><state state="closed" """, StringComparison.Ordinal) + Tail);
        var grid = ResultsGrid.Of(after, before);
        grid.Rows.ShouldHaveSingleItem().Cells.ShouldBe([CellState.Changed, CellState.Gone]);
        ResultsGrid.Of(before, after).Rows.ShouldHaveSingleItem().Cells.ShouldBe([CellState.Changed, CellState.Opened]);
    }

    [Fact]
    public void Of_a_host_that_is_down_now_tells_that_its_ports_are_gone() =>
        ResultsGrid.Of(Side(Head + Tail), Side(Head + Host + Tail)).Rows.ShouldHaveSingleItem().Cells.ShouldBe([CellState.Gone, CellState.Gone]);

    [Fact]
    public void Of_a_run_that_was_cut_says_nothing_of_what_it_did_not_measure() =>
        ResultsGrid.Of(Side(Head), Side(Head + Host + Tail)).Rows.ShouldBeEmpty();
}
