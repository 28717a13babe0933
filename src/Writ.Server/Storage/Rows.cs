using Writ.Core;
using Writ.Core.Identity;
using Writ.Proof.Identity;

namespace Writ.Server.Storage;

// The tables' rows, in the order of the lifecycle. Instants are stored as Unix microseconds, durations as microseconds,
// typed ids as their text, lists of strings as JSON. A state changes only along Writ.Core.AccessLifecycle.

internal sealed class ActorRow
{
    public required ActorId Id { get; init; }
    public required ActorKind Kind { get; init; }
    public required string Name { get; init; }
    public required string[] Groups { get; set; }
    public bool IsAdmin { get; set; }
    public bool IsAuditor { get; set; }
    public ActorId? OwnerId { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DisabledAt { get; set; }
    /// <summary>When everything that they had been signed in by was ended last.</summary>
    public DateTimeOffset? SignedOutAt { get; set; }
}

/// <summary>An access token; only the SHA-256 of its 256 random bits is kept.</summary>
internal sealed class TokenRow
{
    public required TokenId Id { get; init; }
    public required ActorId ActorId { get; init; }
    public required byte[] Hash { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }
}

/// <summary>A secret that is spent by its first use: the set-up secret, an enrolment token.</summary>
internal sealed class OneTimeSecretRow
{
    public required byte[] Hash { get; init; }
    public required string Purpose { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public DateTimeOffset? SpentAt { get; set; }
}

/// <summary>A revision of the policy; the one with the highest number is in force.</summary>
internal sealed class PolicyRow
{
    public required long Number { get; init; }
    public required string Hash { get; init; }
    public required string Text { get; init; }
    public required DateTimeOffset AppliedAt { get; init; }
    public required string AppliedBy { get; init; }
}

/// <summary>A version of a template that came into force, and who its author is; never changed.</summary>
internal sealed class TemplateRow
{
    public required string Name { get; init; }
    public required int Version { get; init; }
    public required string Digest { get; init; }
    /// <summary>The number of the policy with which it came into force.</summary>
    public required long Policy { get; init; }
    /// <summary>Who applied or proposed it; and who answers for them, where they are a workload.</summary>
    public required ActorId By { get; init; }
    public ActorId? OwnerOfBy { get; init; }
    /// <summary>Further authors that it names.</summary>
    public required string[] Authors { get; init; }
    public string? ConfirmedBy { get; init; }
    public required DateTimeOffset AppliedAt { get; init; }

