using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Recordings;
using Writ.Runner.Sandboxes;

namespace Writ.SystemTests.Runner;

/// <summary>A run folder made by hand and the real supervisor on it, with no daemon and no server.</summary>
internal sealed class SupervisedRun : IDisposable
{
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    /// <summary>Two processes in sessions of their own, deaf to whatever can be ignored, and a third that waits.</summary>
    public static readonly string[] DeafAndDetached =
        ["/usr/bin/sh", "-c", "for i in 1 2; do setsid sh -c 'trap \"\" TERM HUP INT QUIT; while :; do sleep 0.05; done' & done; trap '' TERM; sleep 100"];

    public static string CauseOf(JsonElement end) => end.GetProperty("cause").GetString()!;

    public static int LeftOf(JsonElement end) => end.GetProperty("processes_left").GetInt32();

    /// <summary>The run's id.</summary>
    public const string Id = "run_06bq0000000000000000000004";
    /// <summary>Roots are made once, as a daemon does, and go with the process.</summary>
    private static readonly Lazy<string> Roots = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("writ-roots-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    private readonly string _data;
    private readonly bool _isOwnFolder;
    private readonly JsonObject _spec;
    private Process? _process;
    private Microsoft.Win32.SafeHandles.SafeFileHandle? _namespace;

    /// <param name="argv">What is executed; the first word is the program's path.</param>
    /// <param name="lifetime">From now to the deadline.</param>
    /// <param name="change">Changes the supervisor's orders.</param>
    /// <param name="folder">Where the data folder goes, or null for a new one.</param>
    public SupervisedRun(string[] argv, TimeSpan lifetime, Action<JsonObject>? change = null, string? folder = null)
    {
        _isOwnFolder = folder is null;
        _data = folder ?? Directory.CreateTempSubdirectory("writ-supervisor-").FullName;
        Folder = Path.Combine(_data, "runs", Id);
        Directory.CreateDirectory(Folder);
        var root = RootOf(argv[0]);
        var spec = new JsonObject
        {
            ["root"] = root.Path,
            ["data"] = new JsonArray([.. root.Data.Select(path => (JsonNode)path)]),
            ["raw_sockets"] = true,
            ["run"] = Id,
            ["boot_id"] = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(),
            ["argv"] = new JsonArray([.. argv.Select(word => (JsonNode)word)]),
            ["tool_path"] = argv[0],
            ["tool_sha256"] = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(argv[0]))),
            ["start_by"] = Wall() + 10_000_000,
            ["deadline"] = Wall() + Micro(lifetime),
            ["deadline_boot"] = Boot() + Micro(lifetime),
            ["max_disconnected"] = 60_000_000,
            ["heard_boot"] = Boot(),
            ["received_boot"] = Boot(),
        };
        change?.Invoke(spec);
        _spec = spec;
        Write();
    }

    private void Write()
    {
        Deadline = (long)_spec["deadline"]!;
        File.WriteAllText(Path.Combine(Folder, "run.json"), _spec.ToJsonString());
    }

    /// <summary>Its time begins now, as if the order came now: what was made since then is not in it.</summary>
    public void Begin()
    {
        var passed = Boot() - (long)_spec["received_boot"]!;
        foreach (var instant in new[] { "start_by", "deadline", "deadline_boot", "heard_boot", "received_boot" })
            _spec[instant] = (long)_spec[instant]! + passed;
        Write();
    }

    /// <summary>The root that a daemon would give to a tool of this path.</summary>
    public static ToolRoot RealRoot(string program, params string[] data) => ToolRoot.Make(Roots.Value, program, data);

    // Scripts of tests start programs of all kinds, so they see all of the host's; what a real tool sees has tests of its own.
    private static ToolRoot RootOf(string program) => program == "/usr/bin/nmap"
        ? RealRoot(program, "/usr/share/nmap")
        : RealRoot("/usr/bin/true", [.. new[] { "/usr", "/bin", "/sbin", "/lib", "/lib64" }.Where(Directory.Exists)]);

    public static string Binary { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("WRIT_DIST") ?? throw new InvalidOperationException("WRIT_DIST names no folder with writ-runner; ./test sets it"),
        "writ-runner");

    public string Folder { get; }
    public string Data => _data;
    public long Deadline { get; private set; }
    public int Pid => _process!.Id;

    public static long Micro(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
    public static long Wall() => (MachineClock.Now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds of CLOCK_BOOTTIME; /proc/uptime would be coarser than what is measured here.</summary>
    public static long Boot()
    {
        ClockGetTime(7, out var time).ShouldBe(0);
        return (time.Seconds * 1_000_000) + (time.Nanoseconds / 1_000);
    }

    private record struct TimeSpec(long Seconds, long Nanoseconds);

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ClockGetTime(int clock, out TimeSpec time);

    public SupervisedRun Start()
    {
        _process = Launch(Binary, "supervise", Folder);
        return this;
    }

    public static Process Launch(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    /// <summary>Waits until the tool is executed.</summary>
    public SupervisedRun UntilStarted()
    {
        Until(() => File.Exists(Path.Combine(Folder, "started")), "the tool was never executed");
        // The number of a namespace that is gone is the next one's, perhaps of another run: while this is open, it is not gone.
        try
        {
            _namespace ??= File.OpenHandle($"/proc/{Started.GetProperty("init_pid").GetInt32()}/ns/pid");
        }
        catch (IOException)
        {
            // It has ended already.
        }

        return this;
    }

    public static void Until(Func<bool> condition, string otherwise, int seconds = 15) => Comes(condition, TimeSpan.FromSeconds(seconds), 5).ShouldBeTrue(otherwise);

    /// <summary>Looks all the time, at least every so often, and is told of the first time that it is not so.</summary>
    public static void Throughout(TimeSpan time, Func<bool> condition, string otherwise, int everyMilliseconds = 5) => Comes(() => !condition(), time, everyMilliseconds).ShouldBeFalse(otherwise);

    /// <summary>Whether something comes about in this time. What it waits for beside that is the end of the whole run of tests.</summary>
    private static bool Comes(Func<bool> condition, TimeSpan within, int everyMilliseconds)
    {
        var over = TestContext.Current.CancellationToken;
        for (var began = TimeProvider.System.GetTimestamp(); !condition(); over.ThrowIfCancellationRequested())
        {
            if (TimeProvider.System.GetElapsedTime(began) >= within)
                return false;
            over.WaitHandle.WaitOne(everyMilliseconds);
        }

        return true;
    }

    public JsonElement Started => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "started"))).RootElement;

    /// <summary>Waits for the end.</summary>
    public JsonElement End(int seconds = 20)
    {
        var path = Path.Combine(Folder, "end");
        Until(() => File.Exists(path), "the run has no end", seconds);
        return JsonDocument.Parse(File.ReadAllText(path)).RootElement;
    }

    public string RecordingPath => Path.Combine(Folder, "recording");

    /// <summary>What the tool wrote on a stream, as the recording tells.</summary>
    public byte[] Stream(RecordingStream stream)
    {
        using var bytes = new MemoryStream();
        var reader = new RecordingReader();
        reader.Append(File.ReadAllBytes(RecordingPath));
        while (reader.TryRead(out var frame))
        {
            if (frame.Stream != stream)
                continue;
            frame.Offset.ShouldBe(bytes.Length);
            bytes.Write(frame.Bytes.Span);
        }

        return bytes.ToArray();
    }

    public string Output => Encoding.UTF8.GetString(Stream(RecordingStream.Output));

    public Socket Control()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        Until(() =>
        {
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(Folder, "control")));
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }, "the supervisor does not listen");
        return socket;
    }

    public static string Ask(Socket socket, string message)
    {
        socket.Send(Encoding.UTF8.GetBytes(message));
        var buffer = new byte[8192];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    /// <summary>The processes of the run's PID namespace, counted by ourselves.</summary>
    public int Processes()
    {
        var wanted = $"pid:[{Started.GetProperty("pid_namespace").GetInt64()}]";
        return Directory.EnumerateDirectories("/proc").Count(path =>
        {
            try
            {
                return char.IsAsciiDigit(Path.GetFileName(path)[0])
                    && File.ResolveLinkTarget(Path.Combine(path, "ns/pid"), false)?.Name == wanted
                    && !File.ReadAllText(Path.Combine(path, "stat")).Contains(") Z ", StringComparison.Ordinal);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        });
    }

    public static void Signal(int pid, string name)
    {
        using var kill = Launch("/usr/bin/kill", "-s", name, pid.ToString(CultureInfo.InvariantCulture));
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
            _process.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _namespace?.Dispose();
        var made = _isOwnFolder ? _data : Folder;
        if (Directory.Exists(made))
            Directory.Delete(made, recursive: true);
    }
}
