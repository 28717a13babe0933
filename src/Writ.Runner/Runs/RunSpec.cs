using System.Text.Json.Serialization;
using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Runner.Fences;
using Writ.Runner.Runners;
using Writ.Runner.Sandboxes;

namespace Writ.Runner.Runs;

/// <summary>
/// What the daemon hands to a run's supervisor, after the order passed every check: <c>run.json</c> in the run's folder.
/// Instants are Unix microseconds; those on CLOCK_BOOTTIME say so.
/// </summary>
internal sealed record RunSpec
{
    /// <summary>The run's id.</summary>
    public required string Run { get; init; }
    /// <summary>The boot in which the boot-time instants mean something.</summary>
    public required string BootId { get; init; }
    /// <summary>The order's argv, the tool's name first.</summary>
    public required IReadOnlyList<string> Argv { get; init; }
    /// <summary>The program that stands for the tool's name.</summary>
    public required string ToolPath { get; init; }
    /// <summary>Lower-case hexadecimal SHA-256 of that program.</summary>
    public required string ToolSha256 { get; init; }
    /// <summary>Device, inode, size and times of the program when it was digested; null asks for a fresh digest.</summary>
    public string? ToolMark { get; set; }
    /// <summary>The tool's root file system.</summary>
    public required string Root { get; init; }
    /// <summary>What of the host is shown read-only beside it, at its own paths.</summary>
    public IReadOnlyList<string> Data { get; set; } = [];
    /// <summary>The range of users of which the run gets one.</summary>
    public string Users { get; set; } = RunUser.DefaultRange;
    /// <summary>Whether the tool may make packets of its own (CAP_NET_RAW).</summary>
    public bool RawSockets { get; set; }
    /// <summary>The tool's own folder of scripts, which the sandbox shows with those of <see cref="Scripts"/> alone; null where it has none.</summary>
    public string? ScriptFolder { get; set; }
    /// <summary>The scripts that the statement names, without their ending.</summary>
    public IReadOnlyList<string> Scripts { get; set; } = [];
    /// <summary>The digest of each, as the inventory has it, lower-case hexadecimal; null where nobody looked.</summary>
    public IReadOnlyList<string>? ScriptDigests { get; set; }
    /// <summary>How much of the machine the run may take.</summary>
    public RunLimits Limits { get; set; } = new();
    /// <summary>Where cgroups of runs go; null where limits hold for each process.</summary>
    public string? Cgroups { get; set; }
    /// <summary>The order's fence: what the kernel lets the run reach. Two orders of one run must agree on it.</summary>
    public ScopeText? Scope { get; set; }
    /// <summary>What the order lets the run use up. Two orders of one run must agree on it.</summary>
    public Budget Budget { get; set; } = Budget.Unlimited;
    /// <summary>The order's zones, for each of which packets are counted.</summary>
    public IReadOnlyList<OrderZone> Zones { get; set; } = [];
    /// <summary>The place that holds the run; null only where the operator has turned fences off.</summary>
    public FencePlace? Place { get; set; }
    /// <summary>Without a place: the network namespace in which the tool runs, or null for the host's own.</summary>
    public string? NetworkNamespace { get; set; }
    /// <summary>Must not be started from this instant on.</summary>
    public required long StartBy { get; init; }
    /// <summary>When the run must be dead, by the wall clock.</summary>
    public required long Deadline { get; init; }
    /// <summary>The same on CLOCK_BOOTTIME: when the order came plus what was left of it then.</summary>
    public required long DeadlineBoot { get; init; }
    /// <summary>The nonces of the orders that moved the deadline, in their order.</summary>
    public IReadOnlyList<string> Extensions { get; set; } = [];
    /// <summary>How long, in microseconds, the run may go on without a word from the server.</summary>
    public required long MaxDisconnected { get; init; }
    /// <summary>When the server was last heard before the start, on CLOCK_BOOTTIME.</summary>
    public required long HeardBoot { get; init; }
    /// <summary>The statement's names with their addresses: all that a name can mean in the sandbox.</summary>
    public IReadOnlyList<StatementName> Names { get; set; } = [];
    /// <summary>True where the run's folder holds files for the sandbox, each checked against the statement.</summary>
    public bool HasFiles { get; set; }
    /// <summary>The paths in the sandbox of the files that are handed back.</summary>
    public IReadOnlyList<string> Outputs { get; set; } = [];
    /// <summary>The secrets that the run is given; what they are comes in no file.</summary>
    public IReadOnlyList<RunSecret> Secrets { get; set; } = [];
    /// <summary>How long before the deadline the tool is asked to end, in microseconds; 0 for never.</summary>
    public long SoftStop { get; set; }
    /// <summary>How the tool's results can be followed while it runs; null where they cannot.</summary>
    public StatementLive? Live { get; set; }
    /// <summary>The terminal that the tool gets; null where it gets none.</summary>
    public OrderTerminal? Terminal { get; set; }
    /// <summary>The most bytes of all files that the run writes there together.</summary>
    public long OutputLimitBytes { get; set; } = RunnerConfig.DefaultOutputLimit;
    /// <summary>The most bytes that the recording may have.</summary>
    public long SpoolLimitBytes { get; set; } = RunnerConfig.DefaultSpoolLimit;
    /// <summary>The tool waits while so many bytes of the recording are not acknowledged.</summary>
    public long UnacknowledgedLimitBytes { get; set; } = 64L << 20;
    /// <summary>When the daemon took the order, on CLOCK_BOOTTIME; for the journal and for measuring.</summary>
    public long ReceivedBoot { get; set; }

