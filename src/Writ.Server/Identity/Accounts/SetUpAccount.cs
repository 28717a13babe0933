using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Storage;

namespace Writ.Server.Identity.Accounts;

/// <summary>
/// Spends a one-time link: the account gets its password and its authenticator, everything that was signed in before is
/// out, and this browser is in. The first start's link makes the first admin.
/// </summary>
internal sealed class SetUpAccount(WriteTransaction writes, Passwords passwords, TotpSecrets secrets, Sessions sessions, RefusedAttempts refused)
{
    /// <summary>The secret of the browser's new session.</summary>
    public async Task<Result<string>> SetUp(HttpContext context, string link, SetUpFor @for, string name, string password, byte[] totp, string code)
    {
        if (Passwords.Check(password, @for.Actor?.Name ?? name) is { } weak)
            return weak;
        var hash = passwords.Hash(password);
        var done = await writes.Commit<string>(async scope =>
        {
            if (Totp.Match(totp, code, scope.Now) is not { } step)
                return new Refusal(ErrorCode.InvalidInput, "the code is not the one that the app shows now", "the clock of the phone must be right");
            if (!await SetUpLinks.Spend(scope, link, @for.Actor is null ? SetUpFirstAdmin.Purpose : SetUpLinks.Purpose))
                return new Refusal(ErrorCode.NotSignedIn, "the link is spent or expired", "an operator makes a new one: writ-server account link");
            var actor = @for.Actor;
            if (actor is null)
            {
                var made = await SetUpFirstAdmin.MakeAdmin(scope, name, context.Source());
                if (!made.IsOk)
                    return made.Refusal;
                actor = made.Value;
            }
            else if (await scope.Db.Actors.AnyAsync(row => row.Id == actor.Id && row.DisabledAt != null))
            {
                return new Refusal(ErrorCode.Forbidden, "the account is disabled");
            }

            await Once.Spend(scope, "totp", $"{actor.Id} {step}", scope.Now + Totp.Span);
            var account = await scope.Db.Accounts.SingleOrDefaultAsync(row => row.ActorId == actor.Id);
            if (account is null)
                scope.Db.Accounts.Add(account = new() { ActorId = actor.Id, CreatedAt = scope.Now });
            (account.PasswordHash, account.TotpSecret, account.ChangedAt) = (hash, secrets.Keep(totp), scope.Now);
            var ended = await EndSignIns.Of(scope, actor.Id);
            scope.Record(new(AuditType.AccountChanged, new(actor.Id, actor.Name), null, new() { ["changed"] = "password and authenticator", ["by"] = "one-time link", ["sign_ins_ended"] = ended },
                context.Source()));
            return await sessions.Begin(scope, actor, ["pwd", "otp"], context, "one-time link");
        });
        if (!done.IsOk)
            await refused.Record(new(AuditType.AttemptRefused, new(null, "unknown"), null, new() { ["attempt"] = "set up", ["code"] = done.Refusal.Code }, context.Source()));
        return done;
    }
}
