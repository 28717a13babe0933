using System.Collections.Concurrent;
using Writ.Core.Audit;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// Records refused attempts: one entry each, up to 10 a minute per source, and then one counted entry a minute, so that
/// a flood can neither fill the disk nor hide a probe.
/// </summary>
internal sealed class RefusedAttempts(WriteTransaction writes, TimeProvider time, ILogger<RefusedAttempts> log)
{
    private const int OneByOne = 10;
    private const int MostSources = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Source> _sources = new(StringComparer.Ordinal);

    /// <summary>Records an attempt, or counts it. A database that cannot be written changes nothing for the caller: it was refused anyway.</summary>
    public async Task Record(AuditEvent attempt)
    {
        var now = time.GetUtcNow();
        var key = $"{attempt.SourceAddress}\n{attempt.Actor.Id}";
        if (!_sources.ContainsKey(key) && _sources.Count >= MostSources)
            key = "others";
        var source = _sources.GetOrAdd(key, static _ => new Source());
        bool write;
        lock (source)
        {
            if (source.Seen == 0)
                source.Since = now;
            source.Seen++;
            source.Last = attempt;
            write = source.Seen <= OneByOne;
        }

        if (write)
            await Write(attempt);
    }

    /// <summary>Ends windows that are over; writes the counts of those that had more than they could tell. Called by the sweep.</summary>
    public async Task CloseWindows()
    {
        var now = time.GetUtcNow();
        foreach (var (key, source) in _sources)
        {
            AuditEvent? counted = null;
            lock (source)
            {
                if (now - source.Since < Window)
                    continue;
                if (source.Seen > OneByOne && source.Last is { } last)
                    counted = last with
                    {
                        Type = AuditType.AttemptsCounted,
                        Fields = new() { ["count"] = source.Seen - OneByOne, ["last_type"] = last.Type },
                    };
                source.Seen = 0;
                _sources.TryRemove(key, out _);
            }

            if (counted is not null)
                await Write(counted);
        }
    }

    private async Task Write(AuditEvent attempt)
    {
        try
        {
            await writes.Commit<bool>(scope =>
            {
                scope.Record(attempt);
                return Task.FromResult<Writ.Proof.Errors.Result<bool>>(true);
            });
        }
        catch (Exception failed) when (failed is System.Data.Common.DbException or Microsoft.EntityFrameworkCore.DbUpdateException)
        {
            log.LogError(failed, "a refused attempt could not be recorded: {Type}", attempt.Type);
        }
    }

    private sealed class Source
    {
        public DateTimeOffset Since;
        public long Seen;
        public AuditEvent? Last;
    }
}
