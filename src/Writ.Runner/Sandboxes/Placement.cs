using System.Text;
using Writ.Proof.Statements;
using Writ.Runner.Secrets;

namespace Writ.Runner.Sandboxes;

/// <summary>What a run finds in its sandbox, who it is there and how much it may take.</summary>
internal sealed record Placement
{
    /// <summary>The tool's root file system (<see cref="ToolRoot"/>).</summary>
    public required string Root { get; init; }
    /// <summary>The host's files and folders that are shown read-only at their own paths.</summary>
    public required IReadOnlyList<string> Data { get; init; }
    /// <summary>How much it may take.</summary>
    public required RunLimits Limits { get; init; }
    /// <summary>The user and group that it is; null where this process is not root and cannot choose.</summary>
    public uint? User { get; init; }
    /// <summary>What the tool finds as TERM where its streams are a terminal; null where they are none.</summary>
    public string? Terminal { get; init; }
    /// <summary>Whether it has CAP_NET_RAW, and so whatever packets its fence lets pass.</summary>
    public bool RawSockets { get; init; }
    /// <summary>Every name that has a meaning there.</summary>
    public IReadOnlyList<StatementName> Names { get; init; } = [];
    /// <summary>A folder that is shown read-only in the place of one of <see cref="Data"/>, or null for none.</summary>
    public (string Folder, string Over)? Scripts { get; init; }
    /// <summary>The folder that is shown as /tmp, or null for some memory of bubblewrap's.</summary>
    public string? Scratch { get; init; }
    /// <summary>The folder that is shown read-only as /in, or null for none.</summary>
    public string? In { get; init; }
    /// <summary>The folder that is shown as /out, or null for none.</summary>
    public string? Out { get; init; }
    /// <summary>The folder that is shown read-only as /live, with the pipe for results in it, or null for none.</summary>
    public string? Live { get; init; }

    /// <summary>What the tool is told that nobody else is.</summary>
    public IReadOnlyList<GivenSecret> Secrets { get; init; } = [];
    /// <summary>The folder that is shown read-only as /secrets, or null where bubblewrap makes it.</summary>
    public string? SecretFolder { get; init; }

    /// <summary>What holds the run, in one line.</summary>
    public string Description =>
        $"bubblewrap: a root of the tool's own, {(User is { } user ? $"user {user}" : "the runner's own user")}, {(RawSockets ? "CAP_NET_RAW only" : "no capability")}, "
        + $"no new privileges, seccomp, pid, ipc, uts and cgroup namespaces, {Limits}{(Terminal is null ? "" : ", a terminal of its own")}";

    /// <summary>The sandbox's /etc. Names have no other way to an address: <c>hosts: files</c>, and no resolver.</summary>
    public IReadOnlyList<(string Path, string Content)> Etc()
    {
        var user = User is { } id ? $"run:x:{id}:{id}:run:/tmp:/usr/sbin/nologin\n" : "";
        var group = User is { } same ? $"run:x:{same}:\n" : "";
        return
        [
            ("/etc/passwd", $"root:x:0:0:root:/tmp:/usr/sbin/nologin\n{user}nobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin\n"),
            ("/etc/group", $"root:x:0:\n{group}nogroup:x:65534:\n"),
            ("/etc/hosts", Hosts()),
            ("/etc/host.conf", "multi on\n"),
            ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n"),
        ];
    }

    private string Hosts()
    {
        var text = new StringBuilder("127.0.0.1 localhost\n::1 localhost\n");
        foreach (var (name, addresses) in Names.Select(pinned => (pinned.Name, pinned.Addresses)))
        {
            foreach (var address in addresses)
                text.Append(address).Append(' ').Append(name).Append('\n');
        }

        return text.ToString();
    }
}
