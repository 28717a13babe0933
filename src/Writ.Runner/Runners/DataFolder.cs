using System.Runtime.InteropServices;
using Writ.Runner.Kernel;
using Writ.Runner.Runs;

namespace Writ.Runner.Runners;

/// <summary>The layout of the runner's data folder.</summary>
internal sealed class DataFolder(string path)
{
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string Config => In(RunnerConfig.FileName);
    /// <summary>Certificate and key in one file, so that a renewal replaces both at once.</summary>
    public string Certificate => In("identity", "runner.pem");
    /// <summary>Writ's own CA: the only one that this runner trusts.</summary>
    public string Authority => In("identity", "authority.pem");
    public string Identity => In("identity", "identity.json");
    /// <summary>The key that signs how runs ended; it never leaves this folder.</summary>
    public string ReceiptKey => In("identity", "receipt.key");
    public string Nonces => In("nonces");
    public string Journal => In("journal.ndjson");
    /// <summary>The newest head of the server's audit log that was seen.</summary>
    public string LogHead => In("log-head");
    public string Runs => In("runs");
    /// <summary>The root file systems of tools.</summary>
    public string Roots => In("roots");
    /// <summary>What was found on this host and the server does not have yet.</summary>
    public string Reports => In("reports");

    private string In(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    /// <summary>The folder of this run.</summary>
    public RunFolder Run(string run) => new(In("runs", run));

    /// <summary>The folders of all runs.</summary>
    public IEnumerable<RunFolder> AllRuns() => Directory.Exists(Runs)
        ? Directory.EnumerateDirectories(Runs, "run_*").Order(StringComparer.Ordinal).Select(path => new RunFolder(path))
        : [];

    /// <summary>Makes the folder for its owner only.</summary>
    public void Create()
    {
        Durable.Folder(Path);
        Durable.Folder(In("identity"));
        Durable.Folder(Runs);
    }

    /// <summary>Held by the one daemon that serves this folder: two would each think that a nonce is new.</summary>
    public IDisposable Lock()
    {
        Create();
        var fd = Libc.Must(Libc.open(In("lock"), Libc.ORdWr | Libc.OCreate | Libc.OCloexec, 0x180), In("lock"));
        if (Libc.flock(fd, 2 | 4 /* LOCK_EX | LOCK_NB */) == 0)
            return new Held(fd);
        var error = Marshal.GetLastPInvokeError();
        _ = Libc.close(fd);
        throw error == Libc.Eagain
            ? new RunnerException($"another writ-runner serves {Path}")
            : Libc.Failure(In("lock"), error);
    }

    private sealed class Held(int fd) : IDisposable
    {
        public void Dispose() => _ = Libc.close(fd);
    }
}
