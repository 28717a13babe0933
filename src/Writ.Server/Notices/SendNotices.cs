using System.Data.Common;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>
/// Empties the outbox: at least once, by any number of servers. Whoever sends a notice first moves its time ahead by a guarded update; where they
/// die before they have written that it was taken, it is sent again when that time comes, with the Message-ID that it had. What is wrong with
/// the mail server holds all of them up for a pause that grows; what is wrong with one address, that one alone.
/// </summary>
internal sealed class SendNotices(Database database, WriteTransaction writes, NoticeLetter letters, ServerSettings settings, TimeProvider time, ILogger<SendNotices> log)
{
    private const int Batch = 50;

    /// <summary>For how long a notice is whose it is that took it. A mail server answers in less, or is given up.</summary>
    public static readonly TimeSpan Claim = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);
    private TimeSpan _pause;
    private DateTimeOffset _nextTry;
    private DateTimeOffset _said;
    private bool _isTroubled;

    /// <summary>Sends what is due, unless the mail server is in a pause.</summary>
    public async Task Once(CancellationToken cancel)
    {
        if (settings.Mail is not { } mail || time.GetUtcNow() < _nextTry)
            return;
        MailConnection? connection = null;
        try
        {
            await using var db = database.Open();
            while (await Due(db, cancel) is { Count: > 0 } due)
            {
                foreach (var notice in due)
                {
                    if (await Look(db, notice, cancel) is not { } look)
                        continue;
                    if (look.Void is { } why)
                        await Settle(notice, NoticeState.Void, why);
                    else if (look.HeldUntil is { } until)
                        await Move(notice, until);
                    else
                    {
                        connection ??= await MailConnection.Open(mail, cancel);
                        if (await Move(notice, time.GetUtcNow() + Claim))
                            await Send(connection, notice, look.Letter!);
                    }
                }
            }

            if (connection is not null)
                await Recovered();
        }
        catch (IOException trouble)
        {
            _pause = TimeSpan.FromSeconds(Math.Clamp(_pause.TotalSeconds * 2, 1, LongestPause.TotalSeconds));
            _nextTry = time.GetUtcNow() + _pause;
            await Tell(trouble.Message);
            await GiveUpOld(cancel);
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync();
        }
    }

    /// <summary>What is to be done with it; null where it cannot be written. That is a defect, and no reason for the others to wait.</summary>
    private async Task<NoticeLetter.Look?> Look(WritDb db, NoticeRow notice, CancellationToken cancel)
    {
        try
        {
            return await letters.Read(db, notice, cancel);
        }
        catch (Exception defect) when (defect is InvalidOperationException or ArgumentException or FormatException or JsonException)
        {
            log.LogError(defect, "notice {Notice} cannot be written", notice.Id);
            await Failed(notice, "it cannot be written");
            return null;
        }
    }

    private Task<List<NoticeRow>> Due(WritDb db, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        return db.Notices.AsNoTracking().Where(row => row.State == NoticeState.Waiting && row.DueAt <= now).OrderBy(row => row.DueAt).Take(Batch).ToListAsync(cancel);
    }

    private async Task Send(MailConnection connection, NoticeRow notice, Letter letter)
    {
        MailOutcome outcome;
        string? why;
        try
        {
            // To its end, also when the server stops: cut in the middle it would come twice.
            (outcome, why) = await connection.Send(letter, CancellationToken.None);
        }
        catch (IOException failed)
        {
            // Not first in the line again: what one mail breaks the connection with must not hold up the others.
            await Failed(notice, failed.Message);
            throw;
        }

        if (outcome == MailOutcome.Taken)
            await Settle(notice, NoticeState.Sent, null);
        else if (outcome == MailOutcome.NeverForThisAddress || time.GetUtcNow() >= notice.CreatedAt + NoticeTimes.Patience)
            await GiveUp(notice, why!);
        else
            await Failed(notice, why!);
    }

    /// <summary>Moves its time ahead; false where another sender, or another end, came first.</summary>
    private async Task<bool> Move(NoticeRow notice, DateTimeOffset until)
    {
        var (moved, was) = (0, notice.DueAt);
        await writes.Append(async db => moved = await db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting && row.DueAt == was)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DueAt, until)));
        return moved == 1;
    }

    private Task Failed(NoticeRow notice, string why)
    {
        var next = time.GetUtcNow() + NoticeTimes.Pause(notice.Failures + 1);
        return writes.Append(db => db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DueAt, next).SetProperty(row => row.Failures, row => row.Failures + 1).SetProperty(row => row.Trouble, why)));
    }

    private Task Settle(NoticeRow notice, NoticeState state, string? why)
    {
        DateTimeOffset? now = time.GetUtcNow();
        return writes.Append(db => db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state).SetProperty(row => row.SettledAt, now).SetProperty(row => row.Trouble, why)));
    }

    private async Task GiveUpOld(CancellationToken cancel)
    {
        await using var db = database.Open();
        var last = time.GetUtcNow() - NoticeTimes.Patience;
        foreach (var old in await db.Notices.AsNoTracking().Where(row => row.State == NoticeState.Waiting && row.CreatedAt <= last).Take(Batch).ToListAsync(cancel))
            await GiveUp(old, old.Trouble ?? "the mail server took nothing");
    }

    /// <summary>For good, and on the record.</summary>
    private async Task GiveUp(NoticeRow notice, string why) => await writes.Commit<bool>(async scope =>
    {
        DateTimeOffset? now = scope.Now;
        if (await scope.Db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, NoticeState.GivenUp).SetProperty(row => row.SettledAt, now).SetProperty(row => row.Trouble, why)) == 0)
            return new Refusal(ErrorCode.WrongState, "it had ended");
        var person = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == notice.PersonId);
        scope.Record(new(AuditType.NoticeGivenUp, AuditActor.System, notice.RequestId, new()
        {
            ["notice"] = notice.Id.ToString(), ["kind"] = NoticeViews.Kind(notice.Kind), ["about"] = notice.Subject, ["for"] = person.Name, ["for_actor"] = notice.PersonId.ToString(), ["why"] = why,
        }));
        return true;
    });

    private async Task Recovered()
    {
        _pause = TimeSpan.Zero;
        if (_isTroubled)
            log.LogWarning("mail to people gets through again");
        _isTroubled = false;
        DateTimeOffset? now = time.GetUtcNow();
        await writes.Append(db => db.NoticeProgress.ExecuteUpdateAsync(set => set.SetProperty(row => row.SentAt, now).SetProperty(row => row.Trouble, (string?)null).SetProperty(row => row.TroubleAt, (DateTimeOffset?)null)));
    }

    private async Task Tell(string why)
    {
        DateTimeOffset? now = time.GetUtcNow();
        if (_isTroubled && now - _said < SayEvery)
            return;
        (_isTroubled, _said) = (true, now.Value);
        log.LogCritical("mail to people does not get through, and notices wait: {Why}", why);
        try
        {
            await writes.Append(db => db.NoticeProgress.ExecuteUpdateAsync(set => set
                .SetProperty(row => row.TroubleAt, row => row.Trouble == null ? now : row.TroubleAt).SetProperty(row => row.Trouble, why)));
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException)
        {
            log.LogError("nor can that be written down: {Why}", failed.Message);
        }
    }
}
