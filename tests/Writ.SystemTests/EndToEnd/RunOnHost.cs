using System.Diagnostics;
using System.Text.Json;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// A run as its host sees it, by the kernel's own books: which processes are in its PID namespace. Found while it lives,
/// since its folder goes when all is delivered.
/// </summary>
internal sealed class RunOnHost
{
    private readonly string _namespace;

    public RunOnHost(string id, string folder)
    {
        using var started = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "started")));
        (Id, _namespace) = (id, $"pid:[{started.RootElement.GetProperty("pid_namespace").GetInt64()}]");
    }

    public string Id { get; }

    /// <summary>The processes of the run, as the host counts.</summary>
    public IReadOnlyList<int> Processes() =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => char.IsAsciiDigit(name![0])).Select(name => int.Parse(name!)).Where(IsIn)];

    /// <summary>The tool's own process.</summary>
    public int Tool() => Processes().Single(process => NameOf(process) == "nmap");

    /// <summary>Waits until every process of it is gone; tells how long that took.</summary>
    public async Task<TimeSpan> Gone(double withinSeconds)
    {
        var clock = Stopwatch.StartNew();
        while (Processes() is { Count: > 0 } left)
        {
            clock.Elapsed.TotalSeconds.ShouldBeLessThan(withinSeconds, $"{Id} still has the processes {string.Join(", ", left)}");
            await Task.Delay(5);
        }

        return clock.Elapsed;
    }

    public void ShouldLive() => Processes().ShouldNotBeEmpty($"{Id} has no process");

    private bool IsIn(int process)
    {
        try
        {
            return new FileInfo($"/proc/{process}/ns/pid").LinkTarget == _namespace;
        }
        catch (IOException)
        {
            return false; // It ended under our eyes.
        }
    }

    private static string? NameOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
