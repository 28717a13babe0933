using Microsoft.JSInterop;
using Writ.Server.Pages;

namespace Writ.Server.WebConsole;

/// <summary>The time zone of whoever looks, as their browser tells it: for what is cut into days, and cannot be left to the browser.</summary>
internal sealed class ViewerZone(IJSRuntime js)
{
    private TimeZoneInfo? _zone;

    /// <summary>The zone; UTC before the browser was asked, and where it names one that is not known here.</summary>
    public TimeZoneInfo Now => _zone ?? TimeZoneInfo.Utc;

    /// <summary>The zone; null before the browser was asked.</summary>
    public TimeZoneInfo? Told => _zone;

    /// <summary>Asks the browser once; true where the answer is another zone than before.</summary>
    public async Task<bool> Ask()
    {
        if (_zone is not null)
            return false;
        try
        {
            await using var module = await js.InvokeAsync<IJSObjectReference>("import", PageAssets.Path("zone.js"));
            _zone = TimeZoneInfo.TryFindSystemTimeZoneById(await module.InvokeAsync<string>("zone"), out var zone) ? zone : TimeZoneInfo.Utc;
        }
        catch (JSDisconnectedException)
        {
            return false;
        }

        return !_zone.HasSameRules(TimeZoneInfo.Utc);
    }
}
