using Microsoft.AspNetCore.Components;

namespace Writ.Server.WebConsole;

/// <summary>
/// A component that shows what may change by itself. It loads once before it is first shown, and again whenever something
/// happens that concerns it; happenings that come while it loads are one more load, not many.
/// </summary>
public abstract class LiveComponent : ComponentBase, IDisposable
{
    private readonly Lock _lock = new();
    private IDisposable? _listening;
    private bool _loading;
    private bool _again;
    private bool _over;

    [Inject]
    private protected Feed Feed { get; set; } = null!;

    [Inject]
    private protected Visit Visit { get; set; } = null!;

    [Inject]
    private protected HandOver HandOver { get; set; } = null!;

    /// <summary>By what name the page that comes alive fetches what was read when it was made.</summary>
    [PersistentState]
    public string? Handed { get; set; }

    /// <summary>How long the log was before that was read which the page was made with; null where it was read alive.</summary>
    private protected long? ReadAt { get; set; }

    /// <summary>Reads what is shown. Not called by two at once.</summary>
    private protected abstract Task Load();

    /// <summary>All that <see cref="Load"/> left behind, for the page that comes alive; null where that reads anew.</summary>
    private protected virtual object? Loaded { get => null; set => throw new NotSupportedException(); }

    /// <summary>Whether something that happened is a reason to load again.</summary>
    private protected virtual bool Concerns(Happening happened) => true;

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        if (Handed is { } name)
        {
            Handed = null;
            if (await Visit.Session() is { } live && HandOver.Take(name, live) is { } kept)
            {
                (Loaded, ReadAt) = (kept.Read, kept.Size);
                return;
            }
        }

        var size = Feed.Size;
        await Reload();
        if (!RendererInfo.IsInteractive && Loaded is { } loaded && await Visit.Session() is { } session)
            Handed = HandOver.Keep(session, loaded, size);
    }

    /// <inheritdoc/>
    protected override void OnAfterRender(bool firstRender)
    {
        // While a page is made on the server for the first time there is nobody to tell anything.
        if (!firstRender)
            return;
        _listening = Feed.Listen(Happened);
        // What happened since it was read.
        if (ReadAt is { } size && Feed.Since(size) is { Count: > 0 } happened)
            Happened(happened);
    }

    /// <summary>Loads, and once more where something came in between.</summary>
    private protected async Task Reload()
    {
        lock (_lock)
        {
            _again = true;
            if (_loading)
                return;
            _loading = true;
        }

        while (true)
        {
            lock (_lock)
            {
                if (!_again || _over)
                {
                    _loading = false;
                    return;
                }

                _again = false;
            }

            try
            {
                await Load();
            }
            catch
            {
                lock (_lock)
                    _loading = false;
                throw;
            }
        }
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        lock (_lock)
            _over = true;
        _listening?.Dispose();
    }

    private void Happened(IReadOnlyList<Happening> happened)
    {
        if (!happened.Any(each => each.Type.Length == 0 || Concerns(each)))
            return;
        _ = InvokeAsync(async () =>
        {
            try
            {
                await Reload();
                StateHasChanged();
            }
            catch (Exception failed) when (failed is not OutOfMemoryException)
            {
                await DispatchExceptionAsync(failed);
            }
        });
    }
}
