using Writ.Proof.Identity;

namespace Writ.Server.Storage;

/// <summary>A passkey of a person's. It signs in where they have an account here, and approves once somebody else has confirmed it.</summary>
internal sealed class PasskeyRow
{
    public required PasskeyId Id { get; init; }
    public required ActorId ActorId { get; init; }
    /// <summary>What its owner calls it.</summary>
    public required string Name { get; set; }
    /// <summary>As its authenticator made it.</summary>
    public required byte[] CredentialId { get; init; }
    /// <summary>As its authenticator gave it: a COSE_Key.</summary>
    public required byte[] PublicKey { get; init; }
    /// <summary>As of its last signature; stays 0 with passkeys that are on several devices.</summary>
    public long SignCount { get; set; }
    public bool IsBackupEligible { get; init; }
    public bool IsBackedUp { get; set; }
    /// <summary>How its authenticator can be reached, as the browser names it.</summary>
    public string[] Transports { get; init; } = [];
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ConfirmedAt { get; set; }
    /// <summary>Who confirmed it; null also where it was the operator on the box.</summary>
    public ActorId? ConfirmedBy { get; set; }
    /// <summary>The entry that says so, which receipts carry.</summary>
    public long? ConfirmationEntry { get; set; }
    public DateTimeOffset? RemovedAt { get; set; }
}

/// <summary>A nonce that was given out for a passkey to sign; deleted by its first use.</summary>
internal sealed class PasskeyChallengeRow
{
    /// <summary>32 random bytes.</summary>
    public required byte[] Nonce { get; init; }
    public required ActorId ActorId { get; init; }
    /// <summary>What would be approved; null where a passkey is to be made.</summary>
    public RequestId? RequestId { get; init; }
    public string? StatementDigest { get; init; }
    public required DateTimeOffset At { get; init; }
}
