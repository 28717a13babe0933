using System.Text;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// The bubblewrap command around a tool: a PID namespace of its own, a root of just the programs and libraries, an /etc of
/// its own, no environment of the host's and no capability but CAP_NET_RAW.
/// </summary>
internal static unsafe class Sandbox
{
    /// <summary>Where bubblewrap is.</summary>
    public const string Program = "/usr/bin/bwrap";

    /// <summary>What holds a run, in one line.</summary>
    public const string Description =
        "bubblewrap: pid, ipc, uts and cgroup namespaces, read-only root, own /etc, /tmp, /in and /out, cleared environment, CAP_NET_RAW only";

    private const string TmpBytes = "67108864";

    /// <summary>The tool's output streams are 1 and 2, bubblewrap's status 3, and these files from 4 on.</summary>
    private static (string Path, string Content)[] Etc(Placement placed) =>
    [
        ("/etc/passwd", "root:x:0:0:root:/tmp:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin\n"),
        ("/etc/group", "root:x:0:\nnogroup:x:65534:\n"),
        ("/etc/hosts", placed.Hosts()),
        ("/etc/host.conf", "multi on\n"),
        ("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n"),
    ];

    /// <summary>Starts a tool in a sandbox from the calling thread, with whose end it dies.</summary>
    /// <param name="program">The tool's absolute path.</param>
    /// <param name="arguments">Its arguments, without its name.</param>
    /// <param name="placed">What this run finds in its sandbox.</param>
    /// <param name="output">Its standard output.</param>
    /// <param name="error">Its standard error.</param>
    /// <param name="status">Where bubblewrap reports the sandbox's first process and the tool's exit code.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, Placement placed, int output, int error, int status)
    {
        var etc = Etc(placed);
        var nothing = Libc.Must(Libc.open("/dev/null", Libc.OReadOnly | Libc.OCloexec, 0), "/dev/null");
        MemoryFile[] files = [.. etc.Select(file => MemoryFile.Of(file.Path, Encoding.UTF8.GetBytes(file.Content)))];
        try
        {
            int[] descriptors = [nothing, output, error, status, .. files.Select(file => file.Fd)];
            return ChildProcess.Start(Program, Command(program, arguments, placed, etc), [], descriptors, session: false);
        }
        finally
        {
            _ = Libc.close(nothing);
            foreach (var file in files)
                file.Dispose();
        }
    }

    private static List<string> Command(string program, IEnumerable<string> arguments, Placement placed, (string Path, string Content)[] etc)
    {
        List<string> command =
        [
            "bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "writ",
            "--die-with-parent", "--new-session", "--json-status-fd", "3",
            "--clearenv", "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8",
            "--cap-drop", "ALL", "--cap-add", "CAP_NET_RAW",
            "--ro-bind", "/usr", "/usr",
        ];
        foreach (var top in (string[])["/lib", "/lib64", "/lib32", "/bin", "/sbin"])
        {
            if (new DirectoryInfo(top).LinkTarget is { } target)
                command.AddRange(["--symlink", target, top]);
            else if (Directory.Exists(top))
                command.AddRange(["--ro-bind", top, top]);
        }

        if (!program.StartsWith("/usr/", StringComparison.Ordinal))
            command.AddRange(["--ro-bind", program, program]);
        for (var i = 0; i < etc.Length; i++)
            command.AddRange(["--perms", "0444", "--file", $"{4 + i}", etc[i].Path]);
        if (placed.In is { } files)
            command.AddRange(["--ro-bind", files, "/in"]);
        if (placed.Out is { } folder)
            command.AddRange(["--bind", folder, "/out"]);
        command.AddRange(["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
            "--proc", "/proc", "--dev", "/dev", "--size", TmpBytes, "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp", "--", program]);
        command.AddRange(arguments);
        return command;
    }

    /// <summary>
    /// Runs a program in a sandbox and waits for it: its exit code and what it printed. Shows at start whether the sandbox
    /// can be raised at all.
    /// </summary>
    /// <exception cref="IOException">bubblewrap could not be started.</exception>
    public static (int ExitCode, string Output, string Error) Try(string program, params string[] arguments)
    {
        var pipes = stackalloc int[6];
        for (var i = 0; i < 3; i++)
            Libc.Must(Libc.pipe2(pipes + (2 * i), Libc.OCloexec), "pipe2");
        using var process = Start(program, arguments, Placement.Nothing, pipes[1], pipes[3], pipes[5]);
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
