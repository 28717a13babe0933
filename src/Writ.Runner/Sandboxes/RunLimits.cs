using System.Globalization;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// How much of the machine a run may take. What is counted for a run as a whole, where the runner has a cgroup v2 to put it
/// into, and for each of its processes otherwise.
/// </summary>
internal sealed record RunLimits
{
    /// <summary>The most memory, in bytes.</summary>
    public long MemoryBytes { get; set; } = 1L << 30;

    /// <summary>The most processes and threads at once.</summary>
    public int Processes { get; set; } = 256;

    /// <summary>The most bytes of one file.</summary>
    public long FileBytes { get; set; } = 64L << 20;

    /// <summary>What is wrong with them, or null.</summary>
    public string? Wrong() => this switch
    {
        { MemoryBytes: < 16L << 20 } => "memory_bytes: no tool runs in less than 16 MiB",
        { Processes: < 4 } => "processes: a run has at least 4",
        { FileBytes: < 1 << 16 } => "file_bytes: less than 64 KiB holds no file",
        _ => null,
    };

    /// <summary>As people read them.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{MemoryBytes >> 20} MiB of memory, {Processes} processes, files of {FileBytes >> 20} MiB");

    /// <summary>As prlimit(1) takes them. No core is ever written: it would hold what the run has read.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "--core=0",
        string.Create(CultureInfo.InvariantCulture, $"--data={MemoryBytes}"),
        string.Create(CultureInfo.InvariantCulture, $"--nproc={Processes}"),
        string.Create(CultureInfo.InvariantCulture, $"--fsize={FileBytes}"),
    ];
}
