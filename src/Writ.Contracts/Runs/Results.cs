namespace Writ.Contracts.Runs;

/// <summary>
/// What a run found, whole, after its end. <c>GET /v1/runs/{id}/results</c>. Texts come from scanned hosts. What is missing was
/// not measured, or was cut by a limit that is told here; it is no statement about a host.
/// </summary>
/// <param name="Run">The run.</param>
/// <param name="Tool">The tool and its version.</param>
/// <param name="Complete">True where the tool said that it has told all.</param>
/// <param name="Cut">True where the run did not end by itself, or a limit cut the bytes.</param>
/// <param name="Trouble">Why no more could be read, or null.</param>
/// <param name="NotMeasuredSince">Since when what got no answer was not measured, as packets were held back or dropped; null for never.</param>
/// <param name="XmlSha256">Of the bytes as the tool wrote them; it is in the entry of the run's end too.</param>
/// <param name="Looked">The ports that were looked at.</param>
/// <param name="HostsUp">Hosts that are up.</param>
/// <param name="OpenPorts">Open ports of all hosts.</param>
/// <param name="NotMeasured">Targets of which a run that is not complete says nothing: at most 100 ranges.</param>
/// <param name="NotMeasuredHosts">How many those are, also those that are not listed; as text where the number is larger than 2^53.</param>
/// <param name="UnlistedHosts">Hosts past the limit; the XML has them.</param>
/// <param name="UnlistedPorts">Ports past the limit.</param>
/// <param name="CutTexts">Texts that a limit cut or left out.</param>
public sealed record ResultsView(
    string Run,
    string Tool,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    bool Complete,
    bool Cut,
    string? Trouble,
    DateTimeOffset? NotMeasuredSince,
    string XmlSha256,
    long XmlBytes,
    IReadOnlyList<LookedAtView> Looked,
    long HostsUp,
    long OpenPorts,
    IReadOnlyList<FoundHostView> Hosts,
    IReadOnlyList<string> NotMeasured,
    string NotMeasuredHosts,
    IReadOnlyList<FoundScriptView> Scripts,
    long UnlistedHosts,
    long UnlistedPorts,
    long CutTexts);

/// <summary>Ports that were looked at.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>sctp</c> or <c>ip</c>.</param>
/// <param name="Ports">For example <c>22,80-83</c>.</param>
public sealed record LookedAtView(string Protocol, string Technique, string Ports);

/// <summary>A host.</summary>
/// <param name="State"><c>up</c>, <c>down</c>, … in the tool's words, or <c>not-measured</c>.</param>
/// <param name="Hardware">The address of its network card and whose it is.</param>
/// <param name="System">The operating system that it probably is.</param>
/// <param name="Ports">Ports that the tool tells of one by one.</param>
/// <param name="Rest">All others, by state.</param>
public sealed record FoundHostView(
    string Address,
    IReadOnlyList<string> Names,
    string State,
    string? Reason,
    string? Hardware,
    string? System,
    IReadOnlyList<FoundPortView> Ports,
    IReadOnlyList<FoundRestView> Rest,
    IReadOnlyList<FoundScriptView> Scripts);

/// <summary>A port.</summary>
/// <param name="State"><c>open</c>, <c>closed</c>, <c>filtered</c>, … in the tool's words, or <c>not-measured</c>.</param>
/// <param name="Said">What the tool called a port that was not measured.</param>
public sealed record FoundPortView(
    string Protocol, int Port, string State, string? Said, string? Reason, string? Service, string? Product, IReadOnlyList<FoundScriptView> Scripts);

/// <summary>Ports that are told together.</summary>
/// <param name="Ports">Which they are, or null where the tool does not tell.</param>
public sealed record FoundRestView(string? Protocol, string State, string? Said, long Count, string? Ports, string? Reason);

/// <summary>What a script said.</summary>
/// <param name="Cut">True where a limit cut it.</param>
public sealed record FoundScriptView(string Id, string Output, bool Cut);

/// <summary>What a run that was cut has not measured. <c>GET /v1/runs/{id}/rest</c></summary>
/// <param name="Run">The run.</param>
/// <param name="Hosts">How many targets that is; as text where the number is larger than 2^53.</param>
/// <param name="Command">The run's command on just these; empty where nothing is left.</param>
public sealed record RestView(string Run, string Hosts, IReadOnlyList<string> Command);

/// <summary>What changed from one run to another. <c>GET /v1/runs/{id}/results/diff/{other}</c></summary>
/// <param name="Before">The first run.</param>
/// <param name="After">The second run.</param>
/// <param name="Opened">How many hosts and ports came.</param>
/// <param name="Closed">How many went.</param>
/// <param name="Changed">How many services, states, systems and outputs of scripts changed.</param>
/// <param name="NotMeasured">How many were found by one run, and not measured by the other.</param>
/// <param name="Changes">The first 10,000, by address.</param>
public sealed record DiffView(string Before, string After, long Opened, long Closed, long Changed, long NotMeasured, IReadOnlyList<ChangeView> Changes);

/// <summary>A difference.</summary>
/// <param name="Kind"><c>opened</c>, <c>closed</c>, <c>changed</c> or <c>not-measured</c>.</param>
/// <param name="What"><c>host</c>, <c>port</c>, <c>service</c>, <c>system</c> or <c>script</c>.</param>
/// <param name="Before">In the first run, at most 2,000 characters; null for nothing.</param>
/// <param name="After">In the second run.</param>
public sealed record ChangeView(string Kind, string What, string Address, string? Protocol, int? Port, string? Script, string? Before, string? After);
