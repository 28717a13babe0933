using System.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Core.Audit;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Passkeys;

/// <summary>What the verbs of passkeys share.</summary>
internal static class KnownPasskeys
{
    /// <summary>How long a challenge can be answered.</summary>
    public static readonly TimeSpan ChallengeLife = TimeSpan.FromMicroseconds(PasskeyAssertion.Life);

    private const int LongestName = 60;

    /// <summary>Where passkeys of this server are used; the refusal where it has no name under which browsers would use them.</summary>
    public static Result<PasskeyParty> PartyOf(ServerSettings settings)
    {
        var party = PasskeyParty.Of(settings.Public);
        return party.IsValid() ? party : new Refusal(ErrorCode.WrongState, $"passkeys do not work at {party.Origin}", "start the server with --public-url https://NAME, under which people reach it");
    }

    /// <summary>The person as authenticators keep them.</summary>
    public static byte[] HandleOf(ActorId person) => Encoding.UTF8.GetBytes(person.ToString());

    /// <summary>The key of a passkey that was added here.</summary>
    public static PasskeyKey KeyOf(PasskeyRow row) =>
        AttestedKey.TryReadCose(row.PublicKey, out var key, out _) ? key : throw new InvalidOperationException($"passkey {row.Id} was added without a key");

    /// <summary>Adds a passkey of a person's. It approves nothing until it is confirmed.</summary>
    public static async Task<Result<PasskeyRow>> Add(WriteScope scope, AuditActor owner, string name, AttestedKey made, IReadOnlyList<string> transports, string? source)
    {
        if (name.Length is 0 or > LongestName || name.Any(char.IsControl) || string.IsNullOrWhiteSpace(name))
            return new Refusal(ErrorCode.InvalidInput, $"a passkey's name has 1 to {LongestName} characters");
        if (transports.Count > 8 || transports.Any(transport => transport.Length is 0 or > 20 || !transport.All(letter => char.IsAsciiLetterLower(letter) || letter == '-')))
            return new Refusal(ErrorCode.InvalidInput, "a passkey's transports are those that browsers name");
        if (await scope.Db.Passkeys.AnyAsync(other => other.CredentialId == made.CredentialId))
            return new Refusal(ErrorCode.WrongState, "this passkey is known already");
        var row = new PasskeyRow
        {
            Id = PasskeyId.New(scope.Now),
            ActorId = owner.Id!.Value,
            Name = name,
            CredentialId = made.CredentialId,
            PublicKey = made.Cose,
            SignCount = made.SignCount,
            IsBackupEligible = made.IsBackupEligible,
            IsBackedUp = made.IsBackedUp,
            Transports = [.. transports],
            CreatedAt = scope.Now,
        };
        scope.Db.Passkeys.Add(row);
        scope.Record(new(AuditType.PasskeyAdded, owner, null, new()
        {
            ["passkey"] = row.Id.ToString(), ["name"] = name, ["for_actor"] = row.ActorId.ToString(),
            ["credential"] = Convert.ToBase64String(made.CredentialId), ["public_key"] = Convert.ToBase64String(made.Key.Info),
        }, source));
        return row;
    }

    /// <summary>
    /// A passkey approves from now on. The entry has all that anyone needs later to check what it signed: whose it is, its key, and where it is used.
    /// </summary>
    public static async Task<Result<PasskeyRow>> Confirm(WriteScope scope, PasskeyParty party, AuditActor by, PasskeyId id, string fingerprint, string? source)
    {
        var self = by.Id;
        var confirmed = await scope.Db.Passkeys.Where(row => row.Id == id && row.ConfirmedAt == null && row.RemovedAt == null && (self == null || row.ActorId != self))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.ConfirmedAt, scope.Now).SetProperty(row => row.ConfirmedBy, self));
        if (await scope.Db.Passkeys.SingleOrDefaultAsync(row => row.Id == id) is not { } passkey)
            return new Refusal(ErrorCode.NotFound, $"there is no passkey '{id}'", "writ passkey list");
        if (SigningKeys.KeyId(KeyOf(passkey).Info) != fingerprint)
            return new Refusal(ErrorCode.InvalidInput, "the passkey's key has another fingerprint than that", "its owner sees it with writ passkey list; ask them");
        if (confirmed == 0)
        {
            return passkey.ActorId == by.Id ? new Refusal(ErrorCode.OwnRequest, "nobody confirms their own passkey", "another admin does, or the operator on the box: writ-server passkey confirm")
                : new Refusal(ErrorCode.WrongState, passkey.RemovedAt is null ? "the passkey is confirmed already" : "the passkey was removed");
        }

        var owner = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == passkey.ActorId);
        var entry = scope.Record(new(AuditType.PasskeyConfirmed, by, null, new()
        {
            ["passkey"] = passkey.Id.ToString(), ["name"] = passkey.Name, ["for"] = owner.Name, ["for_actor"] = owner.Id.ToString(),
            ["credential"] = Convert.ToBase64String(passkey.CredentialId), ["public_key"] = Convert.ToBase64String(KeyOf(passkey).Info),
            ["party"] = party.Id, ["origin"] = party.Origin,
        }, source));
        await scope.Db.SaveChangesAsync();
        passkey.ConfirmationEntry = entry.Id;
        return passkey;
    }

    /// <summary>Deletes challenges that nobody can answer any more, and what else was given out to this person for the same.</summary>
    public static async Task<byte[]> GiveOut(WritDb db, ActorId person, RequestId? request, string? statement, DateTimeOffset now)
    {
        var over = now - ChallengeLife;
        await db.PasskeyChallenges.Where(row => row.At < over || (row.ActorId == person && row.RequestId == request)).ExecuteDeleteAsync();
        var nonce = System.Security.Cryptography.RandomNumberGenerator.GetBytes(32);
        db.PasskeyChallenges.Add(new() { Nonce = nonce, ActorId = person, RequestId = request, StatementDigest = statement, At = now });
        return nonce;
    }

    /// <summary>Spends a challenge; when it was given out, or null where it never was, was spent, or is over.</summary>
    public static async Task<DateTimeOffset?> Spend(WriteScope scope, ActorId person, RequestId? request, string? statement, byte[] nonce)
    {
        var oldest = scope.Now - ChallengeLife;
        var given = scope.Db.PasskeyChallenges.Where(row =>
            row.Nonce == nonce && row.ActorId == person && row.RequestId == request && row.StatementDigest == statement && row.At >= oldest && row.At <= scope.Now);
        var at = await given.Select(row => (DateTimeOffset?)row.At).SingleOrDefaultAsync();
        // Of two at once one deletes it.
        return await given.ExecuteDeleteAsync() == 1 ? at : null;
    }

    public static async Task<IReadOnlyList<PasskeyView>> Views(WritDb db, IReadOnlyList<PasskeyRow> rows, CancellationToken cancel)
    {
        ActorId[] people = [.. rows.Select(row => row.ActorId).Concat(rows.Select(row => row.ConfirmedBy).OfType<ActorId>()).Distinct()];
        var actors = await db.Actors.AsNoTracking().Where(row => people.Contains(row.Id)).ToDictionaryAsync(row => row.Id, RequestViews.Of, cancel);
        return
        [
            .. rows.Select(row =>
            {
                var info = KeyOf(row).Info;
                return new PasskeyView(row.Id.ToString(), actors[row.ActorId], row.Name, Convert.ToBase64String(info), SigningKeys.KeyId(info), row.CreatedAt,
                    row.ConfirmedAt, row.ConfirmedBy is { } by ? actors[by] : null, row.RemovedAt);
            }),
        ];
    }
}
