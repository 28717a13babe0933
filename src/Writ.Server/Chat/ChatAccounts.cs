using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Chat;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Errors;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Chat;

/// <summary>
/// Whose account in a chat is whose. The person says so from both sides: signed in a moment ago they get a code, and type it with the
/// account. A name or a mail address that the chat tells is nobody's word.
/// </summary>
internal sealed class ChatAccounts(Database database, WriteTransaction writes, ServerSettings settings, Takings takings, TimeProvider time)
{
    private static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(10);

    /// <summary>For so long an account speaks for a person; then they link it anew.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(90);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/me/chat", async (ChatAccounts verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Show(context.Caller(), cancel)).ToHttp()).WithName("ShowChatAccount").Needs(Access.SignedIn).Produces<ChatAccountView>();
        routes.MapPost("/me/chat/code", async (ChatAccounts verb, HttpContext context) =>
            (await verb.GiveCode(context.Caller())).ToHttp()).WithName("LinkChatAccount").Needs(Access.Approver).Produces<ChatCodeView>();
        routes.MapDelete("/me/chat", async (ChatAccounts verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Unlink(context.Caller(), cancel)).ToHttp()).WithName("UnlinkChatAccount").Needs(Access.SignedIn).Produces<ChatAccountView>();
    }

    public async Task<Result<ChatAccountView>> Show(Caller caller, CancellationToken cancel)
    {
        await using var db = database.Open();
        var row = await db.ChatAccounts.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == caller.Id, cancel);
        var actor = await db.Actors.AsNoTracking().SingleAsync(actor => actor.Id == caller.Id, cancel);
        if (row?.Account is not { } account || !Speaks(row, actor, time.GetUtcNow()))
            return new ChatAccountView(settings.Slack is not null, null, null, null, null, null);
        var at = account.IndexOf('/', StringComparison.Ordinal);
        return new ChatAccountView(settings.Slack is not null, ChatNames.Slack, account[..at], account[(at + 1)..], row.LinkedAt, row.LinkedAt + Life);
    }

    /// <summary>A code for whoever is signed in; the one of before holds no longer.</summary>
    public async Task<Result<ChatCodeView>> GiveCode(Caller caller)
    {
        if (settings.Slack is not { } slack)
            return new Refusal(ErrorCode.WrongState, "this server takes no decisions from a chat", "its operator sets that up: docs/chat.md");
        var code = TypedCode.New();
        var until = default(DateTimeOffset);
        var given = await writes.Commit<bool>(async scope =>
        {
            until = scope.Now + CodeLife;
            var row = await scope.Db.ChatAccounts.SingleOrDefaultAsync(row => row.ActorId == caller.Id);
            if (row is null)
                scope.Db.ChatAccounts.Add(row = new() { ActorId = caller.Id });
            (row.Code, row.CodeUntil) = (HashOf(code), until);
            scope.Record(new(AuditType.ChatChanged, caller.Audit, null, new() { ["chat"] = ChatNames.Slack, ["what"] = "code-given", ["for"] = caller.Name, ["for_actor"] = caller.Id.ToString() }, caller.SourceAddress));
            return true;
        });
        return given.IsOk ? new ChatCodeView($"{slack.Command} link {TypedCode.Shown(code)}", until) : given.Refusal;
    }

    /// <summary>Takes the code that an account typed, once; the name of the person for whom it speaks from now on.</summary>
    /// <param name="account"><c>T…/U…</c>, which Slack vouched for.</param>
    public Task<Result<string>> Link(string account, string typed, string? source)
    {
        var hash = HashOf(TypedCode.Read(typed));
        return writes.Commit<string>(async scope =>
        {
            if (await scope.Db.ChatAccounts.SingleOrDefaultAsync(row => row.Code == hash && row.CodeUntil > scope.Now) is not { } row
                || await scope.Db.Actors.AsNoTracking().SingleOrDefaultAsync(actor => actor.Id == row.ActorId && actor.Kind == ActorKind.User && actor.DisabledAt == null) is not { } person)
                return new Refusal(ErrorCode.InvalidInput, "this is no code that holds", "a code is given out for ten minutes: writ chat link");
            if (await scope.Db.ChatAccounts.AnyAsync(other => other.Account == account && other.ActorId != row.ActorId))
                return new Refusal(ErrorCode.WrongState, "this account speaks for somebody else", "they take that back: writ chat unlink");
            // Used once, whatever races.
            DateTimeOffset? now = scope.Now;
            if (await scope.Db.ChatAccounts.Where(other => other.ActorId == row.ActorId && other.Code == hash)
                    .ExecuteUpdateAsync(set => set.SetProperty(other => other.Code, (byte[]?)null).SetProperty(other => other.CodeUntil, (DateTimeOffset?)null)
                        .SetProperty(other => other.Account, account).SetProperty(other => other.LinkedAt, now)) != 1)
                return new Refusal(ErrorCode.InvalidInput, "this is no code that holds", "a code is given out for ten minutes: writ chat link");
            scope.Record(new(AuditType.ChatChanged, new(person.Id, person.Name), null, new()
            {
                ["chat"] = ChatNames.Slack, ["what"] = "linked", ["account"] = account, ["for"] = person.Name, ["for_actor"] = person.Id.ToString(),
            }, source));
            return person.Name;
        });
    }

    /// <summary>The caller's account speaks for nobody any more, and no code of theirs holds.</summary>
    public async Task<Result<ChatAccountView>> Unlink(Caller caller, CancellationToken cancel)
    {
        var ended = await writes.Commit<bool>(async scope =>
        {
            if (await scope.Db.ChatAccounts.SingleOrDefaultAsync(row => row.ActorId == caller.Id) is not { } row)
                return new Refusal(ErrorCode.WrongState, "no account in a chat is linked to you", "writ chat show");
            scope.Db.ChatAccounts.Remove(row);
            scope.Record(new(AuditType.ChatChanged, caller.Audit, null, new()
            {
                ["chat"] = ChatNames.Slack, ["what"] = "unlinked", ["account"] = row.Account, ["for"] = caller.Name, ["for_actor"] = caller.Id.ToString(),
            }, caller.SourceAddress));
            return true;
        });
        return ended.IsOk ? await Show(caller, cancel) : ended.Refusal;
    }

    /// <summary>Whom an account speaks for now, with the rights that they have now; null for nobody.</summary>
    public async Task<Caller?> Find(string account, string? source, CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        var found = await (
            from row in db.ChatAccounts.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on row.ActorId equals actor.Id
            where row.Account == account
            select new { row, actor }).SingleOrDefaultAsync(cancel);
        return found is not null && Speaks(found.row, found.actor, now) && !takings.IsBarred(found.actor.Id)
            ? Tokens.CallerOf(found.actor, default, now, new(SignInWay.Chat, now, []), source, now) with { Chat = account }
            : null;
    }

    /// <summary>Whoever was signed out everywhere links anew, like whoever waited too long.</summary>
    private static bool Speaks(ChatAccountRow row, ActorRow actor, DateTimeOffset now) =>
        row.LinkedAt is { } since && now < since + Life && actor is { Kind: ActorKind.User, DisabledAt: null } && (actor.SignedOutAt is null || actor.SignedOutAt < since);

    private static byte[] HashOf(string code) => Secrets.Hash($"chat account\n{code}");
}
