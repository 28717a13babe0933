using Writ.Contracts.Requests;
using Writ.Contracts.Templates;

namespace Writ.Contracts.Runs;

/// <summary>Uses a grant. <c>POST /v1/runs</c></summary>
/// <param name="Command">The argv as typed, left out where a template is used; the server finds an active grant of the caller's that covers it.</param>
/// <param name="Grant">The grant to use, or null to let the server find it.</param>
/// <param name="Inputs">
/// The digests of the requester's files as they are now: a grant covers them only as they were approved. A command that reads
/// files is answered with <c>input-needed</c> where they are missing.
/// </param>
/// <param name="Terminal">The terminal at which the requester sits, for a tool that is interactive; null where there is none.</param>
/// <param name="Template">A template with its values in the place of a command, or null.</param>
/// <param name="Detach">True: the run goes on when the client goes away. False: it ends with it.</param>
public sealed record StartRun(
    IReadOnlyList<string>? Command = null, string? Grant = null, bool Detach = false, IReadOnlyList<InputDigest>? Inputs = null, TerminalAsk? Terminal = null, TemplateAsk? Template = null)
{
    public IReadOnlyList<string> Command { get; init; } = Command ?? [];
}

/// <summary>A terminal: 1 to 1,000 columns and rows, and its type, as TERM has it.</summary>
public sealed record TerminalAsk(int Columns, int Rows, string Type);

/// <summary>How what is typed at the terminal of a run travels.</summary>
public static class TypedInput
{
    /// <summary>The most bytes of one message.</summary>
    public const int PieceBytes = 4096;

    /// <summary>The most bytes on their way that the run's terminal has not taken.</summary>
    public const int WindowBytes = 64 * 1024;
}

/// <summary>A file of the requester's: the path as it stands in the command, and its lower-case hexadecimal SHA-256.</summary>
public sealed record InputDigest(string Argument, string Sha256);

/// <summary>A run. State is <c>queued</c>, <c>starting</c>, <c>running</c>, <c>exited</c>, <c>killed</c> or <c>failed</c>.</summary>
/// <param name="EndReason">
/// Why it ended: <c>exited</c>, <c>deadline</c>, <c>revoked</c>, <c>killed</c>, <c>client-gone</c>, <c>disconnected</c>,
/// <c>recording-failed</c>, <c>violations</c>, <c>limit</c>, <c>could-not-start</c>, <c>refused</c>, <c>runner-lost</c>, <c>grant-over</c>.
/// </param>
/// <param name="EndDetail">In words: who killed it and why, or what the runner said.</param>
/// <param name="Terminal">True where the tool has a terminal, at which its requester types.</param>
/// <param name="Extensions">More time that was decided for it, in order; null where none was.</param>
/// <param name="BreakGlass">Of a run by break-glass: whether that waits for a review, and what was found; null for every other.</param>
public sealed record RunView(
    string Id,
    string Grant,
    string Request,
    ActorView Actor,
    string Runner,
    string State,
    IReadOnlyList<string> Command,
    IReadOnlyList<string> Argv,
    bool Detached,
    DateTimeOffset Deadline,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    int? ExitCode,
    string? EndReason,
    string? EndDetail,
    RunEndView? End,
    long RecordingBytes,
    string? RecordingSha256,
    FenceView? Fence = null,
    IReadOnlyList<RunOutputView>? Outputs = null,
    RunResultsView? Results = null,
    KillReceiptView? Receipt = null,
    bool Terminal = false,
    IReadOnlyList<ExtensionView>? Extensions = null,
    BreakGlassView? BreakGlass = null);

/// <summary>Asks for more time for a live run. <c>POST /v1/runs/{id}/extend</c></summary>
/// <param name="DurationSeconds">How much is added to its deadline; null for as much as the rule allows.</param>
/// <param name="Reason">The purpose.</param>
/// <param name="Ticket">The id of an outside tracker's ticket.</param>
public sealed record ExtendAsk(double? DurationSeconds = null, string? Reason = null, string? Ticket = null);

