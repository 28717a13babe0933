namespace Writ.Runner.Results;

/// <summary>
/// What a tool has found so far, by its own word: the file <c>results</c> in the run's folder. Each tells the whole, so that one
/// that is missed is made good by the next. Texts come from scanned hosts: clipped here, shown as text everywhere.
/// </summary>
internal sealed record ResultsReport
{
    /// <summary>The most hosts that are listed; more are counted.</summary>
    public const int MostHosts = 256;
    /// <summary>The most ports that are listed of one host.</summary>
    public const int MostPorts = 64;
    /// <summary>The most ports that are listed of all hosts together.</summary>
    public const int MostPortsInAll = 2_000;
    /// <summary>The most characters of a text.</summary>
    public const int LongestText = 80;

    /// <summary>When it was written, in Unix microseconds; each report of a run is later than the one before.</summary>
    public long At { get; set; }
    /// <summary>What the tool is doing, in its words.</summary>
    public string? Phase { get; set; }
    /// <summary>How much of the phase is done, 0 to 100.</summary>
    public double? Percent { get; set; }
    /// <summary>How long the phase goes on, in microseconds.</summary>
    public long? Remaining { get; set; }
    /// <summary>Hosts of which the tool has told all.</summary>
    public long HostsDone { get; set; }
    /// <summary>Hosts that answered.</summary>
    public long HostsUp { get; set; }
    /// <summary>Open ports of all hosts.</summary>
    public long OpenPorts { get; set; }
    /// <summary>True once the tool said that it has told all.</summary>
    public bool Complete { get; set; }
    /// <summary>Why no more is told, or null.</summary>
    public string? Trouble { get; set; }
    /// <summary>Hosts that are up, in the order in which they were found.</summary>
    public IReadOnlyList<HostResult> Hosts { get; set; } = [];
    /// <summary>Hosts that are up and are not listed.</summary>
    public long UnlistedHosts { get; set; }

    /// <summary>For the server.</summary>
    public Writ.Contracts.Runners.ToolResults ToMessage(string run) => new()
    {
        Run = run,
        At = At,
        Phase = Phase ?? "",
        Percent = Percent ?? -1,
        Remaining = Remaining ?? -1,
        HostsDone = HostsDone,
        HostsUp = HostsUp,
        OpenPorts = OpenPorts,
        Complete = Complete,
        Trouble = Trouble ?? "",
        Hosts = { Hosts.Select(host => host.ToMessage()) },
        UnlistedHosts = UnlistedHosts,
    };
}

/// <summary>A host that is up, with its open ports.</summary>
internal sealed record HostResult(string Address, IReadOnlyList<PortResult> Ports, long UnlistedPorts, string? Name = null)
{
    public Writ.Contracts.Runners.HostFound ToMessage() => new()
    {
        Address = Address,
        Name = Name ?? "",
        Ports = { Ports.Select(port => new Writ.Contracts.Runners.PortFound { Protocol = port.Protocol, Port = (uint)port.Port, Service = port.Service ?? "", Product = port.Product ?? "" }) },
        UnlistedPorts = UnlistedPorts,
    };
}

/// <summary>An open port.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>.</param>
/// <param name="Port">Its number.</param>
/// <param name="Service">What the tool calls the service.</param>
/// <param name="Product">What the service calls itself.</param>
internal sealed record PortResult(string Protocol, int Port, string? Service = null, string? Product = null);
