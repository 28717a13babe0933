using System.Diagnostics.Metrics;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>What a page that somebody goes away from leaves behind.</summary>
[Collection(AloneOnSqliteCollection.Name)]
public sealed class LeavingTests(SqliteConsoleBrowser browser) : IClassFixture<SqliteConsoleBrowser>
{
    [Fact]
    public async Task Page_that_is_left_keeps_nothing_on_the_server()
    {
        var open = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "aspnetcore.components.circuit.active")
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, change, _, _) => Interlocked.Add(ref open, change));
        listener.Start();
        await using var house = await ConsoleHouse.Of(browser.Engine, browser.Browser, Company.Policy);
        var page = await house.Open(await Company.Dana(house.World), "/history");
        Interlocked.Read(ref open).ShouldBe(1);

        // For another page, and for good.
        await page.GotoAsync("/audit");
        await ConsoleHouse.Live(page);
        await House.Until(() => Task.FromResult(Interlocked.Read(ref open) == 1), "the page before is kept");
        await page.GotoAsync("about:blank");
        await House.Until(() => Task.FromResult(Interlocked.Read(ref open) == 0), "the last page is kept");
    }
}
