using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Passkeys;

/// <summary>A person makes a passkey for themselves, in the browser: a challenge is given out and spent by the new credential.</summary>
internal sealed class MakePasskey(Database database, WriteTransaction writes, ServerSettings settings, TimeProvider time)
{
    private const int Most = 20;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/passkeys/challenge", async (MakePasskey verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Challenge(context.Caller(), cancel)).ToHttp()).WithName("PasskeyChallenge").Needs(Access.Approver).Produces<PasskeyChallenge>();
        routes.MapPost("/passkeys", async (NewPasskey made, MakePasskey verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Make(context.Caller(), made, cancel)).ToHttp(StatusCodes.Status201Created)).WithName("MakePasskey").Needs(Access.Approver).Produces<PasskeyView>(StatusCodes.Status201Created);
    }

    public async Task<Result<PasskeyChallenge>> Challenge(Caller caller, CancellationToken cancel)
    {
        var party = KnownPasskeys.PartyOf(settings);
        if (!party.IsOk)
            return party.Refusal;
        if (NotAPerson(caller) is { } refusal)
            return refusal;
        await using var db = database.Open();
        var known = await db.Passkeys.AsNoTracking().Where(row => row.ActorId == caller.Id && row.RemovedAt == null).Select(row => row.CredentialId).ToListAsync(cancel);
        if (known.Count >= Most)
            return new Refusal(ErrorCode.WrongState, $"a person has at most {Most} passkeys", "remove one: writ passkey remove");
        byte[] nonce = [];
        await writes.Append(async writing => nonce = await KnownPasskeys.GiveOut(writing, caller.Id, null, null, time.GetUtcNow()));
        return new PasskeyChallenge(nonce, party.Value.Id, KnownPasskeys.HandleOf(caller.Id), caller.Name, known);
    }

    public async Task<Result<PasskeyView>> Make(Caller caller, NewPasskey made, CancellationToken cancel)
    {
        var party = KnownPasskeys.PartyOf(settings);
        if (!party.IsOk)
            return party.Refusal;
        if (NotAPerson(caller) is { } refusal)
            return refusal;
        var added = await writes.Commit<PasskeyRow>(async scope =>
        {
            if (await KnownPasskeys.Spend(scope, caller.Id, null, null, made.Challenge) is null)
                return new Refusal(ErrorCode.Expired, "the challenge was never given out, was answered before, or is over", "begin again");
            var key = AttestedKey.Read(made.ClientData, made.AuthenticatorData, party.Value, made.Challenge);
            return key.IsOk ? await KnownPasskeys.Add(scope, caller.Audit, made.Name, key.Value, made.Transports ?? [], caller.SourceAddress) : key.Refusal;
        });
        if (!added.IsOk)
            return added.Refusal;
        await using var db = database.Open();
        return (await KnownPasskeys.Views(db, [added.Value], cancel))[0];
    }

    private static Refusal? NotAPerson(Caller caller) => caller.Kind == ActorKind.User ? null : new(ErrorCode.Forbidden, "only a person has passkeys");
}