    public bool IsAuthor(ActorId person, string name) => By == person || OwnerOfBy == person || Authors.Contains(name, StringComparer.OrdinalIgnoreCase);
}

internal sealed class RunnerRow
{
    public required RunnerId Id { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset EnrolledAt { get; init; }
    public DateTimeOffset? LastSeenAt { get; set; }
    public DateTimeOffset? DisabledAt { get; set; }
    public string? Version { get; set; }
    public string? InventoryDigest { get; set; }
    /// <summary>The newest report of its host's standing rights: its id, when it was made, and what was found as JSON.</summary>
    public string? HostReport { get; set; }
    public DateTimeOffset? StandingRightsAt { get; set; }
    public string? StandingRights { get; set; }
}

/// <summary>A key with which a runner signs how runs end, with the audit entry that has it; never changed.</summary>
internal sealed class RunnerKeyRow
{
    public required RunnerId RunnerId { get; init; }
    /// <summary>The public key's id.</summary>
    public required string KeyId { get; init; }
    public required byte[] PublicKey { get; init; }
    public required long EntryId { get; init; }
}

/// <summary>An inventory that a runner published, by its digest; never changed.</summary>
internal sealed class InventoryRow
{
    public required string Digest { get; init; }
    public required byte[] Content { get; init; }
}

internal sealed class RequestRow
{
    public required RequestId Id { get; init; }
    public int Revision { get; set; } = 1;
    public required RequestState State { get; set; }
    public string? EndReason { get; set; }
    public required ActorId ActorId { get; init; }
    public ActorId? OnBehalfOf { get; init; }
    /// <summary>
    /// The run for which it is more time, or null. Then its start is the deadline that the run has, its duration what is added to it, and no
    /// grant of its own comes of it.
    /// </summary>
    public RunId? Extends { get; init; }
    public required string Tool { get; init; }
    public required string[] Command { get; init; }
    public string? Reason { get; init; }
    public string? Ticket { get; init; }
    public DateTimeOffset? Start { get; init; }
    public required TimeSpan Duration { get; set; }
    public required int Uses { get; set; }
    public required RunnerId RunnerId { get; set; }
    public required string InventoryDigest { get; set; }
    public required string PolicyHash { get; set; }
    /// <summary>The plan and the evaluation as they were shown, as JSON.</summary>
    public required string Plan { get; set; }
    public required string Evaluation { get; set; }
    public required byte[] Statement { get; set; }
    public required string StatementDigest { get; set; }
    /// <summary>Every name of the command with the addresses that it had when it was asked, as JSON; excluded ones too.</summary>
    public string Names { get; init; } = "{}";
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? EndedAt { get; set; }
    public string? IdempotencyKey { get; init; }
    /// <summary>The template by which it was asked for, its version and digest, and the values as JSON; null for a command of one's own.</summary>
    public string? Template { get; init; }
    public int? TemplateVersion { get; init; }
    public string? TemplateDigest { get; init; }
    public string? TemplateParameters { get; init; }
    /// <summary>By what its plan, and its template, are known again (<see cref="Decisions.Likeness"/>); null where nothing is known again by it.</summary>
    public string? PlanLikeness { get; set; }
    public string? TemplateLikeness { get; set; }
    /// <summary>The request whose approval by people stands for one of this; null where people or policy decided on itself.</summary>
    public RequestId? KnownGoodBy { get; init; }
    /// <summary>Whether it was asked to break the glass.</summary>
    public bool BreakGlass { get; init; }
    /// <summary>The series that it asks for, or of which it is one run; null for every other.</summary>
    public SeriesId? Series { get; init; }
    /// <summary>When the run of the series was due; null for the series itself.</summary>
    public DateTimeOffset? DueAt { get; init; }
    /// <summary>Counts up with each decision: the update that counts is the lock under which quorum is recomputed.</summary>
    public int Turn { get; set; }
}

internal sealed class DecisionRow
{
    public required DecisionId Id { get; init; }
    public required RequestId RequestId { get; init; }
    public required int Revision { get; init; }
    public required string StatementDigest { get; init; }
    /// <summary>The person, or null where policy decided.</summary>
    public ActorId? ActorId { get; init; }
    public required bool Approved { get; init; }
    public string? Comment { get; init; }
    public required DateTimeOffset At { get; init; }
    /// <summary>The rotas by which the person was on call when they decided; what they said then counts after their turn.</summary>
    public string[] OnCall { get; init; } = [];
    /// <summary>The passkey that signed it, with what it signed (<see cref="PasskeyAssertion.ToBytes"/>); null where it was decided without one.</summary>
    public PasskeyId? PasskeyId { get; init; }
    public byte[]? Passkey { get; init; }
    /// <summary>The account with whose button it was said, as <see cref="ChatAccountRow"/> names it; null where somebody signed in to say it.</summary>
    public string? Chat { get; init; }
}

internal sealed class GrantRow
{
    public required GrantId Id { get; init; }
    public required RequestId RequestId { get; init; }
    public required ActorId ActorId { get; init; }
    public required RunnerId RunnerId { get; init; }
    public required string Tool { get; init; }
    public required GrantState State { get; set; }
    public string? EndReason { get; set; }
    public required int UsesGranted { get; init; }
    public required int UsesLeft { get; set; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; set; }
    /// <summary>Whether it stands in the index of traces; false of those that were minted before there was one.</summary>
    public bool IsTraced { get; set; }
}

/// <summary>Glass that was broken: a grant that nobody was asked for, and what another person found of it.</summary>
internal sealed class GlassRow
{
    public required GrantId GrantId { get; init; }
    public required RequestId RequestId { get; init; }
    public required ActorId ActorId { get; init; }
    public required GlassState State { get; set; }
    public required DateTimeOffset BrokenAt { get; init; }
    public ActorId? ReviewedBy { get; set; }
    public DateTimeOffset? ReviewedAt { get; set; }
    public bool? Justified { get; set; }
    public string? Comment { get; set; }
}

internal sealed class RunRow
{
    public required RunId Id { get; init; }
    public required GrantId GrantId { get; init; }
    /// <summary>From 1; unique in its grant, so a use can be taken once.</summary>
    public required int UseNumber { get; init; }
    public required RequestId RequestId { get; init; }
    public required ActorId ActorId { get; init; }
    public required RunnerId RunnerId { get; init; }
    public required RunState State { get; set; }
    public string? EndReason { get; set; }
    public string? EndDetail { get; set; }
    public required string[] Command { get; init; }
    public required string[] Argv { get; init; }
    public required bool Detached { get; set; }
    public required byte[] OrderBytes { get; init; }
    public required byte[] OrderSignature { get; init; }
    public required string OrderKeyId { get; init; }
    public required string Nonce { get; init; }
    public required DateTimeOffset StartBy { get; init; }
    public required DateTimeOffset Deadline { get; set; }
    public required TimeSpan MaxDisconnected { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When a server last held the client of an attached run.</summary>
    public required DateTimeOffset ClientSeenAt { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public int? ExitCode { get; set; }
    /// <summary>Why it shall end, set by whoever asked first: <c>revoked</c>, <c>killed</c>, <c>client-gone</c>, …</summary>
    public string? KillCause { get; set; }
    public string? KillReason { get; set; }
    public DateTimeOffset? KillAskedAt { get; set; }
    public TimeSpan? KillToDead { get; set; }
    /// <summary>Counts up with each extension that is asked or decided: the update that counts is the lock under which they take turns.</summary>
    public int Turn { get; set; }
    public int? ProcessesLeft { get; set; }
    public long RecordingBytes { get; set; }
    public string? RecordingSha256 { get; set; }
    /// <summary>The files that it hands back, and what its end says of them, as JSON.</summary>
    public string Outputs { get; set; } = "[]";
    public string? IdempotencyKey { get; init; }
    /// <summary>The addresses that its packets come from, as its runner told them.</summary>
    public string[] Sources { get; set; } = [];
    /// <summary>Whether those are the runner's own.</summary>
    public bool HasSharedSource { get; set; }
    /// <summary>Packets that left its fence, known at its end; null where it cannot be known.</summary>
    public long? PacketsPassed { get; set; }
    public DateTimeOffset? LastPacketAt { get; set; }
    /// <summary>Packets out of scope of which the destinations were not told.</summary>
    public long RefusedUnlisted { get; set; }
    /// <summary>Whether the recording is the one that the runner wrote; null while it lives.</summary>
    public bool? IsRecordingWhole { get; set; }
}

/// <summary>More time for a run that was decided: what became of it.</summary>
internal sealed class ExtensionRow
{
    /// <summary>The request that was approved.</summary>
    public required RequestId RequestId { get; init; }
    public required RunId RunId { get; init; }
    public required RunnerId RunnerId { get; init; }
    public required ExtensionState State { get; set; }
    /// <summary>The deadline before it, and the one after.</summary>
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset Until { get; set; }
    /// <summary>The signed order; null until there is one.</summary>
    public byte[]? OrderBytes { get; set; }
    public byte[]? OrderSignature { get; set; }
    public string? OrderKeyId { get; set; }
    public string? Nonce { get; set; }
    /// <summary>Why it never came into force.</summary>
    public string? Message { get; set; }
}

/// <summary>A destination out of scope that a run tried, as of the newest report.</summary>
internal sealed class RefusedRow
{
    public required RunId RunId { get; init; }
    /// <summary>16 bytes.</summary>
    public required byte[] Address { get; init; }
    /// <summary>Of IP, by number.</summary>
    public required int Protocol { get; init; }
    public required int Port { get; init; }
    public required long Packets { get; set; }
    /// <summary>Of the first report that told of it.</summary>
    public required DateTimeOffset FirstAt { get; init; }
    /// <summary>Of the last report that told of more.</summary>
    public required DateTimeOffset LastAt { get; set; }
}

/// <summary>A line of the index of traces: <see cref="Writ.Core.Traces.TraceKey"/> and <see cref="Writ.Core.Traces.TraceSpan"/>.</summary>
internal sealed class TraceRow
{
    public required long Key { get; init; }
    public required int Span { get; init; }
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset Until { get; init; }
    /// <summary>The grant's id, or the run's.</summary>
    public required string Subject { get; init; }
}

/// <summary>How long evidence of a kind is kept. Without a row it is kept for ever.</summary>
internal sealed class RetentionRow
{
    public required string Kind { get; init; }
    public required TimeSpan Keep { get; set; }
    public required DateTimeOffset SetAt { get; set; }
}

/// <summary>That evidence of a run is deleted, since this instant: its entry is in the log, and its bytes go after that.</summary>
internal sealed class DeletionRow
{
    public required RunId RunId { get; init; }
    public required string Kind { get; init; }
    public required DateTimeOffset At { get; init; }
    /// <summary>The retention under which it went.</summary>
    public required TimeSpan Keep { get; init; }
    /// <summary>Whether no byte of it is left.</summary>
    public bool Done { get; set; }
}

/// <summary>A piece of a run's recording; pieces of a run follow one another without gaps.</summary>
internal sealed class RecordingPieceRow
{
    public required RunId RunId { get; init; }
    public required long Offset { get; init; }
    public required byte[] Bytes { get; init; }
    /// <summary>How many bytes it is when unpacked; 0 where <see cref="Bytes"/> are not packed.</summary>
    public int Unpacked { get; init; }
}

/// <summary>A file by the digest of its bytes; never changed, but deleted when its retention is over.</summary>
internal sealed class FileRow
{
    public required string Sha256 { get; init; }
    /// <summary>Empty once it is deleted.</summary>
    public required byte[] Bytes { get; init; }
    /// <summary>When somebody last handed it in.</summary>
    public required DateTimeOffset KeptAt { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }
    /// <summary>The retention under which it was deleted.</summary>
    public TimeSpan? Keep { get; init; }
}

/// <summary>Which addresses names have where a runner's tools run: asked by one server, passed on by another. Gone once it is answered.</summary>
internal sealed class NameQuestionRow
{
    public required string Id { get; init; }
    public required RunnerId RunnerId { get; init; }
    public required string[] Names { get; init; }
    public required bool V6 { get; init; }
    public required DateTimeOffset AskedAt { get; init; }
    public byte[]? Answer { get; set; }
}
