using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;
using Writ.Server.Web;

namespace Writ.Server.Chat;

/// <summary>
/// Takes what Slack's app is called with: a button that was pressed, or its slash command. A call counts once, and only by its signature;
/// whose account it was is Slack's word, and whom that account speaks for is ours.
/// </summary>
internal sealed class ReceiveSlack(ServerSettings settings, WriteTransaction writes, ChatAccounts accounts, PressButton press, RefusedAttempts refused, RateLimits limits, TimeProvider time, ILogger<ReceiveSlack> log)
{
    private const int MostBytes = 256 << 10;

    /// <summary>Calls of one account.</summary>
    private static readonly Rate PerAccount = new(20, 1);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/chat/slack/actions", (ReceiveSlack verb, HttpContext context, CancellationToken cancel) => verb.Receive(context, verb.Action, cancel))
            .WithMetadata(new BodyLimit(MostBytes)).WithName("ReceiveSlackAction").Needs(Access.Chat).Produces(StatusCodes.Status200OK);
        routes.MapPost("/chat/slack/commands", (ReceiveSlack verb, HttpContext context, CancellationToken cancel) => verb.Receive(context, verb.Command, cancel))
            .WithMetadata(new BodyLimit(MostBytes)).WithName("ReceiveSlackCommand").Needs(Access.Chat).Produces(StatusCodes.Status200OK);
    }

    private async Task<IResult> Receive(HttpContext context, Func<Dictionary<string, StringValues>, string?, CancellationToken, Task<IResult>> act, CancellationToken cancel)
    {
        if (settings.Slack is not { } slack)
            return new Refusal(ErrorCode.NotFound, "this server takes no calls of a chat").ToHttp();
        var source = context.Source();
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, cancel);
        string secret;
        try
        {
            secret = slack.SigningSecret();
        }
        catch (IOException unreadable)
        {
            log.LogError("calls of Slack cannot be checked: {Why}", unreadable.Message);
            return new Refusal(ErrorCode.Unavailable, "calls cannot be checked").ToHttp();
        }

        var now = time.GetUtcNow();
        string? signature = context.Request.Headers[SlackSignature.Header];
        if (SlackSignature.Problem(secret, context.Request.Headers[SlackSignature.Timestamp], signature, body.ToArray(), now) is { } forged)
            return await Refuse(forged);
        // Remembered until no clock would take it any more.
        var isFirst = false;
        await writes.Append(async db => isFirst = await Once.Spend(db, "slack", signature!, now + SlackSignature.Window + SlackSignature.Window));
        return isFirst ? await act(QueryHelpers.ParseQuery(Encoding.UTF8.GetString(body.ToArray())), source, cancel) : await Refuse("it came before");

        async Task<IResult> Refuse(string why)
        {
            await refused.Record(new(AuditType.AttemptRefused, new(null, "unknown chat"), null, new() { ["attempt"] = "call as slack", ["code"] = ErrorCode.NotSignedIn, ["message"] = why }, source));
            if (limits.Take(RateLimits.KeyOf(context.Connection.RemoteIpAddress), RateLimits.Address) is { } wait)
            {
                await AccessEndpoints.TooMany(context, wait);
                return Results.Empty;
            }

            return new Refusal(ErrorCode.NotSignedIn, $"the call is not to be believed: {why}").ToHttp();
        }
    }

    private async Task<IResult> Command(Dictionary<string, StringValues> form, string? source, CancellationToken cancel)
    {
        if (Account(Text(form, "team_id"), Text(form, "user_id")) is not { } account)
            return Whisper(PressButton.Foreign);
        if (limits.Take($"chat {account}", PerAccount) is not null)
            return Whisper("Too many calls. Try again in a minute.");
        string[] words = Text(form, "text").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        switch (words)
        {
            case ["link", _, ..]:
                var linked = await accounts.Link(account, string.Concat(words.Skip(1)), source);
                if (!linked.IsOk)
                    await refused.Record(new(AuditType.AttemptRefused, new(null, $"slack {account}"), null, new() { ["attempt"] = "link chat account", ["code"] = linked.Refusal.Code }, source));
                return Whisper(linked.IsOk
                    ? $"This account speaks for {linked.Value} now: buttons that it presses count as theirs, where a rule takes a yes from a chat."
                    : $"{Sentence(linked.Refusal.Message)} {Sentence(linked.Refusal.Hint)}");
            case ["who"]:
                return Whisper(await accounts.Find(account, source, cancel) is { } caller ? $"This account speaks for {caller.Name}." : PressButton.Nobody(settings));
            default:
                return Whisper($"{settings.Slack!.Command} link CODE lets this account speak for you; {settings.Slack.Command} who tells for whom it speaks. A code is at {new Uri(settings.Public, "notices")}, or by: writ chat link");
        }
    }

    private async Task<IResult> Action(Dictionary<string, StringValues> form, string? source, CancellationToken cancel)
    {
        if (Pressed.Read(Text(form, "payload")) is not { } pressed)
            return new Refusal(ErrorCode.InvalidInput, "this is no button of Writ's").ToHttp();
        var account = Account(pressed.Workspace, pressed.Account);
        if (limits.Take($"chat {account ?? "elsewhere"}", PerAccount) is not null)
            return new Refusal(ErrorCode.TooManyAttempts, "too many calls of this account", "try again in a minute").ToHttp();
        // Slack waits three seconds; what came of it goes to where it says answers go.
        await press.Press(pressed, account, source, cancel);
        return Results.Ok();
    }

    /// <summary><c>T…/U…</c>; null for an account of another company, as there are in channels that are shared.</summary>
    private string? Account(string workspace, string account) =>
        settings.Slack!.Workspaces.Contains(workspace, StringComparer.Ordinal) && SlackSettings.IsId(account, 'U', 'W') ? $"{workspace}/{account}" : null;

    private static string Text(Dictionary<string, StringValues> form, string key) => form.TryGetValue(key, out var values) && values.Count == 1 ? values[0]! : "";

    private static string Sentence(string? text) => string.IsNullOrEmpty(text) ? "" : $"{char.ToUpperInvariant(text[0])}{text[1..]}.";

    /// <summary>An answer that the account alone sees.</summary>
    private static IResult Whisper(string text) => Results.Json(new JsonObject { ["response_type"] = "ephemeral", ["text"] = SlackMessage.Escaped(text) });
}
