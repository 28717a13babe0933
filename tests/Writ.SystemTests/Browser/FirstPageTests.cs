using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>How long somebody waits for a page, and what it weighs. It measures time: alone.</summary>
[Collection(AloneOnPostgresCollection.Name)]
public sealed class FirstPageTests(LonelyPostgresStreet houses) : EndToEndTest(houses)
{
    /// <summary>What a first page may weigh on the wire, without the terminal.</summary>
    private const double MostBytes = 400_000;

    [Fact]
    public async Task First_page_is_there_within_a_second_and_400_kilobytes()
    {
        await using var browser = await HouseBrowser.At(House);
        var page = await browser.Open("sam", "/inbox");
        var network = await page.Context.NewCDPSessionAsync(page);
        var (bytes, files) = (0.0, 0);
        network.Event("Network.loadingFinished").OnEvent += (_, finished) => Add(Number(finished, "encodedDataLength"));
        network.Event("Network.webSocketFrameReceived").OnEvent += (_, frame) => Add(frame!.Value.GetProperty("response").GetProperty("payloadData").GetString()!.Length);
        await network.SendAsync("Network.enable");
        await network.SendAsync("Network.setCacheDisabled", new() { ["cacheDisabled"] = true });

        // Each time with nothing kept: a person's first.
        var times = new List<double>();
        var weights = new List<double>();
        for (var turn = 0; turn < 5; turn++)
        {
            await page.GotoAsync("about:blank");
            (bytes, files) = (0, 0);
            var clock = Stopwatch.StartNew();
            await page.GotoAsync("/inbox", new() { WaitUntil = WaitUntilState.Commit });
            await ConsoleHouse.Live(page);
            times.Add(clock.Elapsed.TotalMilliseconds);
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            weights.Add(bytes);
        }

        times.Sort();
        await Report(string.Create(CultureInfo.InvariantCulture, $"first page: {times[2]:0} ms until it answers (median of 5, {times[0]:0} to {times[4]:0}), {weights.Max() / 1000:0} kB in {files} pieces, {House.Engine}"));
        weights.ShouldAllBe(weight => weight > 20_000 && weight < MostBytes);
        times[2].ShouldBeLessThan(1_000);

        void Add(double more)
        {
            bytes += more;
            files++;
        }

        static double Number(JsonElement? of, string name) => of!.Value.GetProperty(name).GetDouble();
    }

    private static async Task Report(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        if (Environment.GetEnvironmentVariable("WRIT_TEST_REPORT") is { Length: > 0 } report)
            await File.AppendAllTextAsync(report, line + "\n");
    }
}
