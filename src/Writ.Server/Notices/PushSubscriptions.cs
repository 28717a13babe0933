using System.Buffers.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Notices;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>In which of their browsers people are told: each is turned on there, by whoever signed in a moment ago.</summary>
internal sealed class PushSubscriptions(Database database, WriteTransaction writes, ServerSettings settings)
{
    private const int Most = 10, LongestBrowser = 60;

    public async Task<Result<PushView>> Show(Caller caller, CancellationToken cancel)
    {
        if (caller.Kind != ActorKind.User)
            return new Refusal(ErrorCode.Forbidden, "a workload is told nothing: whoever answers for it is");
        await using var db = database.Open();
        var rows = await db.PushSubscriptions.AsNoTracking().Where(row => row.ActorId == caller.Id).OrderBy(row => row.Id).ToListAsync(cancel);
        string? half;
        try
        {
            using var key = settings.Push?.Key();
            half = key?.Public;
        }
        catch (IOException)
        {
            return new Refusal(ErrorCode.Unavailable, "this server has lost its push key", "its operator sees why in the log");
        }

        return new PushView(half, [.. rows.Select(row => new PushBrowserView(row.Id.ToString(), row.Browser, PushEndpoint.Host(row.Endpoint), row.CreatedAt, row.TakenAt, row.Failures))]);
    }

    /// <summary>
    /// Takes a browser. Its endpoint is its name: whoever turns it on there has it from then on, so that the one who sat there before is not
    /// told on a screen that another one looks at.
    /// </summary>
    public async Task<Result<PushView>> Add(Caller caller, PushAsk ask, CancellationToken cancel)
    {
        if (settings.Push is not { } push)
            return new Refusal(ErrorCode.WrongState, "this server tells nobody by push", "its operator sets that up: docs/notices.md");
        if (PushEndpoint.Problem(ask.Endpoint, push.AllowPrivate) is { } wrong)
            return new Refusal(ErrorCode.InvalidInput, wrong, "it is given by the browser: turn it on at the console's page /notices");
        if (Bytes(ask.P256dh, PushSeal.PointLength) is not { } point || Bytes(ask.Auth, PushSeal.AuthLength) is not { } auth || !PushSeal.IsFit(point, auth))
            return new Refusal(ErrorCode.InvalidInput, "these are no keys of a browser", "p256dh is a point of P-256 of 65 bytes, auth 16 bytes, both in base64url");
        var browser = OneLine.Of(ask.Browser, LongestBrowser) is { Length: > 0 } named ? named : "a browser";
        var added = await writes.Commit<bool>(async scope =>
        {
            var found = await scope.Db.PushSubscriptions.SingleOrDefaultAsync(row => row.Endpoint == ask.Endpoint, CancellationToken.None);
            if (found?.ActorId == caller.Id)
            {
                (found.Key, found.Auth, found.Browser, found.Failures) = (point, auth, browser, 0);
            }
            else
            {
                if (await scope.Db.PushSubscriptions.CountAsync(row => row.ActorId == caller.Id, CancellationToken.None) >= Most)
                    return new Refusal(ErrorCode.WrongState, $"{Most} browsers of yours are on, and no more", "remove one first");
                if (found is not null)
                {
                    var before = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == found.ActorId, CancellationToken.None);
                    await Remove(scope, found, caller.Audit, before.Name, "another person turned it on", caller.SourceAddress);
                }

                scope.Db.PushSubscriptions.Add(new()
                {
                    Id = PushId.New(scope.Now), ActorId = caller.Id, Endpoint = ask.Endpoint, Key = point, Auth = auth, Browser = browser, CreatedAt = scope.Now,
                });
            }

            NoticeSettings.Record(scope, caller.Audit, caller.Id, caller.Name, "push-added", Said(browser, ask.Endpoint), caller.SourceAddress);
            return true;
        });
        return added.IsOk ? await Show(caller, cancel) : added.Refusal;
    }

    public async Task<Result<PushView>> Remove(Caller caller, string id, CancellationToken cancel)
    {
        var removed = await writes.Commit<bool>(async scope =>
        {
            if (!PushId.TryParse(id, out var wanted)
                || await scope.Db.PushSubscriptions.SingleOrDefaultAsync(row => row.Id == wanted && row.ActorId == caller.Id, CancellationToken.None) is not { } row)
                return new Refusal(ErrorCode.NotFound, "no such browser of yours");
            await Remove(scope, row, caller.Audit, caller.Name, null, caller.SourceAddress);
            return true;
        });
        return removed.IsOk ? await Show(caller, cancel) : removed.Refusal;
    }

    /// <summary>Which of the caller's browsers has this endpoint; null for none.</summary>
    public async Task<string?> IdOf(Caller caller, string endpoint, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.PushSubscriptions.AsNoTracking().Where(row => row.ActorId == caller.Id && row.Endpoint == endpoint).Select(row => (PushId?)row.Id).SingleOrDefaultAsync(cancel) is { } id ? id.ToString() : null;
    }

    /// <summary>Takes a browser away, on the record.</summary>
    /// <param name="name">Whose it was.</param>
    /// <param name="why">Why, where it was not the person's own wish.</param>
    public static async Task Remove(WriteScope scope, PushSubscriptionRow row, AuditActor by, string name, string? why, string? source)
    {
        var said = Said(row.Browser, row.Endpoint);
        if (why is not null)
            said["why"] = why;
        NoticeSettings.Record(scope, by, row.ActorId, name, "push-removed", said, source);
        await scope.Db.PushSubscriptions.Where(other => other.Id == row.Id).ExecuteDeleteAsync();
    }

    private static System.Text.Json.Nodes.JsonObject Said(string browser, string endpoint) => new() { ["browser"] = browser, ["host"] = PushEndpoint.Host(endpoint) };

    private static byte[]? Bytes(string text, int length)
    {
        var bytes = new byte[length];
        return text.Length <= length * 2 && Base64Url.IsValid(text, out var size) && size == length && Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == length ? bytes : null;
    }
}