/// <summary>What the runner has signed of a run's end, beside what its fence has seen; in the answer about one run.</summary>
/// <param name="KilledAt">When the kill was sent; null where the run ended by itself.</param>
/// <param name="ProcessesFound">How many processes there were right before it; null where nobody counted.</param>
/// <param name="KeyId">The key that signed it, of which the audit log has the public part; null where nothing was signed.</param>
/// <param name="Refused">Why what was signed was not taken; null where it was.</param>
public sealed record KillReceiptView(DateTimeOffset? KilledAt, int? ProcessesFound, string? KeyId, string? Refused);

/// <summary>
/// What a run's tool has found so far, by its own word; in the answer about one run, and in the messages of those who watch it.
/// Texts come from scanned hosts. What is missing was not found so far, or is not listed; it is no statement about a host.
/// </summary>
/// <param name="At">When the runner wrote it down.</param>
/// <param name="Phase">What the tool is doing, in its words.</param>
/// <param name="Percent">How much of that is done, 0 to 100.</param>
/// <param name="RemainingSeconds">How long that goes on, as the tool estimates.</param>
/// <param name="HostsDone">Hosts of which the tool has told all, also those that are down where it tells of them.</param>
/// <param name="HostsUp">Hosts that answered.</param>
/// <param name="OpenPorts">Open ports of all hosts.</param>
/// <param name="Complete">True once the tool said that it has told all; false in a run that has ended: it was cut.</param>
/// <param name="Trouble">Why no more is told, or null.</param>
/// <param name="Hosts">
/// Hosts that are up, in the order in which they were found, at most 256; null for somebody else than the requester, who watches the
/// run to see them.
/// </param>
/// <param name="UnlistedHosts">Hosts that are up and are not listed.</param>
/// <param name="Phases">What the tool has done and is doing, in order; the last one goes on until the run ends. At most 32.</param>
public sealed record RunResultsView(
    DateTimeOffset At,
    string? Phase,
    double? Percent,
    double? RemainingSeconds,
    long HostsDone,
    long HostsUp,
    long OpenPorts,
    bool Complete,
    string? Trouble,
    IReadOnlyList<HostResultView>? Hosts,
    long UnlistedHosts,
    IReadOnlyList<PhaseView>? Phases = null);

/// <summary>A phase of a run, as its runner reported it, to a second.</summary>
/// <param name="Name">In the tool's words.</param>
/// <param name="Since">When it was first reported.</param>
/// <param name="Until">When another one, or the end of all, was; null while it goes on.</param>
public sealed record PhaseView(string Name, DateTimeOffset Since, DateTimeOffset? Until);

/// <summary>A host that is up.</summary>
/// <param name="Ports">Its open ports, at most 64.</param>
/// <param name="UnlistedPorts">Open ports that are not listed.</param>
public sealed record HostResultView(string Address, string? Name, IReadOnlyList<PortResultView> Ports, long UnlistedPorts);

/// <summary>An open port.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Service">What the tool calls the service.</param>
/// <param name="Product">What the service calls itself.</param>
public sealed record PortResultView(string Protocol, int Port, string? Service, string? Product);

/// <summary>A file that the run writes for the requester; its bytes by <c>GET /v1/runs/{id}/outputs/{number}</c>, from 0.</summary>
/// <param name="Argument">The path as it stands in the command.</param>
/// <param name="Ending">What the tool adds to it, or empty.</param>
/// <param name="Format">What it holds.</param>
/// <param name="Append">True where it is added to the requester's file.</param>
/// <param name="State"><c>running</c>, <c>absent</c> (the run wrote none), <c>coming</c> (on its way from the runner), <c>here</c> or <c>deleted</c> (its retention is over).</param>
/// <param name="Cut">True where the run did not end by itself, or there was no room for more.</param>
public sealed record RunOutputView(
    string Argument, string Ending, string Format, bool Append, string State, long? Bytes, string? Sha256, bool Cut);