    /// <summary>The zones as packets are counted for them; none where they cannot be read, which no order that was taken has.</summary>
    public ZoneCells ZoneCells() => Proof.Orders.ZoneCells.Of(Zones) is { IsOk: true } cells ? cells.Value : Proof.Orders.ZoneCells.None;
}

/// <summary>A secret of a run, without what it is.</summary>
/// <param name="Name">What the configuration calls it.</param>
/// <param name="Source">The kind of its source.</param>
internal sealed record RunSecret(string Name, string Source)
{
    /// <summary>The variable of the sandbox that holds it, or null.</summary>
    public string? Environment { get; init; }
    /// <summary>The variable that holds its user's name, or null.</summary>
    public string? UserEnvironment { get; init; }
    /// <summary>The file of the sandbox that holds it, or null.</summary>
    public string? Path { get; init; }
    /// <summary>The Vault that lent it, or null.</summary>
    public string? Vault { get; init; }
    /// <summary>By which it is given back at the run's end, or null.</summary>
    public string? Lease { get; init; }
    /// <summary>When that ends by itself, in Unix microseconds; null where nobody said.</summary>
    public long? LeaseUntil { get; init; }
    /// <summary>When it was lent or renewed last, in Unix microseconds.</summary>
    public long? LentAt { get; init; }
    /// <summary>Whether it can be made to last longer.</summary>
    public bool Renewable { get; init; }
    /// <summary>When the sign-in ends that it came by, and it with that, in Unix microseconds; null where nobody said.</summary>
    public long? TokenUntil { get; init; }

    /// <summary>The same as it is lent from an instant on (Unix microseconds); what is not lent stays as it is.</summary>
    public RunSecret LentBy(Secrets.VaultLease? lease, long now) => lease is null ? this : this with
    {
        Lease = lease.Id, LentAt = now, Renewable = lease is { Renewable: true, Seconds: > 0 },
        LeaseUntil = After(lease.Seconds, now), TokenUntil = TokenUntil ?? After(lease.TokenSeconds, now),
    };

    private static long? After(long seconds, long now) => seconds > 0 ? now + (Math.Min(seconds, MostSeconds) * 1_000_000) : null;

    // No lease lasts longer than a century.
    private const long MostSeconds = 100L * 366 * 86_400;
}

/// <summary>Who supervises a run: the process by number and start time, in which boot.</summary>
internal sealed record SupervisorMark(int Pid, long Start, string BootId);

