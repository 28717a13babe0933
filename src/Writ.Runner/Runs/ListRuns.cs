using Writ.Proof;
using Writ.Runner.Runners;

namespace Writ.Runner.Runs;

/// <summary><c>writ-runner status</c>: the live runs of this host, as their folders tell.</summary>
internal static class ListRuns
{
    public static void Run(DataFolder data, TextWriter output)
    {
        var none = true;
        foreach (var folder in data.AllRuns())
        {
            if (folder.ReadSpec() is not { } spec)
                continue;
            none = false;
            using var supervisor = folder.OpenSupervisor();
            var state = folder.ReadEnd() is { } end ? $"ended ({end.Cause}), not yet acknowledged"
                : supervisor is null ? "supervisor lost"
                : folder.ReadStarted() is null ? "starting" : "running";
            output.WriteLine($"{folder.Run}  {state}  until {UnixMicroseconds.ToInstant(spec.Deadline):yyyy-MM-dd'T'HH:mm:ss'Z'}  {string.Join(' ', spec.Argv)}");
        }

        if (none)
            output.WriteLine("no live runs");
    }
}
