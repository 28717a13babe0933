using System.Text.Json;
using Microsoft.Playwright;
using Writ.SystemTests.EndToEnd;

namespace Writ.SystemTests.Browser;

/// <summary>
/// What every page is held to: nothing refused and nothing broken, open to everybody, and as wide as its window. How a page looks is
/// nothing of the database's: where the same is walked through on two engines, one is looked at.
/// </summary>
/// <param name="looks">Whether this is the engine on which pages are looked at.</param>
/// <param name="wrong">What went wrong in any window so far.</param>
internal sealed class PageLook(bool looks, IReadOnlyCollection<string> wrong)
{
    private static readonly Lazy<string> Axe = new(() => File.ReadAllText(
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(House.Program("writ"))!)!, "artifacts", "npm", "node_modules", "axe-core", "axe.min.js")));

    /// <summary>A page as it is.</summary>
    public async Task At(IPage page, string name)
    {
        wrong.ShouldBeEmpty(name);
        if (!looks)
            return;
        await Picture(page, name);
        (await Violations(page)).ShouldBeEmpty(name);
        // What scrolls to the side by itself is made for it.
        (await page.EvaluateAsync<string[]>("""
            () => [document.documentElement, document.querySelector('main'), ...document.querySelectorAll('main.split > *, main.split .ledger')]
              .filter(each => each && each.scrollWidth > each.clientWidth + 1 && each.checkVisibility()).map(each => `${each.tagName}.${each.className}: ${each.scrollWidth} in ${each.clientWidth}`)
            """)).ShouldBeEmpty($"{name} is wider than its window");
        (await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue($"{name} is wider than its window");
        wrong.ShouldBeEmpty(name);
    }

    /// <summary>The same in the light, in the dark, and on a phone.</summary>
    public async Task Around(IPage page, string name)
    {
        if (!looks)
        {
            await At(page, name);
            return;
        }

        var size = page.ViewportSize!;
        await At(page, $"{name}-light");
        await Turn(page, ColorScheme.Dark);
        await At(page, $"{name}-dark");
        await page.SetViewportSizeAsync(390, 844);
        await At(page, $"{name}-phone");
        await Turn(page, ColorScheme.Light);
        await page.SetViewportSizeAsync(size.Width, size.Height);
    }

    /// <summary>
    /// A picture of the page, into the folder that <c>WRIT_IMAGES</c> names (<c>docs/images</c> to keep it), else nowhere.
    /// </summary>
    public static async Task Picture(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("WRIT_IMAGES") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
    }

    /// <summary>What axe finds wrong with the page at WCAG 2.2 AA, one line each.</summary>
    private static async Task<IReadOnlyList<string>> Violations(IPage page)
    {
        // The page's protection allows no script of others: this one comes as the debugger's.
        if (!await page.EvaluateAsync<bool>("() => typeof window.axe === 'object'"))
            await page.EvaluateAsync(Axe.Value);
        var found = await page.EvaluateAsync<JsonElement>("() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((result) => result.violations)");
        return [.. found.EnumerateArray().SelectMany(violation => violation.GetProperty("nodes").EnumerateArray()
            .Select(node => $"{violation.GetProperty("id").GetString()}: {node.GetProperty("html").GetString()} {node.GetProperty("failureSummary").GetString()}"))];
    }

    /// <summary>A terminal draws itself anew in the other colours, a moment after the page.</summary>
    private static async Task Turn(IPage page, ColorScheme scheme)
    {
        await page.EmulateMediaAsync(new() { ColorScheme = scheme });
        await House.Until(() => page.EvaluateAsync<bool>("""
            () => [...document.querySelectorAll('.xterm-rows')].every(rows => getComputedStyle(rows).color === getComputedStyle(document.body).color)
            """), "the terminal keeps its colours");
    }
}
