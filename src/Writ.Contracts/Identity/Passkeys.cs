using Writ.Contracts.Requests;

namespace Writ.Contracts.Identity;

/// <summary>A passkey of a person's. <c>GET /v1/passkeys</c></summary>
/// <param name="Id"><c>pk_…</c></param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="PublicKey">SubjectPublicKeyInfo in base64, as runners and receipts have it.</param>
/// <param name="Fingerprint">Of the public key: 16 hexadecimal digits to compare.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ConfirmedAt">When a second person confirmed it; null where it does not approve yet.</param>
/// <param name="ConfirmedBy">Who did, null also where it was the operator on the box.</param>
/// <param name="RemovedAt">When it was taken away, or null.</param>
public sealed record PasskeyView(
    string Id, ActorView Owner, string Name, string PublicKey, string Fingerprint, DateTimeOffset CreatedAt, DateTimeOffset? ConfirmedAt, ActorView? ConfirmedBy, DateTimeOffset? RemovedAt);

/// <summary>What a browser needs to make a passkey. <c>POST /v1/passkeys/challenge</c></summary>
/// <param name="Challenge">32 bytes that are spent by the new passkey.</param>
/// <param name="Party">The relying party's id.</param>
/// <param name="User">The person as the authenticator keeps them: bytes that are the same for each of their passkeys.</param>
/// <param name="Name">The person's name.</param>
/// <param name="Known">The credentials that the person has already: their authenticators refuse to make another.</param>
public sealed record PasskeyChallenge(byte[] Challenge, string Party, byte[] User, string Name, IReadOnlyList<byte[]> Known);

/// <summary>A passkey that a browser has made. <c>POST /v1/passkeys</c></summary>
/// <param name="Name">What its owner calls it, 1 to 60 characters.</param>
/// <param name="Challenge">The one that was given out.</param>
/// <param name="ClientData">What the browser signed for.</param>
/// <param name="AuthenticatorData">With the new credential and its key.</param>
/// <param name="Transports">How the authenticator can be reached, as the browser names it.</param>
public sealed record NewPasskey(string Name, byte[] Challenge, byte[] ClientData, byte[] AuthenticatorData, IReadOnlyList<string>? Transports = null);

/// <summary>Says that a passkey is its owner's. <c>POST /v1/passkeys/{id}/confirm</c></summary>
/// <param name="Fingerprint">The one that its owner named; of another key nothing is confirmed.</param>
public sealed record ConfirmAsk(string Fingerprint);

/// <summary>What a browser needs to approve by passkey. <c>POST /v1/requests/{id}/challenge</c></summary>
/// <param name="StatementDigest">What will be approved.</param>
/// <param name="Nonce">32 bytes that are spent by the decision, within five minutes.</param>
/// <param name="At">When it was given out, in Unix microseconds.</param>
/// <param name="Challenge">What the passkey signs; it follows from the three before.</param>
/// <param name="Party">The relying party's id.</param>
/// <param name="Credentials">The confirmed passkeys of the caller.</param>
public sealed record ApprovalChallenge(string StatementDigest, byte[] Nonce, long At, byte[] Challenge, string Party, IReadOnlyList<byte[]> Credentials);

/// <summary>What an approver's passkey answered.</summary>
/// <param name="Nonce">The one that was given out.</param>
/// <param name="Credential">The credential that signed.</param>
/// <param name="AuthenticatorData">What the authenticator said.</param>
/// <param name="ClientData">What the browser asked for.</param>
/// <param name="Signature">Over both.</param>
public sealed record PasskeyAnswer(byte[] Nonce, byte[] Credential, byte[] AuthenticatorData, byte[] ClientData, byte[] Signature);