/// <summary>
/// What the fence around a run has seen; in the answer about one run, where there is anything to tell. Members but
/// <paramref name="Refused"/> are known at the end only.
/// </summary>
/// <param name="Closed">True when the runner read from the kernel that nothing can pass any more.</param>
/// <param name="Passed">Packets that left for the network.</param>
/// <param name="PassedBytes">Their bytes.</param>
/// <param name="RefusedPackets">Packets out of scope.</param>
/// <param name="LastPacketAt">When the last packet left, to 10 ms; null for none.</param>
/// <param name="Refused">The destinations out of scope, those with most packets first.</param>
/// <param name="OverBudget">Packets in scope that were dropped for the rule's budget.</param>
/// <param name="HeldBack">How often the budget's rate made a packet wait; null where nothing does.</param>
/// <param name="DegradedAt">Since when what got no answer was not measured, as packets were held back or dropped; null for never.</param>
/// <param name="Late">Packets that came when the run's time was over, and were dropped.</param>
/// <param name="Zones">What passed and what was dropped for each zone of the run; null where that is not known.</param>
/// <param name="DroppedElsewhere">Dropped packets to addresses in none of these zones.</param>
public sealed record FenceView(
    bool? Closed,
    long? Passed,
    long? PassedBytes,
    long? RefusedPackets,
    DateTimeOffset? LastPacketAt,
    IReadOnlyList<RefusedView> Refused,
    long? OverBudget = null,
    long? HeldBack = null,
    DateTimeOffset? DegradedAt = null,
    long? Late = null,
    IReadOnlyList<ZonePacketsView>? Zones = null,
    long? DroppedElsewhere = null);

/// <summary>The packets of a run to the addresses of a zone, as the kernel counted them. Where zones overlap, one packet counts for each.</summary>
/// <param name="Passed">Those that left for the network.</param>
/// <param name="PassedBytes">Their bytes, from the IP header on.</param>
/// <param name="Dropped">Those that were dropped: out of scope, over the budget or without a route.</param>
/// <param name="DroppedBytes">Their bytes.</param>
public sealed record ZonePacketsView(string Zone, long Passed, long PassedBytes, long Dropped, long DroppedBytes);

/// <summary>A destination to which a run tried to send. <c>Port</c> is 0 where the protocol has none.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>sctp</c>, <c>icmp</c> or a number.</param>
public sealed record RefusedView(string Address, string Protocol, int Port, long Packets);

/// <summary>What the runner saw of a run's end.</summary>
/// <param name="Outcome"><c>confirmed</c> or <c>unconfirmed</c>.</param>
/// <param name="KillToDeadMilliseconds">On the runner, from the kill to the last process gone; null without a kill.</param>
/// <param name="ProcessesLeft">Counted by the runner; null where nothing was counted.</param>
public sealed record RunEndView(
    string Run,
    string Outcome,
    string? Reason,
    DateTimeOffset? EndedAt,
    double? KillToDeadMilliseconds,
    int? ProcessesLeft);

/// <summary>
/// A text message of <c>GET /v1/runs/{id}/attach</c> (WebSocket). Binary messages are the recording's own bytes from the
/// offset asked for (<c>?from=</c>), in order and without gaps.
/// </summary>
/// <param name="Type">
/// From the server: <c>state</c> (with the run), <c>deadline</c> (with the run, whose deadline has moved), <c>out-of-scope</c> (with the run and what its fence has refused so far),
/// <c>results</c> (with what the tool has found so far, the whole each time), <c>typed</c> (what was typed is taken up to this
/// offset), <c>end</c> (with the run; the last message). From the client: <c>detach</c> (the run shall go on without me), <c>kill</c>
/// (with a reason); of a run with a terminal, from whoever holds it, once its state is <c>starting</c> or <c>running</c>: <c>type</c> (bytes
/// from an offset of all that was typed, at most 4,096 in a message and 65,536 that are not taken), <c>resize</c> (columns and rows).
/// </param>
public sealed record AttachMessage(string Type, RunView? Run = null, string? Reason = null, RunResultsView? Results = null,
    long Offset = 0, byte[]? Bytes = null, int Columns = 0, int Rows = 0);
