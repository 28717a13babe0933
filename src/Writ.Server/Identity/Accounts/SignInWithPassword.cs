using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Storage;

namespace Writ.Server.Identity.Accounts;

/// <summary>
/// Signs somebody in by password and one-time code, both at once. Whatever is wrong gets the same answer after the same
/// work: nobody learns which accounts there are, nor that a password was right.
/// </summary>
internal sealed class SignInWithPassword(
    Database database, WriteTransaction writes, SignInThrottle throttle, Passwords passwords, TotpSecrets secrets, Sessions sessions, RefusedAttempts refused, TimeProvider time)
{
    private const string Kind = "name";
    private static readonly byte[] NobodysSecret = Totp.NewSecret();

    /// <summary>The secret of the browser's new session.</summary>
    public async Task<Result<string>> SignIn(HttpContext context, string name, string password, string code)
    {
        var wrong = new Refusal(ErrorCode.NotSignedIn, "name, password or code is wrong");
        if (name.Length is 0 or > 100 || password.Length is 0 or > Passwords.Longest || code.Length > 20)
            return wrong;
        if (!await throttle.Enter(Kind, name, context.Source()))
        {
            await Failed(null, "too many attempts");
            return new Refusal(ErrorCode.TooManyAttempts, "too many attempts; try again in some minutes");
        }

        await using var db = database.Open();
        var found = await (
            from actor in db.Actors.AsNoTracking()
            join account in db.Accounts.AsNoTracking() on actor.Id equals account.ActorId
            where actor.Kind == ActorKind.User && actor.Name == name && account.TotpSecret != null
            select new { actor, account }).SingleOrDefaultAsync(context.RequestAborted);
        var known = await passwords.Verify(found?.account.PasswordHash, password, context.RequestAborted);
        var step = Totp.Match(found is null ? NobodysSecret : secrets.Read(found.account.TotpSecret!), code, time.GetUtcNow());
        if (found is null || !known || step is null || found.actor.DisabledAt is not null)
        {
            await Failed(found?.actor, found?.actor.DisabledAt is not null ? "disabled" : "wrong");
            return wrong;
        }

        var signedIn = await writes.Commit<string>(async scope =>
        {
            if (!await Once.Spend(scope, "totp", $"{found.actor.Id} {step}", scope.Now + Totp.Span))
                return wrong;
            await SignInThrottle.Forget(scope.Db, Kind, name, context.Source());
            return await sessions.Begin(scope, found.actor, ["pwd", "otp"], context, "password");
        });
        if (!signedIn.IsOk)
            await Failed(found.actor, "a code came twice");
        return signedIn;

        Task Failed(ActorRow? actor, string why) => refused.Record(
            new(AuditType.SignInFailed, new(actor?.Id, actor?.Name ?? "unknown"), null, new() { ["path"] = "/signin", ["why"] = why }, context.Source()));
    }
}
