using Writ.Contracts.Runs;
using Writ.Server.WebConsole.Runs;

namespace Writ.Tests.Server.WebConsole;

/// <summary>The picture of a plan's hosts.</summary>
public sealed class HostCellsTests
{
    private static HostResultView Host(string address, bool open = false) => new(address, null, open ? [new("tcp", 22, "ssh", null)] : [], 0);

    [Fact]
    public void Of_a_small_range_has_a_square_for_each_host()
    {
        var (bands, more) = HostCells.Of(["10.20.4.0/25", "10.66.3.10-10.66.3.13"], [Host("10.20.4.0", open: true), Host("10.20.4.2"), Host("10.66.3.13"), Host("192.0.2.1")]);
        (bands.Count, more).ShouldBe((2, 0));
        (bands[0].Cells.Count, bands[0].Rows, bands[0].Told).ShouldBe((128, 4, "2 of 128"));
        bands[0].Cells.Select(cell => cell.Kind).Take(3).ShouldBe(["open", "", "up"]);
        bands[1].Cells.Select(cell => (cell.Label, cell.Kind)).ShouldBe([("10.66.3.10", ""), ("10.66.3.11", ""), ("10.66.3.12", ""), ("10.66.3.13", "up")]);
    }

    [Fact]
    public void Of_a_large_range_has_as_many_squares_as_fit()
    {
        var (bands, _) = HostCells.Of(["10.20.0.0/16"], [Host("10.20.0.255"), Host("10.20.1.0", open: true), Host("10.20.255.255", open: true)]);
        bands[0].Cells.Count.ShouldBe(256);
        (bands[0].Cells[0].Kind, bands[0].Cells[1].Kind, bands[0].Cells[255].Kind, bands[0].Told).ShouldBe(("up", "open", "open", "3 of 65,536"));
        HostCells.Of(["2001:db8::/32"], [Host("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]).Bands[0].Cells[255].Kind.ShouldBe("up");
    }

    [Fact]
    public void Of_many_ranges_shows_the_first() =>
        HostCells.Of([.. Enumerable.Range(0, 20).Select(number => $"10.20.{number}.0/24"), "no range"], []).More.ShouldBe(14);
}
