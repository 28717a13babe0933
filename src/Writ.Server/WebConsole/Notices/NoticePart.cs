using Microsoft.AspNetCore.Components;
using Writ.Contracts.Notices;
using Writ.Proof.Errors;

namespace Writ.Server.WebConsole.Notices;

/// <summary>A part of the page on how one is told: it shows its own of the settings, and changes it.</summary>
public abstract class NoticePart : ComponentBase
{
    /// <summary>The settings as they are.</summary>
    [Parameter, EditorRequired]
    public NoticeSettingsView Of { get; set; } = null!;

    /// <summary>They are others now.</summary>
    [Parameter]
    public EventCallback<NoticeSettingsView> Changed { get; set; }

    [Inject]
    private protected NoticesHere Here { get; set; } = null!;

    private protected bool Busy { get; private set; }

    private protected Refusal? Trouble { get; private set; }

    /// <summary>Does one thing at a time; true where it was done.</summary>
    private protected async Task<bool> Do(Func<Task<Result<NoticeSettingsView>>> verb)
    {
        if (Busy)
            return false;
        (Busy, Trouble) = (true, null);
        var done = await verb();
        (Busy, Trouble) = (false, done.IsOk ? null : done.Refusal);
        if (done.IsOk)
            await Changed.InvokeAsync(done.Value);
        return done.IsOk;
    }

    /// <summary>Changes what is this part's own.</summary>
    private protected Task<bool> Change(Func<NoticeSettingsAsk, NoticeSettingsAsk> how) => Do(() => Here.Change(how(NoticesHere.Kept(Of))));
}
