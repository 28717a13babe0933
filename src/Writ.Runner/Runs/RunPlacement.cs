using Writ.Proof.Statements;
using Writ.Runner.Kernel;
using Writ.Runner.Sandboxes;
using Writ.Runner.Secrets;

namespace Writ.Runner.Runs;

/// <summary>Who the tool of a run is on this host, what holds it together, and the memory that it may write to.</summary>
internal sealed class RunPlacement(RunSpec spec, RunFolder folder) : IDisposable
{
    private const int FileTooLong = 25;
    private const long ScratchBytes = 64L << 20;
    private const int ScratchFiles = 4_096;

    /// <summary>The run's user; null where the runner is not root.</summary>
    public RunUser? User { get; private set; }

    /// <summary>What counts the run as a whole; null where this host cannot.</summary>
    public RunCgroup? Cgroup { get; private set; }

    /// <summary>Where the tool writes files; null where it writes none.</summary>
    public OutFolder? Out { get; private set; }

    /// <summary>What holds the run, in one line; empty before it was made.</summary>
    public string Description { get; private set; } = "";

    /// <summary>Takes a user and mounts the memory. What was taken before a failure is given back when this is disposed.</summary>
    /// <exception cref="RunnerException">There is no user left, or a script is not the one of the inventory.</exception>
    /// <exception cref="IOException">The kernel refuses it.</exception>
    public Placement Make(GivenSecrets secrets)
    {
        if (Libc.geteuid() == 0)
        {
            User = RunUser.Take(spec.Users);
            MountNamespace.Enter();
            Durable.Folder(folder.Scratch);
            MountNamespace.MountMemory(folder.Scratch, ScratchBytes, ScratchFiles, User.Id);
        }

        if (spec.ScriptFolder is { } scripts)
        {
            Durable.Folder(folder.Scripts);
            if (User is not null)
                MountNamespace.MountMemory(folder.Scripts, ScratchBytes, ScratchFiles * 2, User.Id);
            ScriptFolder.Fill(scripts, folder.Scripts, spec.Scripts, spec.ScriptDigests);
        }

        if (spec.Cgroups is { } cgroups)
            Cgroup = RunCgroup.Make(cgroups, folder.Run, CgroupHome.Current() ?? throw new RunnerException("there is no cgroup v2 any more"), spec.Limits);
        if (spec.Outputs.Count > 0)
            Out = OutFolder.Mount(folder.Out, spec.OutputLimitBytes, User?.Id ?? Libc.geteuid());
        var made = new Placement
        {
            Secrets = secrets.All,
            SecretFolder = User is { } user && secrets.All.Any(secret => secret.Terms.Path is not null) ? SecretFolder.Fill(folder.Secrets, secrets.All, user.Id) : null,
            Root = spec.Root,
            Data = spec.Data,
            Limits = spec.Limits,
            User = User?.Id,
            RawSockets = spec.RawSockets,
            Terminal = spec.Terminal?.Type,
            Names = spec.Names,
            Scripts = spec.ScriptFolder is { } over ? (folder.Scripts, over) : null,
            Scratch = User is null ? null : folder.Scratch,
            In = spec.HasFiles ? folder.In : null,
            Out = Out?.Path,
            Live = spec.Live?.Path == SandboxTerms.Live ? folder.Live : null,
        };
        Description = made.Description;
        return made;
    }

    /// <summary>The limit that the run went over, and whether that ended it; null for none. The kernel's signal for a file that is too long ends whoever does not ignore it.</summary>
    public (bool Ended, string What)? Exceeded(int exitCode) =>
        exitCode == 128 + FileTooLong ? (true, $"a file of it was longer than {spec.Limits.FileBytes >> 20} MiB") : Cgroup?.Exceeded();

    public void Dispose()
    {
        User?.Dispose();
        Cgroup?.Dispose();
    }
}
