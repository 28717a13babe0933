using System.Text;

namespace Writ.Runner.Kernel;

/// <summary>The kernel's own tools, started from the calling thread and so in its network namespace.</summary>
internal static unsafe class KernelTool
{
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

    /// <summary>Where a tool is, or null.</summary>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Gives a text to a tool and waits for its end.</summary>
    /// <exception cref="RunnerException">It is not there or ended with an error; the message is its first line.</exception>
    public static void Run(string input, string name, params string[] arguments) =>
        RunAt(Find(name) ?? throw new RunnerException($"there is no {name}", "apt-get install iproute2 nftables"), input, name, arguments);

    /// <summary>What a program of this path says.</summary>
    /// <exception cref="RunnerException">It ended with an error; the message is its first line.</exception>
    public static string Ask(string path, params string[] arguments) => RunAt(path, "", Path.GetFileName(path), arguments);

    private static string RunAt(string program, string input, string name, string[] arguments)
    {
        var text = Libc.Must(Libc.memfd_create(name, 1 /* MFD_CLOEXEC */), "memfd_create");
        var said = Libc.Must(Libc.memfd_create(name, 1), "memfd_create");
        try
        {
            var bytes = Encoding.UTF8.GetBytes(input);
            fixed (byte* start = bytes)
            {
                for (nint written = 0, now; written < bytes.Length; written += now)
                    now = Libc.Must((int)Libc.write(text, start + written, (nuint)(bytes.Length - written)), name);
            }

            _ = Libc.lseek(text, 0, 0);
            using var process = ChildProcess.Start(program, [name, .. arguments], [], [text, said, said], session: false);
            if (!process.WaitGone(30_000))
                process.Kill();
            process.WaitGone(1_000);
            if (process.TryReap() is not 0)
                throw new RunnerException($"{name}: {FirstLine(said)}");
            return All(said);
        }
        finally
        {
            _ = Libc.close(text);
            _ = Libc.close(said);
        }
    }

    private static string FirstLine(int fd) => All(fd).Split('\n', 2)[0].Trim() is { Length: > 0 } line ? line : "it failed without a word";

    private static string All(int fd)
    {
        _ = Libc.lseek(fd, 0, 0);
        var text = new StringBuilder();
        var buffer = stackalloc byte[4096];
        for (nint length; (length = Libc.read(fd, buffer, 4096)) > 0;)
            text.Append(Encoding.UTF8.GetString(buffer, (int)length));
        return text.ToString();
    }
}
