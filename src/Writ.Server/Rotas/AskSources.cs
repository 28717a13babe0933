using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Rotas;

/// <summary>
/// Asks the sources who is on call, each by itself and in the background, and keeps what they say in the database: decisions look there, wait for nobody, and are
/// the same on every server. Of any number of servers one asks at a time. Whoever gives no answer in time is not known any more, by the instant that stands in the row.
/// </summary>
internal sealed class AskSources(Database database, WriteTransaction writes, ServerSettings settings, TimeProvider time, ILogger<AskSources> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(settings.OnCall.Sources.Select(source => Loop(source, stoppingToken)));

    private async Task Loop(Source source, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                try
                {
                    await Once(source, stopping);
                }
                catch (Exception failed) when (failed is DbException or DbUpdateException or InvalidOperationException or IOException)
                {
                    log.LogError("who is on call by source {Source} could not be kept, and is tried again: {Why}", source.Name, failed.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>One turn: asks where it is due and no other server does, and writes down what holds no longer.</summary>
    public async Task Once(Source source, CancellationToken cancel)
    {
        if (await Claim(source) is { } asked)
        {
            try
            {
                using var call = new SourceCall(source);
                await Answered(source, await call.Ask(cancel), asked);
            }
            catch (IOException failed)
            {
                await Failed(source, failed.Message);
            }
        }

        await Lose(source);
    }

    /// <summary>When it was taken, where it was due and this server took it.</summary>
    private async Task<DateTimeOffset?> Claim(Source source)
    {
        var now = time.GetUtcNow();
        await using (var db = database.Open())
        {
            if (await db.OnCall.AsNoTracking().SingleOrDefaultAsync(row => row.Source == source.Name) is { } known && known.NextAt > now)
                return null;
        }

        var claimed = 0;
        var next = now + source.Every;
        try
        {
            await writes.Append(async db =>
            {
                claimed = await db.OnCall.Where(row => row.Source == source.Name && row.NextAt <= now).ExecuteUpdateAsync(set => set.SetProperty(row => row.NextAt, next));
                if (claimed == 0 && !await db.OnCall.AnyAsync(row => row.Source == source.Name))
                {
                    db.OnCall.Add(new() { Source = source.Name, People = [], NextAt = next });
                    claimed = 1;
                }
            });
        }
        catch (DbUpdateException)
        {
            // Another server added the row at this moment, and asks.
            return null;
        }

        return claimed == 1 ? now : null;
    }

    private async Task Answered(Source source, string[] people, DateTimeOffset asked)
    {
        OnCallRow before;
        await using (var db = database.Open())
            before = await db.OnCall.AsNoTracking().SingleAsync(row => row.Source == source.Name);
        if (before.IsKnown && before.People.SequenceEqual(people))
            await writes.Append(db => Keep(db, source, people, asked));
        else
            await writes.Commit<bool>(async scope =>
            {
                if (!await Keep(scope.Db, source, people, asked))
                    return new Refusal(ErrorCode.WrongState, "a newer answer is here");
                scope.Record(new(AuditType.OnCallChanged, AuditActor.System, null, new()
                {
                    ["source"] = source.Name, ["people"] = AuditEvent.Texts(people), ["before"] = before.IsKnown ? AuditEvent.Texts(before.People) : null, ["holds_until"] = (asked + source.Holds).ToString("O"),
                }));
                return true;
            });
        if (before.Trouble is not null || !before.IsKnown)
            log.LogWarning("source {Source} says who is on call: {People}", source.Name, people.Length == 0 ? "nobody" : string.Join(", ", people));
    }

    /// <summary>An older answer never takes the place of a newer one; then false.</summary>
    private static async Task<bool> Keep(WritDb db, Source source, string[] people, DateTimeOffset asked)
    {
        DateTimeOffset? at = asked, until = asked + source.Holds;
        return await db.OnCall.Where(row => row.Source == source.Name && (row.AnsweredAt == null || row.AnsweredAt < at)).ExecuteUpdateAsync(set => set
            .SetProperty(row => row.People, people).SetProperty(row => row.AnsweredAt, at).SetProperty(row => row.HoldsUntil, until).SetProperty(row => row.IsKnown, true)
            .SetProperty(row => row.Trouble, (string?)null).SetProperty(row => row.TroubleAt, (DateTimeOffset?)null)) == 1;
    }

    private async Task Failed(Source source, string why)
    {
        DateTimeOffset? now = time.GetUtcNow();
        var isNew = false;
        await writes.Append(async db =>
        {
            isNew = await db.OnCall.AnyAsync(row => row.Source == source.Name && (row.Trouble == null || row.Trouble != why));
            await db.OnCall.Where(row => row.Source == source.Name).ExecuteUpdateAsync(set => set.SetProperty(row => row.TroubleAt, row => row.Trouble == null ? now : row.TroubleAt).SetProperty(row => row.Trouble, why));
        });
        if (isNew)
            log.LogWarning("source {Source} does not say who is on call: {Why}", source.Name, why);
    }

    /// <summary>Its answer is too old: nobody is on call by it, which is on the record once.</summary>
    private async Task Lose(Source source)
    {
        var now = time.GetUtcNow();
        await using (var db = database.Open())
        {
            if (!await db.OnCall.AnyAsync(row => row.Source == source.Name && row.IsKnown && row.HoldsUntil <= now))
                return;
        }

        var lost = await writes.Commit<bool>(async scope =>
        {
            var row = await scope.Db.OnCall.AsNoTracking().SingleAsync(row => row.Source == source.Name);
            if (await scope.Db.OnCall.Where(row => row.Source == source.Name && row.IsKnown && row.HoldsUntil <= now).ExecuteUpdateAsync(set => set.SetProperty(row => row.IsKnown, false)) == 0)
                return new Refusal(ErrorCode.WrongState, "another server was first, or it has answered");
            scope.Record(new(AuditType.OnCallLost, AuditActor.System, null, new()
            {
                ["source"] = source.Name, ["before"] = AuditEvent.Texts(row.People), ["since"] = row.HoldsUntil!.Value.ToString("O"), ["why"] = row.Trouble,
            }));
            return true;
        });
        if (lost.IsOk)
            log.LogCritical("source {Source} gave no answer for too long: nobody is on call by it", source.Name);
    }
}
