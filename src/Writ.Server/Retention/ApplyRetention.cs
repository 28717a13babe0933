using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Retention;

/// <summary>
/// Deletes what is past its retention, once a minute. The entry comes first, in the transaction that marks the evidence as deleted:
/// from then on nobody is shown any of it. Its bytes go after that, in pieces; whatever breaks off is taken up again, by this
/// server or another. The digests stay where they are, in the log.
/// </summary>
internal sealed class ApplyRetention(Database database, WriteTransaction writes, TimeProvider time, ILogger<ApplyRetention> log) : BackgroundService
{
    /// <summary>Of each kind in one round; what is more waits for the next.</summary>
    private const int MostAtOnce = 200;
    private const int PiecesAtOnce = 64;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await Once(stoppingToken);
                }
                catch (Exception failed) when (failed is DbException or DbUpdateException or InvalidOperationException or IOException)
                {
                    log.LogError(failed, "what is past its retention could not be deleted; the next round tries again");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; what is marked is deleted by the next one.
        }
    }

    /// <summary>One round.</summary>
    public async Task Once(CancellationToken cancel)
    {
        await Mark(cancel);
        await Delete(cancel);
    }

    /// <summary>Records what is past its retention, and marks it as deleted.</summary>
    public async Task Mark(CancellationToken cancel)
    {
        await using var db = database.Open();
        foreach (var retention in await db.Retention.AsNoTracking().ToListAsync(cancel))
        {
            if (retention.Kind == RetentionKind.Files)
                await DeleteFiles(db, retention, cancel);
            else
                await MarkRuns(db, retention, cancel);
        }
    }

    /// <summary>Deletes the bytes of what is marked.</summary>
    public async Task Delete(CancellationToken cancel)
    {
        await using var db = database.Open();
        foreach (var deletion in await db.Deletions.AsNoTracking().Where(row => !row.Done).Take(MostAtOnce).ToListAsync(cancel))
        {
            if (deletion.Kind == RetentionKind.Recordings)
                await DeleteRecording(deletion, cancel);
            else
                await writes.Append(into => DeleteResults(into, deletion));
            await writes.Append(into => into.Deletions.Where(row => row.RunId == deletion.RunId && row.Kind == deletion.Kind)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Done, true), CancellationToken.None));
        }
    }

    private async Task MarkRuns(WritDb db, RetentionRow retention, CancellationToken cancel)
    {
        var past = time.GetUtcNow() - retention.Keep;
        var runs = await db.Runs.AsNoTracking()
            .Where(run => run.EndedAt <= past && !RunStates.Live.Contains(run.State) && !db.Deletions.Any(row => row.RunId == run.Id && row.Kind == retention.Kind))
            .OrderBy(run => run.EndedAt).Take(MostAtOnce).ToListAsync(cancel);
        foreach (var run in runs)
        {
            var results = retention.Kind == RetentionKind.Results ? RunOutput.ReadResults(run) : null;
            await writes.Commit<bool>(async scope =>
            {
                // Whoever lengthened it meanwhile is heeded, and of two servers one is first.
                if (!await Holds(scope, retention) || await scope.Db.Database.ExecuteSqlAsync(
                        $"INSERT INTO deletions (\"RunId\", \"Kind\", \"At\", \"Keep\", \"Done\") VALUES ({run.Id.ToString()}, {retention.Kind}, {UnixMicroseconds.From(scope.Now)}, {UnixMicroseconds.From(retention.Keep)}, {false}) ON CONFLICT DO NOTHING") == 0)
                    return new Refusal(ErrorCode.WrongState, "it is not past its retention any more, or is deleted already");
                scope.Record(new(AuditType.RetentionApplied, AuditActor.System, run.RequestId, new()
                {
                    ["kind"] = retention.Kind,
                    ["run"] = run.Id.ToString(),
                    ["sha256"] = retention.Kind == RetentionKind.Recordings ? run.RecordingSha256 : results?.Sha256,
                    ["bytes"] = retention.Kind == RetentionKind.Recordings ? run.RecordingBytes : results?.Bytes,
                    ["ended_at"] = run.EndedAt!.Value.ToString("O"),
                    ["keep"] = retention.Keep.TotalSeconds,
                }));
                return true;
            });
        }
    }

    private async Task DeleteFiles(WritDb db, RetentionRow retention, CancellationToken cancel)
    {
        var past = time.GetUtcNow() - retention.Keep;
        var used = await Used(db, cancel);
        // Results go with their own kind.
        var files = await db.Files.AsNoTracking()
            .Where(file => file.KeptAt <= past && file.DeletedAt == null && !used.Contains(file.Sha256) && !db.Results.Any(results => results.Sha256 == file.Sha256))
            .OrderBy(file => file.KeptAt).Take(MostAtOnce).Select(file => new { file.Sha256, Bytes = file.Bytes.Length, file.KeptAt }).ToListAsync(cancel);
        foreach (var file in files)
        {
            await writes.Commit<bool>(async scope =>
            {
                if (!await Holds(scope, retention) || await Empty(scope.Db, file.Sha256, past, scope.Now, retention.Keep) == 0)
                    return new Refusal(ErrorCode.WrongState, "it is not past its retention any more, or is deleted already");
                scope.Record(new(AuditType.RetentionApplied, AuditActor.System, null, new()
                {
                    ["kind"] = retention.Kind, ["sha256"] = file.Sha256, ["bytes"] = file.Bytes, ["kept_at"] = file.KeptAt.ToString("O"), ["keep"] = retention.Keep.TotalSeconds,
                }));
                return true;
            });
        }
    }

    private static Task<bool> Holds(WriteScope scope, RetentionRow retention) => scope.Db.Retention.AnyAsync(row => row.Kind == retention.Kind && row.Keep == retention.Keep);

    private static Task<int> Empty(WritDb db, string sha256, DateTimeOffset keptUntil, DateTimeOffset at, TimeSpan keep)
    {
        byte[] nothing = [];
        return db.Files.Where(file => file.Sha256 == sha256 && file.DeletedAt == null && file.KeptAt <= keptUntil).ExecuteUpdateAsync(set => set
            .SetProperty(file => file.Bytes, nothing).SetProperty(file => file.DeletedAt, at).SetProperty(file => file.Keep, keep));
    }

    /// <summary>The files of whatever may still be decided on or run.</summary>
    private static async Task<string[]> Used(WritDb db, CancellationToken cancel)
    {
        var statements = await db.Requests.AsNoTracking()
            .Where(request => request.State == Core.RequestState.Pending
                || db.Grants.Any(grant => grant.RequestId == request.Id && grant.State == Core.GrantState.Active)
                || db.Runs.Any(run => run.RequestId == request.Id && RunStates.Live.Contains(run.State)))
            .Select(request => request.Statement).ToListAsync(cancel);
        return
        [
            .. statements.Select(bytes => Statement.Read(bytes)).Where(statement => statement.IsOk)
                .SelectMany(statement => statement.Value.Inputs.Select(input => input.Sha256).Concat((statement.Value.Files ?? []).Select(file => file.Sha256))).Distinct(),
        ];
    }

    // A recording of gigabytes is not deleted in one transaction: others write too.
    private async Task DeleteRecording(DeletionRow deletion, CancellationToken cancel)
    {
        while (true)
        {
            await using var db = database.Open();
            var offsets = await db.RecordingPieces.Where(piece => piece.RunId == deletion.RunId).OrderBy(piece => piece.Offset).Select(piece => piece.Offset)
                .Take(PiecesAtOnce).ToListAsync(cancel);
            if (offsets.Count == 0)
                return;
            var last = offsets[^1];
            await writes.Append(into => into.RecordingPieces.Where(piece => piece.RunId == deletion.RunId && piece.Offset <= last).ExecuteDeleteAsync(CancellationToken.None));
        }
    }

    private static async Task DeleteResults(WritDb db, DeletionRow deletion)
    {
        await db.ResultHosts.Where(row => row.RunId == deletion.RunId).ExecuteDeleteAsync();
        await db.ResultPorts.Where(row => row.RunId == deletion.RunId).ExecuteDeleteAsync();
        await db.RunResults.Where(row => row.RunId == deletion.RunId).ExecuteDeleteAsync();
        if (await db.Results.AsNoTracking().SingleOrDefaultAsync(row => row.RunId == deletion.RunId) is not { } results)
            return;
        // The same bytes may be those of another run, or a file that somebody handed in since.
        await db.Results.Where(row => row.RunId == deletion.RunId).ExecuteDeleteAsync();
        if (!await db.Results.AnyAsync(row => row.Sha256 == results.Sha256))
            await Empty(db, results.Sha256, results.KeptAt, deletion.At, deletion.Keep);
    }
}
