using Writ.Contracts.Identity;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Passkeys;

/// <summary>An admin says that a passkey is really the other person's: it approves from then on. Nobody says so of their own.</summary>
internal sealed class ConfirmPasskey(Database database, WriteTransaction writes, ServerSettings settings, RefusedAttempts refused)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/passkeys/{id}/confirm", async (string id, ConfirmAsk ask, ConfirmPasskey verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Confirm(context.Caller(), id, ask.Fingerprint, cancel)).ToHttp()).WithName("ConfirmPasskey").Needs(Access.FreshAdmin).Produces<PasskeyView>();

    public async Task<Result<PasskeyView>> Confirm(Caller caller, string id, string fingerprint, CancellationToken cancel)
    {
        var party = KnownPasskeys.PartyOf(settings);
        if (!party.IsOk)
            return party.Refusal;
        var confirmed = await writes.Commit<PasskeyRow>(async scope =>
        {
            if (!caller.IsAdmin || caller.Kind != ActorKind.User)
                return new Refusal(ErrorCode.Forbidden, "only an admin confirms passkeys");
            return PasskeyId.TryParse(id, out var passkey)
                ? await KnownPasskeys.Confirm(scope, party.Value, caller.Audit, passkey, fingerprint, caller.SourceAddress)
                : new Refusal(ErrorCode.NotFound, $"there is no passkey '{RequestAccess.Shown(id)}'", "writ passkey list");
        });
        if (!confirmed.IsOk)
        {
            if (confirmed.Refusal.Code is ErrorCode.Forbidden or ErrorCode.OwnRequest)
                await refused.Record(new(AuditType.AttemptRefused, caller.Audit, null, new() { ["attempt"] = "confirm a passkey", ["code"] = confirmed.Refusal.Code }, caller.SourceAddress));
            return confirmed.Refusal;
        }

        await using var db = database.Open();
        return (await KnownPasskeys.Views(db, [confirmed.Value], cancel))[0];
    }
}
