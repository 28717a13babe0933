using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// A process that a house started: its two streams are kept byte by byte, and it is ended by its own id alone. It gets
/// nothing of the tests' environment but how soon the runtime compiles anew.
/// </summary>
internal sealed class HouseProcess : IDisposable
{
    public const int Hangup = 1, Interrupt = 2, Terminate = 15, Continue = 18, Stop = 19;

    private const string CompileAnewAfter = "DOTNET_TC_CallCountingDelayMs";
    private static readonly TimeSpan LastBytes = TimeSpan.FromSeconds(10);
    private readonly Process _process;
    private readonly MemoryStream _output = new();
    private readonly MemoryStream _error = new();
    private readonly Task _reading;
    private bool _disposed;

    private HouseProcess(string name, Process process)
    {
        (Name, Id, _process) = (name, process.Id, process);
        _reading = Task.WhenAll(Keep(process.StandardOutput.BaseStream, _output), Keep(process.StandardError.BaseStream, _error));
    }

    /// <summary>What it is called where its words are shown.</summary>
    public string Name { get; }

    public int Id { get; }

    public bool HasExited => _disposed || _process.HasExited;

    public byte[] Output => Read(_output);

    public string Error => Encoding.UTF8.GetString(Read(_error));

    /// <summary>All that it said so far.</summary>
    public string Said => Encoding.UTF8.GetString(Output) + Error;

    public static HouseProcess Start(string name, string folder, string program, IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder,
        };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        (string, string?)[] own = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", folder), (CompileAnewAfter, Environment.GetEnvironmentVariable(CompileAnewAfter))];
        foreach (var (variable, value) in own.Concat(environment))
        {
            if (value is not null)
                start.Environment[variable] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new(name, process);
    }

    public void Signal(int signal)
    {
        if (!HasExited)
            SendSignal(Id, signal).ShouldBe(0, $"{Name} could not be sent signal {signal}");
    }

    /// <summary>SIGKILL, and it is gone.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Its exit code; all that it wrote is read then.</summary>
    public async Task<int> End(int seconds)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(seconds));
        }
        catch (TimeoutException)
        {
            throw new ShouldAssertException($"{Name} did not end within {seconds} s; it said: {Said}");
        }

        await _reading.WaitAsync(LastBytes);
        return _process.ExitCode;
    }

    /// <summary>Ends it; what it said stays.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        Kill();
        _disposed = true;
        _process.Dispose();
    }

    private static byte[] Read(MemoryStream kept)
    {
        lock (kept)
            return kept.ToArray();
    }

    private static async Task Keep(Stream from, MemoryStream to)
    {
        var buffer = new byte[64 << 10];
        for (int length; (length = await from.ReadAsync(buffer)) > 0;)
        {
            lock (to)
                to.Write(buffer, 0, length);
        }
    }

    /// <summary>The signal goes to a process that some test here started or found in a run of its own.</summary>
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static extern int SendSignal(int process, int signal);
}
