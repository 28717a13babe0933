using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Runner.Kernel;
using Writ.Runner.Secrets;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// The commands around a tool, each of which executes the next in its own place: prlimit sets the limits, bubblewrap makes the
/// namespaces and the root and drops every capability that is not needed to come to the end of this line, setpriv becomes the
/// run's user and drops the rest, and setsid begins a session at the run's terminal where it has one.
/// </summary>
internal static unsafe class Sandbox
{
    /// <summary>Where bubblewrap is.</summary>
    public const string Program = "/usr/bin/bwrap";

    private const string OomScore = "/proc/self/oom_score_adj";
    private const string TmpBytes = "67108864";
    private static readonly Lazy<byte[]> Filter = new(Seccomp.ForThisMachine);

    /// <summary>True for the name of a process that has yet to become the tool.</summary>
    public static bool IsOnTheWay(string name) => name is "bwrap" or "setpriv" or "setsid";

    /// <summary>Starts a tool in a sandbox from the calling thread, with whose end it dies.</summary>
    /// <param name="program">The tool's absolute path.</param>
    /// <param name="arguments">Its arguments, without its name.</param>
    /// <param name="placed">What this run finds in its sandbox.</param>
    /// <param name="output">Its standard output.</param>
    /// <param name="error">Its standard error.</param>
    /// <param name="status">Where bubblewrap reports the sandbox's first process and the tool's exit code.</param>
    /// <param name="input">Its standard input; null for nothing.</param>
    /// <exception cref="RunnerException">What it takes is not installed.</exception>
    /// <exception cref="IOException">It could not be started.</exception>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, Placement placed, int output, int error, int status, int? input = null)
    {
        var prlimit = Installed("prlimit");
        var etc = placed.Etc();
        var nothing = Libc.Must(Libc.open("/dev/null", Libc.OReadOnly | Libc.OCloexec, 0), "/dev/null");
        // The tool's streams are 0 to 2 and bubblewrap's status is 3; from 4 on its filter, its options, the files of /etc and those of secrets.
        // Options that were arguments could be read in the sandbox, and tell the runner's paths.
        List<MemoryFile> files =
        [
            MemoryFile.Of("seccomp", Filter.Value),
            WithVariables(Encoding.UTF8.GetBytes(string.Concat(Options(program, placed, etc, first: 6).Select(option => option + '\0'))), placed.Secrets),
            .. etc.Select(file => MemoryFile.Of("etc", Encoding.UTF8.GetBytes(file.Content))),
            .. SecretFiles(placed).Select(secret => MemoryFile.Of("secret", secret.Value.Span)),
        ];
        try
        {
            int[] descriptors = [input ?? nothing, output, error, status, .. files.Select(file => file.Fd)];
            List<string> command = ["prlimit", .. placed.Limits.Arguments(), Program, "--args", "5", "--", .. Identity(placed), program, .. arguments];
            return FirstToGo(() => ChildProcess.Start(prlimit, command, [], descriptors, session: false));
        }
        finally
        {
            _ = Libc.close(nothing);
            foreach (var file in files)
                file.Dispose();
        }
    }

    // Without root the run's user is this very one, and bubblewrap can make the files; else the supervisor has.
    private static GivenSecret[] SecretFiles(Placement placed) =>
        placed.SecretFolder is null ? [.. placed.Secrets.Where(secret => secret.Terms.Path is not null)] : [];

    /// <summary>The options with the variables of secrets behind them: bytes from end to end, as a string of them could not be cleared.</summary>
    private static MemoryFile WithVariables(byte[] options, IReadOnlyList<GivenSecret> secrets)
    {
        (byte[] Name, SecretBytes Value)[] variables = [.. secrets.SelectMany(secret => secret.Variables()).Select(variable => (Encoding.UTF8.GetBytes($"--setenv\0{variable.Name}\0"), variable.Value))];
        var all = GC.AllocateUninitializedArray<byte>(options.Length + variables.Sum(variable => variable.Name.Length + variable.Value.Trimmed.Length + 1), pinned: true);
        options.CopyTo(all, 0);
        var at = options.Length;
        foreach (var (name, value) in variables)
        {
            name.CopyTo(all, at);
            value.Trimmed.CopyTo(all.AsSpan(at + name.Length));
            at += name.Length + value.Trimmed.Length;
            all[at++] = 0;
        }

        try
        {
            return MemoryFile.Of("options", all);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(all);
        }
    }

    /// <summary>Starts what the kernel ends before anything else of this host when memory is short; this very process stays as it was.</summary>
    private static ChildProcess FirstToGo(Func<ChildProcess> start)
    {
        // Only root may take it back.
        if (Libc.geteuid() != 0)
            return start();
        var own = File.ReadAllText(OomScore);
        File.WriteAllText(OomScore, "1000");
        try
        {
            return start();
        }
        finally
        {
            File.WriteAllText(OomScore, own);
        }
    }

    private static string Installed(string name) =>
        KernelTool.Find(name) ?? throw new RunnerException($"there is no {name}", "apt-get install util-linux");