/// <summary>What was started.</summary>
/// <param name="At">When the tool was executed, in Unix microseconds.</param>
/// <param name="AfterOrder">How long after the order came, in microseconds.</param>
/// <param name="Argv">What was executed, the program's path first.</param>
/// <param name="ToolSha256">The program's digest.</param>
/// <param name="Sandbox">What holds the run, in one line.</param>
/// <param name="Fence">What holds its packets, in one line.</param>
/// <param name="InitPid">The PID namespace's first process, as the host counts.</param>
/// <param name="PidNamespace">The namespace's inode number.</param>
internal sealed record StartRecord(
    long At, long AfterOrder, IReadOnlyList<string> Argv, string ToolSha256, string Sandbox, string Fence, int InitPid, long PidNamespace);

/// <summary>Why a run ended; the names and numbers of the protocol's EndCause.</summary>
internal enum Cause
{
    /// <summary>Not ended.</summary>
    None = 0,
    /// <summary>The tool ended by itself.</summary>
    Exited = 1,
    /// <summary>Its time was over.</summary>
    Deadline = 2,
    /// <summary>The server ordered it.</summary>
    KillOrder = 3,
    /// <summary>The server was not heard for too long.</summary>
    Disconnected = 4,
    /// <summary>What cannot be recorded is not run.</summary>
    RecordingFailed = 5,
    /// <summary>The tool was never executed.</summary>
    CouldNotStart = 6,
    /// <summary>The supervisor died; the process tree with it.</summary>
    SupervisorLost = 7,
    /// <summary>Somebody on this very host ended it.</summary>
    LocalKill = 8,
    /// <summary>It sent more packets out of scope than its budget puts up with.</summary>
    Violations = 9,
    /// <summary>It took more of this machine than a run may.</summary>
    Limit = 10,
}

/// <summary>How a run ended: the file <c>end</c>. Written once, by the supervisor, or by the daemon where that was lost.</summary>
internal sealed record EndRecord
{
    /// <summary>Why.</summary>
    public required Cause Cause { get; init; }
    /// <summary>The kill's reason, or what went wrong.</summary>
    public string Detail { get; set; } = "";
    /// <summary>The tool's exit code; 128 + number for a signal.</summary>
    public int ExitCode { get; set; }
    /// <summary>When the last process was gone.</summary>
    public required long At { get; init; }
    /// <summary>When the kill was sent; 0 without one.</summary>
    public long KillAt { get; set; }
    /// <summary>How many processes there were in the sandbox right before the kill, its own first one among them; at least, where they were very many; null where nobody counted.</summary>
    public int? ProcessesFound { get; set; }
    /// <summary>
    /// Counted in /proc after the end, wherever they are: in the run's namespaces, in its cgroup, of its user, or the supervisor's children;
    /// -1 where it could not be counted.
    /// </summary>
    public required int ProcessesLeft { get; init; }
    /// <summary>The size of the recording.</summary>
    public long RecordingBytes { get; set; }
    /// <summary>Its lower-case hexadecimal SHA-256.</summary>
    public string RecordingSha256 { get; set; } = "";
    /// <summary>Where the tool was when it was ended, by its own word; null where it ended by itself or does not tell.</summary>
    public string? Cut { get; set; }
    /// <summary>The deadline in force at the end.</summary>
    public long Deadline { get; set; }
    /// <summary>What there is of the files that are handed back; their bytes lie in the run's folder.</summary>
    public IReadOnlyList<OutputRecord> Outputs { get; set; } = [];
    /// <summary>What was read from the fence after the end; null where there was none or it could not be read.</summary>
    public FenceReading? Fence { get; set; }
}

/// <summary>A file that the run has written, as it was found at the run's end.</summary>
/// <param name="Path">Its path in the sandbox.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its lower-case hexadecimal digest.</param>
/// <param name="Cut">True where the run did not end by itself, or there was no room for more.</param>
internal sealed record OutputRecord(string Path, long Bytes, string Sha256, bool Cut);

/// <summary>A line of bubblewrap's status: the sandbox's first process, or the tool's exit code if it was executed.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
internal sealed record SandboxStatus
{
    [JsonPropertyName("child-pid")]
    public int ChildPid { get; set; }
    [JsonPropertyName("pid-namespace")]
    public long PidNamespace { get; set; }
    [JsonPropertyName("exit-code")]
    public int? ExitCode { get; set; }
}
