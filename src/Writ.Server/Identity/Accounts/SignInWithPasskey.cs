using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Passkeys;
using Writ.Server.Storage;

namespace Writ.Server.Identity.Accounts;

/// <summary>What a page asks an authenticator for, and what it sends back along with the answer.</summary>
/// <param name="Options">As browsers take them (PublicKeyCredentialRequestOptionsJSON).</param>
/// <param name="State">The challenge, sealed for five minutes.</param>
internal sealed record PasskeyOffer(string Options, string State);

/// <summary>
/// Signs somebody in by passkey, in place of password and code. It is for those who have an account of this server: whoever
/// comes by another provider comes by that alone, so that leaving there is leaving here.
/// </summary>
internal sealed class SignInWithPasskey(
    Database database, WriteTransaction writes, ServerSettings settings, Sessions sessions, RefusedAttempts refused, IDataProtectionProvider seals)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private readonly ITimeLimitedDataProtector _challenges = seals.CreateProtector("writ passkey challenge").ToTimeLimitedDataProtector();

    /// <summary>A new challenge; null where nobody could answer one.</summary>
    public async Task<PasskeyOffer?> Offer(CancellationToken cancel)
    {
        if (!settings.SignIn.LocalAccounts || KnownPasskeys.PartyOf(settings) is not { IsOk: true, Value: var party })
            return null;
        await using var db = database.Open();
        if (!await db.Passkeys.AnyAsync(row => row.RemovedAt == null && db.Accounts.Any(account => account.ActorId == row.ActorId), cancel))
            return null;
        var challenge = RandomNumberGenerator.GetBytes(32);
        var options = new JsonObject
        {
            ["challenge"] = Base64Url.EncodeToString(challenge), ["rpId"] = party.Id, ["userVerification"] = "required", ["timeout"] = (int)Life.TotalMilliseconds,
        };
        return new(options.ToJsonString(), Base64Url.EncodeToString(_challenges.Protect(challenge, Life)));
    }

    /// <summary>The secret of the browser's new session.</summary>
    /// <param name="state">As it was offered.</param>
    /// <param name="answer">What the browser got from the authenticator (AuthenticationResponseJSON).</param>
    public async Task<Result<string>> SignIn(HttpContext context, string state, string answer)
    {
        var (owner, signedIn) = await Check(context, state, answer);
        if (!signedIn.IsOk)
        {
            await refused.Record(new(AuditType.SignInFailed, new(owner?.Id, owner?.Name ?? "unknown"), null,
                new() { ["path"] = "/signin/passkey", ["why"] = signedIn.Refusal.Message }, context.Source()));
        }

        return signedIn;
    }

    private async Task<(ActorRow? Owner, Result<string> SignedIn)> Check(HttpContext context, string state, string answer)
    {
        var wrong = new Refusal(ErrorCode.NotSignedIn, "the passkey is not known here, or the page was open for too long", "reload the page");
        if (!settings.SignIn.LocalAccounts || KnownPasskeys.PartyOf(settings) is not { IsOk: true, Value: var party } || Read(answer) is not { } read || Open(state) is not { } challenge)
            return (null, wrong);
        await using var db = database.Open();
        var found = await (
            from row in db.Passkeys.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on row.ActorId equals actor.Id
            where row.CredentialId == read.Credential && row.RemovedAt == null && actor.DisabledAt == null && db.Accounts.Any(account => account.ActorId == actor.Id)
            select new { row, actor }).SingleOrDefaultAsync(context.RequestAborted);
        if (found is null)
            return (null, wrong);
        var held = PasskeyCheck.Verify(read.AuthenticatorData, read.ClientData, read.Signature, KnownPasskeys.KeyOf(found.row), party, challenge);
        if (!held.IsOk)
            return (found.actor, new Refusal(ErrorCode.NotSignedIn, held.Refusal.Message, "reload the page"));
        var (count, backedUp) = (held.Value.SignCount, held.Value.IsBackedUp);
        return (found.actor, await writes.Commit<string>(async scope =>
        {
            if (!await Once.Spend(scope, "passkey", Convert.ToBase64String(challenge), scope.Now + Life))
                return wrong;
            // A count that does not grow is a copy's, unless the authenticator never counts.
            var counted = await scope.Db.Passkeys.Where(row => row.Id == found.row.Id && row.RemovedAt == null && (row.SignCount < count || (row.SignCount == 0 && count == 0)))
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.SignCount, count).SetProperty(row => row.IsBackedUp, backedUp));
            return counted == 1
                ? await sessions.Begin(scope, found.actor, [found.row.IsBackupEligible ? "swk" : "hwk", "user"], context, "passkey")
                : new Refusal(ErrorCode.NotSignedIn, "the passkey has signed more often than it says: there may be a copy of it", "sign in with password and code, and remove it");
        }));
    }

    private byte[]? Open(string state)
    {
        try
        {
            return _challenges.Unprotect(Base64Url.DecodeFromChars(state));
        }
        catch (Exception forged) when (forged is CryptographicException or FormatException)
        {
            return null;
        }
    }

    private static Answered? Read(string answer)
    {
        if (answer.Length > 16 << 10)
            return null;
        try
        {
            var read = JsonSerializer.Deserialize<JsonElement>(answer);
            var response = read.GetProperty("response");
            return new(Bytes(read, "rawId"), Bytes(response, "authenticatorData"), Bytes(response, "clientDataJSON"), Bytes(response, "signature"));
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }

        static byte[] Bytes(JsonElement from, string name) => Base64Url.DecodeFromChars(from.GetProperty(name).GetString() ?? "");
    }

    private sealed record Answered(byte[] Credential, byte[] AuthenticatorData, byte[] ClientData, byte[] Signature);
}
