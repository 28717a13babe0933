using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>
/// Empties the outbox of push: each notice to all browsers of its person at once. It is sent when one of them took it; what the others did not
/// take they miss, since whoever has seen it would see it again. A browser that is no more is taken away. There are many push services, so
/// none holds up what is for another for longer than an answer may take.
/// </summary>
internal sealed class SendPush(Database database, WriteTransaction writes, Outbox outbox, ServerSettings settings, TimeProvider time, ILogger<SendPush> log) : IDisposable
{
    /// <summary>How long a push service keeps what has no end of its own; what is older is no news.</summary>
    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(1);

    private static readonly TimeSpan SayEvery = TimeSpan.FromMinutes(1);
    private const int TopicLength = 32;
    private PushPost? _post;
    private DateTimeOffset _said;

    /// <summary>Sends what is due.</summary>
    public async Task Once(CancellationToken cancel)
    {
        if (settings.Push is not { } push)
            return;
        await using var db = database.Open();
        VapidKey? key = null;
        try
        {
            while (await outbox.Due(db, NoticeChannel.Push, cancel) is { Count: > 0 } due)
            {
                (key, _post) = (key ?? push.Key(), _post ?? new(push));
                var sending = new List<Task>();
                foreach (var notice in due)
                {
                    if (await outbox.Read(db, notice, cancel) is { } content && await outbox.Take(notice))
                        sending.Add(Send(content, _post, key));
                }

                await Task.WhenAll(sending);
            }
        }
        catch (IOException trouble)
        {
            // The key, or the authorities: nothing can be sent at all.
            Say(trouble.Message);
            await outbox.GiveUpOld(db, NoticeChannel.Push, "this server has lost its push key", cancel);
        }
        finally
        {
            key?.Dispose();
        }
    }

    /// <summary>What a push service carries, and a browser shows: as much as the subject of a mail.</summary>
    public static PushLetter Written(NoticeContent content, DateTimeOffset now)
    {
        // Of one request a later notice takes the place of an earlier one that nobody has seen.
        var topic = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"notices of {content.Of.RequestId}")))[..TopicLength];
        var message = JsonSerializer.SerializeToUtf8Bytes(new PushMessage(content.Text.Subject, content.Path, topic), PushMessageJson.Default.PushMessage);
        return new(message, content.Closes - now ?? UsualLife, topic, content.Of.Kind == NoticeKind.GlassBroken);
    }

    public void Dispose() => _post?.Dispose();

    private async Task Send(NoticeContent content, PushPost post, VapidKey key)
    {
        await using var db = database.Open();
        var browsers = await db.PushSubscriptions.AsNoTracking().Where(row => row.ActorId == content.Of.PersonId).ToListAsync(CancellationToken.None);
        var letter = Written(content, time.GetUtcNow());
        var answers = await Task.WhenAll(browsers.Select(async browser => (Browser: browser, Answer: await post.Send(browser, letter, key, time.GetUtcNow()))));
        foreach (var (browser, (outcome, why, _)) in answers)
            await Remember(browser, outcome, why);

        var failed = answers.Where(each => each.Answer.Outcome == PushOutcome.NotNow).Select(each => each.Answer).ToList();
        if (failed.Count > 0)
            Say(failed[0].Why);
        if (answers.Any(each => each.Answer.Outcome == PushOutcome.Taken))
            await outbox.Settle(content.Of, NoticeState.Sent, null);
        else if (failed.Count == 0)
            await outbox.Settle(content.Of, NoticeState.Void, "no browser of the person's is on any more");
        else
            await outbox.NotTaken(content.Of, failed[0].Why, failed.Max(each => each.After));
    }

    private async Task Remember(PushSubscriptionRow browser, PushOutcome outcome, string why)
    {
        DateTimeOffset? now = time.GetUtcNow();
        if (outcome == PushOutcome.Gone)
        {
            await writes.Commit<bool>(async scope =>
            {
                // Unless it was turned off in the meantime.
                if (await scope.Db.PushSubscriptions.SingleOrDefaultAsync(row => row.Id == browser.Id, CancellationToken.None) is not { } row)
                    return new Refusal(ErrorCode.WrongState, "it is off already");
                var person = await scope.Db.Actors.AsNoTracking().SingleAsync(actor => actor.Id == row.ActorId, CancellationToken.None);
                await PushSubscriptions.Remove(scope, row, AuditActor.System, person.Name, why, null);
                return true;
            });
        }
        else if (outcome == PushOutcome.Taken)
        {
            await writes.Append(db => db.PushSubscriptions.Where(row => row.Id == browser.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.TakenAt, now).SetProperty(row => row.Failures, 0)));
        }
        else
        {
            await writes.Append(db => db.PushSubscriptions.Where(row => row.Id == browser.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Failures, row => row.Failures + 1)));
        }
    }

    private void Say(string why)
    {
        var now = time.GetUtcNow();
        if (now - _said < SayEvery)
            return;
        _said = now;
        log.LogCritical("push to people does not get through, and notices wait: {Why}", why);
    }
}

/// <summary>What the console's worker reads, and shows.</summary>
/// <param name="Title">One line.</param>
/// <param name="Path">The page to open, from the server's root.</param>
/// <param name="Tag">What is shown once, the last that came.</param>
internal sealed record PushMessage(string Title, string Path, string Tag);

/// <summary>Its shape.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PushMessage))]
internal sealed partial class PushMessageJson : JsonSerializerContext;
