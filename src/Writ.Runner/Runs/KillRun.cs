using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Writ.Proof.Identity;
using Writ.Runner.Kernel;
using Writ.Runner.Orders;
using Writ.Runner.Runners;

namespace Writ.Runner.Runs;

/// <summary>
/// <c>writ-runner kill</c>: ends a run on this very host, with server, database and daemon down. It speaks to the run's
/// supervisor, and where that does not answer, kills it: the process tree dies with it.
/// </summary>
internal static class KillRun
{
    private const int Patience = 3_000;

    public static void Run(DataFolder data, string name, string reason, TextWriter output, TimeProvider time)
    {
        if (!RunId.TryParse(name, out _))
            throw new RunnerException($"'{name}' is no run", "writ-runner status lists the live ones");
        var folder = data.Run(name);
        if (!Directory.Exists(folder.Path))
            throw new RunnerException($"no such run on this host: {name}", "writ-runner status lists the live ones");
        if (folder.ReadEnd() is { } before)
            throw new RunnerException($"{name} has already ended: {before.Cause}");

        var clock = Stopwatch.StartNew();
        var end = Ask(folder, reason) ?? Force(folder, time);
        var took = clock.Elapsed;
        using (var journal = new Journal(data.Journal, time))
            journal.TryWrite("kill", name, nameof(Cause.LocalKill), reason);
        var left = end.ProcessesLeft;
        if (left != 0)
            throw new RunnerException(left < 0
                ? $"{name}: killed, but what is left of it could not be counted"
                : string.Create(CultureInfo.InvariantCulture, $"{name}: {left} processes are left"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"killed {name}: {left} processes left, {Math.Max(1, Math.Round(took.TotalMilliseconds))} ms"));
    }

    private static EndRecord? Ask(RunFolder folder, string reason)
    {
        using var control = LocalSocket.Connect(folder.Path, RunFolder.ControlName);
        if (control is null || !control.Send(ControlMessage.Kill(Cause.LocalKill, reason)))
            return null;
        var answer = control.Receive(Patience);
        return answer is not null && answer.StartsWith("ended ", StringComparison.Ordinal)
            ? JsonSerializer.Deserialize(answer[6..], RunnerJson.Default.EndRecord)
            : null;
    }

    private static EndRecord Force(RunFolder folder, TimeProvider time)
    {
        using var supervisor = folder.OpenSupervisor();
        if (supervisor is not null)
        {
            supervisor.Kill();
            supervisor.WaitGone(Patience);
        }

        return folder.ReadEnd() ?? folder.WriteLostEnd(folder.ReadSpec(), "killed on this host; its supervisor did not answer", time);
    }
}
