using Writ.Proof.Addresses;
using Writ.Proof.Statements;

namespace Writ.Core.Tools;

/// <summary>What a command means. Policy speaks about plans, never about text.</summary>
public sealed record Plan
{
    /// <summary>The tool's name.</summary>
    public required string Tool { get; init; }

    /// <summary>The canonical argv, the tool's name first: full option names, fixed order.</summary>
    public required IReadOnlyList<string> Argv { get; init; }

    /// <summary>How the results can be followed while the run lives; null where they cannot.</summary>
    public PlannedLive? Live { get; init; }

    /// <summary>What is shown, approved and executed, and nothing else ever is: <see cref="Argv"/>, and what the live view adds to it.</summary>
    public IReadOnlyList<string> Executed => Live is null ? Argv : [.. Argv, .. Live.Arguments];

    /// <summary>Every address that the command names as a target, exclusions taken out.</summary>
    public required AddressSet Targets { get; init; }

    /// <summary>The TCP ports that are scanned or talked to.</summary>
    public PortSet Tcp { get; init; } = PortSet.Empty;

    /// <summary>The UDP ports that are scanned or talked to.</summary>
    public PortSet Udp { get; init; } = PortSet.Empty;

    /// <summary>The SCTP ports that are scanned or talked to.</summary>
    public PortSet Sctp { get; init; } = PortSet.Empty;

    /// <summary>
    /// The TCP, UDP and SCTP ports that the command itself names for host discovery (<c>-PS22</c>). Policy holds them against
    /// a rule's ports like scanned ones; the ports that the tool itself would choose come with the technique <c>ping</c>.
    /// </summary>
    public PortSet DiscoveryPorts { get; init; } = PortSet.Empty;

    /// <summary>All that the run may reach, by purpose: targets and ports, and what host discovery needs beside them.</summary>
    public required NetworkScope Scope { get; init; }

    /// <summary>The techniques, as policy names them, in bytewise order: for Nmap <c>ping</c>, <c>connect</c>, <c>syn</c>, <c>version</c>, …; see <see cref="Nmap.NmapFacets"/></summary>
    public required IReadOnlyList<string> Techniques { get; init; }

    /// <summary>The plan's answer to each facet that its tool defines, in the order of the definitions; policy looks at nothing else but targets and scope.</summary>
    public required IReadOnlyList<FacetValue> Facets { get; init; }

    /// <summary>The scripts that will run, in bytewise order of their names.</summary>
    public IReadOnlyList<PlannedScript> Scripts { get; init; } = [];

    /// <summary>The terminal that the tool gets, as statements call it; null for none. What is typed there is no part of the plan.</summary>
    public string? Terminal { get; init; }

    /// <summary>Whether the tool makes packets of its own, for which it needs a right that it does not have otherwise.</summary>
    public bool RawSockets { get; init; }

    /// <summary>True where the tool sends nothing, and looks at what others send and get within the scope.</summary>
    public bool Captures { get; init; }

    /// <summary>The scripts of the runner's that the sandbox must have, by name; every other one is absent there.</summary>
    public IReadOnlyList<string> InstalledScripts { get; init; } = [];

    /// <summary>What holds the run on the runner that executes it, of <see cref="Proof.Runners.Protections"/>.</summary>
    public IReadOnlyList<string> Protections { get; init; } = [];

    /// <summary>The timing template, 0 to 5; 3 is the default.</summary>
    public int Timing { get; init; } = 3;

    /// <summary>The requester's files that were read, in the order of the argv.</summary>
    public IReadOnlyList<PlannedInput> Inputs { get; init; } = [];

    /// <summary>The files that the sandbox holds, in bytewise order of their paths.</summary>
    public IReadOnlyList<PlannedFile> Files { get; init; } = [];

    /// <summary>The files that are handed back, in the order of the argv.</summary>
    public IReadOnlyList<PlannedOutput> Outputs { get; init; } = [];

    /// <summary>The secrets that the run is given, in the order of the argv; never what they are.</summary>
    public IReadOnlyList<StatementSecret> Secrets { get; init; } = [];

    /// <summary>The names among the targets, in the order in which they were typed.</summary>
    public IReadOnlyList<PinnedName> Names { get; init; } = [];

    /// <summary>What is sent, by purpose; empty for a tool that does not tell purposes apart.</summary>
    public IReadOnlyList<PlannedTraffic> Traffic { get; init; } = [];

    /// <summary>An estimate of the packets that leave where the hosts are up.</summary>
    public long EstimatedPackets { get; init; }

    /// <summary>The same where no host answers; null where the tool does not ask hosts first.</summary>
    public long? EstimatedPacketsUnanswered { get; init; }

    /// <summary>An estimate of the time that the run takes; an aid for the approver, not a promise.</summary>
    public TimeSpan EstimatedDuration { get; init; }

    /// <summary>Where the tool reads the command otherwise than somebody may expect, one lowercase line each.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

/// <summary>A script that a plan runs, with the categories by which policy speaks of it.</summary>
/// <param name="Name">Its name without an ending.</param>
/// <param name="Categories">In bytewise order.</param>
/// <param name="Implied">
/// True when a technique brings it along (Nmap's version detection runs the scripts of category <c>version</c>): the
/// technique opens it, so rules do not ask for it again. Denials look at it all the same.
/// </param>
/// <param name="Forced">True when it is to run even where it would not apply by itself (Nmap's <c>+</c>).</param>
public sealed record PlannedScript(string Name, IReadOnlyList<string> Categories, bool Implied = false, bool Forced = false);