    private static List<string> Options(string program, Placement placed, IReadOnlyList<(string Path, string Content)> etc, int first)
    {
        List<string> options =
        [
            "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "writ",
            "--die-with-parent", "--json-status-fd", "3", "--seccomp", "4",
            "--clearenv", "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",
            // Nmap asks for it, as it would otherwise go by its user alone.
            "--setenv", placed.RawSockets ? "NMAP_PRIVILEGED" : "NMAP_UNPRIVILEGED", "1",
            "--cap-drop", "ALL",
        ];
        // A new session has no terminal; with one of its own the tool's is made at the end of the line, by what takes that for it.
        options.AddRange(placed.Terminal is { } terminal ? ["--setenv", "TERM", terminal] : ["--new-session"]);
        if (placed.User is not null)
            options.AddRange(["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]);
        if (placed.User is not null && placed.RawSockets)
            options.AddRange(["--cap-add", "CAP_NET_RAW"]);

        options.AddRange(["--ro-bind", placed.Root, "/", "--size", TmpBytes, "--tmpfs", "/etc"]);
        for (var i = 0; i < etc.Count; i++)
            options.AddRange(["--perms", "0444", "--file", Number(first + i), etc[i].Path]);
        options.AddRange(["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--proc", "/proc", "--dev", "/dev"]);
        if (placed.Scratch is { } scratch)
            options.AddRange(["--bind", scratch, "/tmp"]);
        else
            options.AddRange(["--perms", "1777", "--size", TmpBytes, "--tmpfs", "/tmp"]);
        if (placed.In is { } files)
            options.AddRange(["--ro-bind", files, "/in"]);
        if (placed.Out is { } folder)
            options.AddRange(["--bind", folder, "/out"]);
        if (placed.Live is { } pipes)
            options.AddRange(["--ro-bind", pipes, "/live"]);
        if (placed.SecretFolder is { } secrets)
            options.AddRange(["--ro-bind", secrets, "/secrets"]);
        if (SecretFiles(placed) is { Length: > 0 } secretFiles)
        {
            options.AddRange(["--perms", "0700", "--tmpfs", "/secrets"]);
            for (var i = 0; i < secretFiles.Length; i++)
                options.AddRange(["--perms", "0400", "--file", Number(first + etc.Count + i), secretFiles[i].Terms.Path!]);
            options.AddRange(["--remount-ro", "/secrets"]);
        }

        foreach (var shown in placed.Data)
            Show(shown, shown);
        if (placed.Scripts is { } scripts)
            options.AddRange(["--ro-bind", scripts.Folder, scripts.Over]);
        if (IsCovered(program))
            Show(placed.Root + program, program);
        options.AddRange(["--remount-ro", "/etc", "--chdir", "/tmp"]);
        return options;

        // Under a folder that was covered the root's own are out of sight, and bubblewrap's would be its user's alone.
        void Show(string source, string path)
        {
            for (var at = IsCovered(path) ? path.IndexOf('/', 5) : -1; at > 0; at = path.IndexOf('/', at + 1))
                options.AddRange(["--perms", "0755", "--dir", path[..at]]);
            options.AddRange(["--ro-bind", source, path]);
        }
    }

    private static bool IsCovered(string path) => path.StartsWith("/tmp/", StringComparison.Ordinal) || path.StartsWith("/etc/", StringComparison.Ordinal);

    /// <summary>The commands that become the run's user, where there is a choice, and that begin a session at its terminal, where there is one.</summary>
    private static List<string> Identity(Placement placed)
    {
        string[] session = placed.Terminal is null ? [] : [Installed("setsid"), "--ctty"];
        if (placed.User is not { } user)
            return [.. session];
        var rights = placed.RawSockets ? "-all,+net_raw" : "-all";
        return [Installed("setpriv"), $"--reuid={Number(user)}", $"--regid={Number(user)}", "--clear-groups", "--no-new-privs",
            $"--inh-caps={rights}", $"--ambient-caps={rights}", $"--bounding-set={rights}", "--", .. session];
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Runs a program in a sandbox and waits for it: its exit code and what it printed.</summary>
    /// <exception cref="IOException">bubblewrap could not be started.</exception>
    public static (int ExitCode, string Output, string Error) Try(string program, Placement placed, params string[] arguments)
    {
        var pipes = stackalloc int[6];
        for (var i = 0; i < 3; i++)
            Libc.Must(Libc.pipe2(pipes + (2 * i), Libc.OCloexec), "pipe2");
        using var process = Start(program, arguments, placed, pipes[1], pipes[3], pipes[5]);
        for (var i = 0; i < 3; i++)
            _ = Libc.close(pipes[(2 * i) + 1]);
        // What is asked here (a version) fits a pipe, so the streams can be read one after the other.
        if (!process.WaitGone(10_000))
            process.Kill();
        var output = ReadAll(pipes[0]);
        var error = ReadAll(pipes[2]);
        for (var i = 0; i < 3; i++)
            _ = Libc.close(pipes[2 * i]);
        process.WaitGone(1_000);
        return (process.TryReap() ?? 1, output, error);
    }

    private static string ReadAll(int fd)
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[4096];
        for (nint length; (length = Libc.read(fd, buffer, 4096)) > 0;)
            text.Append(Encoding.UTF8.GetString(buffer, (int)length));
        return text.ToString();
    }
}
