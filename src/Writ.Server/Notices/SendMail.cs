using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Notices;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>
/// Empties the outbox of mail. What is wrong with the mail server holds all of it up for a pause that grows; what is wrong with one address, that
/// one alone. What comes twice has the Message-ID that it had.
/// </summary>
internal sealed class SendMail(Database database, WriteTransaction writes, Outbox outbox, ServerSettings settings, TimeProvider time, ILogger<SendMail> log)
{
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
        await using var db = database.Open();
        try
        {
            while (await outbox.Due(db, NoticeChannel.Mail, cancel) is { Count: > 0 } due)
            {
                foreach (var notice in due)
                {
                    if (await outbox.Read(db, notice, cancel) is not { } content)
                        continue;
                    connection ??= await MailConnection.Open(mail, cancel);
                    if (await outbox.Take(notice))
                        await Send(connection, notice, Written(content, mail));
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
            await outbox.GiveUpOld(db, NoticeChannel.Mail, "the mail server took nothing", cancel);
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync();
        }
    }

    private static Letter Written(NoticeContent content, MailSettings mail) =>
        new($"{content.Of.Id}@{mail.Domain}", content.Address!, content.Text, content.Of.CreatedAt, $"{content.Of.RequestId}@{mail.Domain}");

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
            await outbox.Failed(notice, failed.Message);
            throw;
        }

        if (outcome == MailOutcome.Taken)
            await outbox.Settle(notice, NoticeState.Sent, null);
        else if (outcome == MailOutcome.NeverForThisAddress)
            await outbox.GiveUp(notice, why!);
        else
            await outbox.NotTaken(notice, why!);
    }

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
