using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// Access to evidence is itself evidence: whoever looks at a recording, at results, at files or at the log is in the log before
/// the first byte goes out, and where that cannot be written, none does. The same actor's further looks at the same thing within
/// a minute are one counted entry when the minute is over, so that polling does not flood.
/// </summary>
internal sealed class EvidenceViews(WriteTransaction writes, TimeProvider time, ILogger<EvidenceViews> log)
{
    /// <summary>Above it every look is an entry of its own.</summary>
    private const int MostWindows = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, View> _views = new(StringComparer.Ordinal);

    /// <summary>Records a look before anything is shown.</summary>
    /// <param name="caller">Who looks.</param>
    /// <param name="type">What kind of evidence it is: one of <see cref="AuditType"/>.</param>
    /// <param name="what">Which of that kind: the run's id, the file's digest, the part of the log.</param>
    /// <param name="story">The request whose story the look belongs to, or null.</param>
    /// <param name="fields">The entry's own fields.</param>
    /// <exception cref="DbException">It cannot be recorded: nothing may be shown.</exception>
    public async Task Record(Caller caller, string type, string what, RequestId? story, JsonObject fields)
    {
        var look = new AuditEvent(type, caller.Audit, story, fields, caller.SourceAddress);
        var key = $"{caller.Id}\n{caller.SourceAddress}\n{type}\n{what}";
        if (!_views.ContainsKey(key) && _views.Count >= MostWindows)
        {
            await Write(look);
            return;
        }

        while (true)
        {
            var fresh = new View(look, time.GetUtcNow());
            var view = _views.GetOrAdd(key, fresh);
            if (view == fresh)
            {
                try
                {
                    await Write(look);
                }
                catch
                {
                    // Whoever waits for this entry is shown nothing either.
                    _views.TryRemove(new(key, view));
                    view.Recorded.SetResult(false);
                    throw;
                }

                view.Recorded.SetResult(true);
                return;
            }

            // The first look's entry stands for this one once it is there; one that failed, or is over, stands for nobody.
            if (await view.Recorded.Task && view.TryCount(time.GetUtcNow() - Window))
                return;
            await Close(key, view);
        }
    }

    /// <summary>
    /// Ends the minutes that are over and writes the counts of further looks. Called by the sweep, which has more to do: what
    /// cannot be written is put off to the next one, and the same look is refused until then.
    /// </summary>
    public async Task CloseWindows()
    {
        var over = time.GetUtcNow() - Window;
        foreach (var (key, view) in _views)
        {
            if (view.Began > over || view.Recorded.Task is not { IsCompletedSuccessfully: true })
                continue;
            try
            {
                await Close(key, view);
            }
            catch (Exception failed) when (failed is DbException or DbUpdateException)
            {
                log.LogError(failed, "further looks at evidence could not be recorded; the next sweep tries again");
                return;
            }
        }
    }

    private async Task Close(string key, View view)
    {
        // Taken away first, so that it is written once; what cannot be written is put off to the next sweep.
        if (view.Close() is not (> 0 and var further))
        {
            _views.TryRemove(new(key, view));
            return;
        }

        try
        {
            var fields = (JsonObject)view.First.Fields!.DeepClone();
            fields["further"] = further;
            await Write(view.First with { Fields = fields });
        }
        catch
        {
            view.Reopen(further);
            throw;
        }

        _views.TryRemove(new(key, view));
    }

    private async Task Write(AuditEvent look)
    {
        var recorded = await writes.Commit<bool>(scope =>
        {
            scope.Record(look);
            return Task.FromResult<Result<bool>>(true);
        });
        _ = recorded.Value;
    }

    private sealed class View(AuditEvent first, DateTimeOffset began)
    {
        private readonly Lock _lock = new();
        private long _further;
        private bool _closed;

        public AuditEvent First => first;
        public DateTimeOffset Began => began;

        /// <summary>Whether the first look's entry is written; never set twice.</summary>
        public TaskCompletionSource<bool> Recorded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool TryCount(DateTimeOffset over)
        {
            lock (_lock)
            {
                if (_closed || began <= over)
                    return false;
                _further++;
                return true;
            }
        }

        public long Close()
        {
            lock (_lock)
            {
                _closed = true;
                return Interlocked.Exchange(ref _further, 0);
            }
        }

        public void Reopen(long further)
        {
            lock (_lock)
                _further += further;
        }
    }
}
