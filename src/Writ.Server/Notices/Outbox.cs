using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>
/// What all ways of sending have in common: what is due, whose it is to send it, and what becomes of it. At least once, by any number of
/// servers: whoever sends a notice first moves its time ahead by a guarded update; where they die before they have written that it was taken,
/// it is sent again when that time comes.
/// </summary>
internal sealed class Outbox(WriteTransaction writes, NoticeLetter letters, TimeProvider time, ILogger<Outbox> log)
{
    private const int Batch = 50;

    /// <summary>For how long a notice is whose it is that took it. Whatever takes it answers in less, or is given up.</summary>
    public static readonly TimeSpan Claim = TimeSpan.FromMinutes(2);

    /// <summary>What is due by a way, the oldest first.</summary>
    public Task<List<NoticeRow>> Due(WritDb db, NoticeChannel channel, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        return db.Notices.AsNoTracking().Where(row => row.Channel == channel && row.State == NoticeState.Waiting && row.DueAt <= now).OrderBy(row => row.DueAt).Take(Batch).ToListAsync(cancel);
    }

    /// <summary>What it says; null where it is not to be sent now, which is written down already.</summary>
    public async Task<NoticeContent?> Read(WritDb db, NoticeRow notice, CancellationToken cancel)
    {
        NoticeLetter.Look look;
        try
        {
            look = await letters.Read(db, notice, cancel);
        }
        catch (Exception defect) when (defect is InvalidOperationException or ArgumentException or FormatException or JsonException)
        {
            // A defect, and no reason for the others to wait.
            log.LogError(defect, "notice {Notice} cannot be written", notice.Id);
            await Failed(notice, "it cannot be written");
            return null;
        }

        if (look.Void is { } why)
            await Settle(notice, NoticeState.Void, why);
        else if (look.HeldUntil is { } until)
            await Move(notice, until);
        return look.Content;
    }

    /// <summary>Makes it this server's to send; false where another sender, or another end, came first.</summary>
    public Task<bool> Take(NoticeRow notice) => Move(notice, time.GetUtcNow() + Claim);

    /// <summary>It was not taken, and is tried again; or is given up, where that was tried for long enough.</summary>
    /// <param name="after">How long it waits at least, where whoever did not take it said so.</param>
    public Task NotTaken(NoticeRow notice, string why, TimeSpan after = default) =>
        time.GetUtcNow() >= notice.CreatedAt + NoticeTimes.Patience ? GiveUp(notice, why) : Failed(notice, why, after);

    /// <summary>It is tried again, after a pause that grows.</summary>
    public Task Failed(NoticeRow notice, string why, TimeSpan after = default)
    {
        var pause = NoticeTimes.Pause(notice.Failures + 1);
        var next = time.GetUtcNow() + (after > pause ? after : pause);
        return writes.Append(db => db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DueAt, next).SetProperty(row => row.Failures, row => row.Failures + 1).SetProperty(row => row.Trouble, why)));
    }

    /// <summary>It has its end: sent, or nothing to tell any more.</summary>
    public Task Settle(NoticeRow notice, NoticeState state, string? why)
    {
        DateTimeOffset? now = time.GetUtcNow();
        return writes.Append(db => db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state).SetProperty(row => row.SettledAt, now).SetProperty(row => row.Trouble, why)));
    }

    /// <summary>Gives up what waits for too long while nothing is sent at all.</summary>
    public async Task GiveUpOld(WritDb db, NoticeChannel channel, string why, CancellationToken cancel)
    {
        var last = time.GetUtcNow() - NoticeTimes.Patience;
        foreach (var old in await db.Notices.AsNoTracking().Where(row => row.Channel == channel && row.State == NoticeState.Waiting && row.CreatedAt <= last).Take(Batch).ToListAsync(cancel))
            await GiveUp(old, old.Trouble ?? why);
    }

    /// <summary>For good, and on the record.</summary>
    public async Task GiveUp(NoticeRow notice, string why) => await writes.Commit<bool>(async scope =>
    {
        DateTimeOffset? now = scope.Now;
        if (await scope.Db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, NoticeState.GivenUp).SetProperty(row => row.SettledAt, now).SetProperty(row => row.Trouble, why)) == 0)
            return new Refusal(ErrorCode.WrongState, "it had ended");
        var person = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == notice.PersonId);
        scope.Record(new(AuditType.NoticeGivenUp, AuditActor.System, notice.RequestId, new()
        {
            ["notice"] = notice.Id.ToString(), ["kind"] = NoticeViews.Kind(notice.Kind), ["channel"] = Reach.Word(notice.Channel), ["about"] = notice.Subject,
            ["for"] = person.Name, ["for_actor"] = notice.PersonId.ToString(), ["why"] = why,
        }));
        return true;
    });

    private async Task<bool> Move(NoticeRow notice, DateTimeOffset until)
    {
        var (moved, was) = (0, notice.DueAt);
        await writes.Append(async db => moved = await db.Notices.Where(row => row.Id == notice.Id && row.State == NoticeState.Waiting && row.DueAt == was)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.DueAt, until)));
        return moved == 1;
    }
}
