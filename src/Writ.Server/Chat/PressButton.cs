using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Decisions;
using Writ.Server.Storage;

namespace Writ.Server.Chat;

/// <summary>A yes or a no by a button: the decision of whom the account speaks for, by the same turn as every other.</summary>
internal sealed class PressButton(Database database, ChatAccounts accounts, DecisionTurn turn, SlackReplies replies, RefusedAttempts refused, ServerSettings settings)
{
    /// <summary>What an account of another workspace is told.</summary>
    public const string Foreign = "Accounts of this workspace decide on nothing here.";

    /// <summary>What an account is told that speaks for nobody.</summary>
    public static string Nobody(ServerSettings settings) =>
        $"This account speaks for nobody here yet. Get a code at {new Uri(settings.Public, "notices")}, or by: writ chat link. Then type it: {settings.Slack!.Command} link CODE";

    /// <summary>Decides, and tells what came of it where the button was pressed.</summary>
    /// <param name="account">The account, or null for one that cannot speak for anybody.</param>
    public async Task Press(Pressed pressed, string? account, string? source, CancellationToken cancel)
    {
        if (account is null || await accounts.Find(account, source, cancel) is not { } caller)
        {
            await refused.Record(new(AuditType.AttemptRefused, new(null, account is null ? "slack account of elsewhere" : $"slack {account}"), RequestId.TryParse(pressed.Request, out var request) ? request : null, new()
            {
                ["attempt"] = pressed.Approve ? "approve" : "deny", ["code"] = ErrorCode.NotSignedIn,
            }, source));
            replies.Whisper(pressed.ReplyTo, account is null ? Foreign : Nobody(settings));
            return;
        }

        var decided = await turn.Decide(caller, pressed.Request, new Decide(pressed.Statement, null), pressed.Approve, cancel);
        if (!decided.IsOk)
        {
            replies.Whisper(pressed.ReplyTo, $"{decided.Refusal.Message}{(decided.Refusal.Hint is { } hint ? $" ({hint})" : "")}");
            return;
        }

        await using var db = database.Open();
        if (RequestId.TryParse(pressed.Request, out var id) && await db.Requests.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancel) is { } row)
            replies.Replace(pressed.ReplyTo, await SlackMessage.After(db, row, decided.Value, settings.Public, cancel));
    }
}
