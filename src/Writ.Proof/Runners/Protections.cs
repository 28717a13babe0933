namespace Writ.Proof.Runners;

/// <summary>
/// The words by which a runner says what holds the runs of a tool, as it found at its own start. They are part of its inventory, so a plan
/// names them with it, and a runner that has lost one refuses what was decided before.
/// </summary>
public static class Protections
{
    /// <summary>The kernel lets IPv4 packets of a run go where its order says, and nowhere else.</summary>
    public const string FenceV4 = "fence-v4";
    /// <summary>The same for IPv6.</summary>
    public const string FenceV6 = "fence-v6";
    /// <summary>Runs reach their targets' own link, and frames on it are held as packets are.</summary>
    public const string Layer2 = "layer-2";
    /// <summary>A run has a root of its own and is a user of its own, who may be given raw sockets and nothing else.</summary>
    public const string Sandbox = "sandbox";
    /// <summary>A filter of system calls is in force.</summary>
    public const string Seccomp = "seccomp";
    /// <summary>Memory and processes are counted for a run as a whole.</summary>
    public const string Cgroup = "cgroup";

    /// <summary>
    /// Of a tool, by its operator's word: its runs send nothing, and see copies of what passes the runner's own links within their scope. A rule
    /// cannot ask for it: a tool is one or the other.
    /// </summary>
    public const string Capture = "capture";

    /// <summary>All that a rule can ask for.</summary>
    public static IReadOnlyList<string> All { get; } = [FenceV4, FenceV6, Layer2, Sandbox, Seccomp, Cgroup];
}
