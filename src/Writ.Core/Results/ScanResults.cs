using Writ.Proof.Addresses;

namespace Writ.Core.Results;

/// <summary>
/// What a run's tool found, by its own word. Texts come from scanned hosts: bounded by <see cref="ResultsLimits"/>, to be
/// escaped before they reach a terminal. What is not in it was not measured, or was cut by a limit, which it says.
/// </summary>
public sealed record ScanResults
{
    /// <summary>The tool's version, or null.</summary>
    public string? Version { get; init; }

    /// <summary>When the tool began, by its own clock.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it had told all.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether the tool said that it has told all.</summary>
    public bool Complete { get; init; }

    /// <summary>Why no more could be read, or null.</summary>
    public string? Trouble { get; init; }

    /// <summary>Since when what got no answer was not measured, where that was before the end; null otherwise.</summary>
    public DateTimeOffset? NotMeasuredSince { get; init; }

    /// <summary>True where a target that is not among the hosts was looked for and is not up.</summary>
    public bool TellsAll => Complete && NotMeasuredSince is null && UnlistedHosts == 0;

    /// <summary>The ports that were looked at, by protocol, as far as the tool tells.</summary>
    public IReadOnlyList<LookedAt> Looked { get; init; } = [];

    /// <summary>The hosts that the tool told of, by address, each once.</summary>
    public IReadOnlyList<FoundHost> Hosts { get; init; } = [];

    /// <summary>What scripts said before and after the hosts.</summary>
    public IReadOnlyList<FoundScript> Scripts { get; init; } = [];

    /// <summary>Hosts past the limit; nothing is known of them here.</summary>
    public long UnlistedHosts { get; init; }

    /// <summary>Ports past the limit; nothing is known of them here.</summary>
    public long UnlistedPorts { get; init; }

    /// <summary>Texts that a limit cut or left out.</summary>
    public long CutTexts { get; init; }
}

/// <summary>Ports that were looked at.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>sctp</c> or <c>ip</c>.</param>
/// <param name="Technique">How, in the tool's words.</param>
/// <param name="Ports">As <see cref="PortSet"/> writes them.</param>
public sealed record LookedAt(string Protocol, string Technique, string Ports);

/// <summary>A host that the tool told of.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Names">Its names.</param>
/// <param name="State"><c>up</c>, <c>down</c>, <c>unknown</c>, <c>skipped</c> or <see cref="NotMeasured.State"/>.</param>
/// <param name="Reason">Why, in the tool's words.</param>
/// <param name="EndedAt">When the tool was through with it.</param>
/// <param name="Hardware">The address of its network card and whose it is, or null.</param>
/// <param name="System">The operating system that it probably is, or null.</param>
/// <param name="Ports">The ports that are told one by one, by protocol and number.</param>
/// <param name="Rest">All others.</param>
/// <param name="Scripts">What scripts said of it.</param>
public sealed record FoundHost(
    Address Address,
    IReadOnlyList<string> Names,
    string State,
    string? Reason,
    DateTimeOffset? EndedAt,
    string? Hardware,
    string? System,
    IReadOnlyList<FoundPort> Ports,
    IReadOnlyList<FoundRest> Rest,
    IReadOnlyList<FoundScript> Scripts);

/// <summary>A port.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>sctp</c> or <c>ip</c>.</param>
/// <param name="Number">Its number.</param>
/// <param name="State"><c>open</c>, <c>closed</c>, <c>filtered</c>, … in the tool's words, or <see cref="NotMeasured.State"/>.</param>
/// <param name="Reason">Why, in the tool's words.</param>
/// <param name="Service">What the tool calls the service.</param>
/// <param name="Product">What the service calls itself, with its version.</param>
/// <param name="Scripts">What scripts said of it.</param>
/// <param name="Said">What the tool called a port that was not measured.</param>
public sealed record FoundPort(
    string Protocol, int Number, string State, string? Reason, string? Service, string? Product, IReadOnlyList<FoundScript> Scripts, string? Said = null)
{
    /// <summary>Whether something answers there.</summary>
    public bool IsOpen => State == "open";
}

/// <summary>Ports that are told together.</summary>
/// <param name="Protocol">Of them, or null where the tool does not tell.</param>
/// <param name="State">As that of a port.</param>
/// <param name="Count">How many.</param>
/// <param name="Ports">Which, as <see cref="PortSet"/> writes them, or null where the tool does not tell.</param>
/// <param name="Reason">Why, in the tool's words.</param>
/// <param name="Said">What the tool called ports that were not measured.</param>
public sealed record FoundRest(string? Protocol, string State, long Count, string? Ports, string? Reason, string? Said = null);

/// <summary>What a script said.</summary>
/// <param name="Id">The script's name.</param>
/// <param name="Output">Its words.</param>
/// <param name="Cut">Whether a limit cut them.</param>
public sealed record FoundScript(string Id, string Output, bool Cut = false);

/// <summary>How much of a tool's results is kept apart from the bytes that it wrote; what is beyond is counted.</summary>
public static class ResultsLimits
{
    /// <summary>The most hosts of a run.</summary>
    public const int MostHosts = 65_536;
    /// <summary>The most ports of a run that are told one by one.</summary>
    public const int MostPorts = 100_000;
    /// <summary>The most names of a host, and the most scripts of a port or a host.</summary>
    public const int MostOfOne = 64;
    /// <summary>The most characters of a name, a service or a product.</summary>
    public const int LongestText = 256;
    /// <summary>The most characters of one script's output.</summary>
    public const int LongestOutput = 16_384;
    /// <summary>The most characters of all texts of a run together.</summary>
    public const int MostText = 16 << 20;
}
