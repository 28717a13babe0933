using Writ.Contracts.Requests;
using Writ.Contracts.Runs;

namespace Writ.Contracts.Traces;

/// <summary>What went through Writ to an address, or came from one. <c>GET /v1/trace</c></summary>
/// <param name="Address">What was asked about, an address or a network of up to 256, or null.</param>
/// <param name="Port">The port, or null for any.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>; null without a port.</param>
/// <param name="From">The source that was asked about, or null.</param>
/// <param name="Since">The beginning of the time that was looked at, or null for everything before <paramref name="Until"/>.</param>
/// <param name="Until">The end of it.</param>
/// <param name="Findings">The runs, and grants without one; what was done before what was tried before what could be, newest first.</param>
/// <param name="Incomplete">Runs of that time of which not everything is known: they may have tried the address.</param>
/// <param name="More">True where there is more than is shown: a shorter time tells it.</param>
/// <param name="All">True where the answer covers every run; false where it covers those that the caller may know of.</param>
public sealed record TraceView(
    string? Address,
    int? Port,
    string? Protocol,
    string? From,
    DateTimeOffset? Since,
    DateTimeOffset Until,
    IReadOnlyList<TraceFindingView> Findings,
    IReadOnlyList<TraceGapView> Incomplete,
    bool More,
    bool All);

/// <summary>A run, or a grant without one, and what it has to do with the address.</summary>
/// <param name="Kind">
/// <c>did</c>: in the plan of a run that ran then, and packets left its fence (or it cannot be known that none did). <c>tried</c>:
/// its fence stopped packets to it. <c>could</c>: in the approved scope while the right was open, and nothing was sent then.
/// </param>
/// <param name="Run">The run; null where the grant had none then. Its results and outputs are not in it.</param>
/// <param name="Grant">The grant's id.</param>
/// <param name="Request">The request's id.</param>
/// <param name="NotBefore">Since when the right was open.</param>
/// <param name="NotAfter">Until when.</param>
/// <param name="Actor">Who asked.</param>
/// <param name="OnBehalfOf">For whom a workload asked, or null.</param>
/// <param name="Purpose">What they said it was for.</param>
/// <param name="Ticket">The outside ticket, or null.</param>
/// <param name="Command">The command as typed.</param>
/// <param name="Approvals">Who approved it.</param>
/// <param name="Sources">Where the run's packets came from; empty where nobody told.</param>
/// <param name="SharedSource">True where those are the runner's own addresses, from which other things of its host come too.</param>
/// <param name="PacketsPassed">Packets of the whole run that left its fence; null where that is not known, or not yet.</param>
/// <param name="LastPacketAt">When the last of them did.</param>
/// <param name="Refused">Packets to the address that the fence stopped; where no address was asked for, to any.</param>
/// <param name="Results">How far the results of the run go; null where there are none, and where no address was asked for.</param>
/// <param name="Host">
/// The address among the results: of its ports those that are open, or the one that was asked for alone; null where it is not listed. Of a
/// run that lives, only to whoever started it.
/// </param>
/// <param name="Incomplete">What is not known of the run, one lowercase line each.</param>
public sealed record TraceFindingView(
    string Kind,
    RunView? Run,
    string Grant,
    string Request,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    ActorView Actor,
    ActorView? OnBehalfOf,
    string? Purpose,
    string? Ticket,
    IReadOnlyList<string> Command,
    IReadOnlyList<DecisionView> Approvals,
    IReadOnlyList<string> Sources,
    bool SharedSource,
    long? PacketsPassed,
    DateTimeOffset? LastPacketAt,
    IReadOnlyList<TraceRefusedView> Refused,
    TraceResultsView? Results,
    FoundHostView? Host,
    IReadOnlyList<string> Incomplete);

/// <summary>Packets that a fence stopped.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>sctp</c>, <c>icmp</c> or a number.</param>
/// <param name="Port">0 where it has none, or it cannot be told.</param>
/// <param name="FirstAt">When the runner first told of it: the first packet is up to 11 seconds older.</param>
/// <param name="LastAt">When the runner last told of more.</param>
public sealed record TraceRefusedView(string Address, string Protocol, int Port, long Packets, DateTimeOffset FirstAt, DateTimeOffset LastAt);

/// <summary>How far a run's results go.</summary>
/// <param name="TellsAll">True where a host that is not listed was looked for and is not up.</param>
/// <param name="NotMeasuredSince">Since when what got no answer was not measured; null for never.</param>
public sealed record TraceResultsView(bool TellsAll, DateTimeOffset? NotMeasuredSince);

/// <summary>A run of which not everything is known.</summary>
/// <param name="Run">Its id.</param>
/// <param name="Why">What is not known, one lowercase line.</param>
public sealed record TraceGapView(string Run, string Why);
