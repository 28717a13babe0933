using System.Globalization;
using Writ.Cli.Files;
using Writ.Cli.Grants;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>A run in words.</summary>
internal static class RunText
{
    public static Fields Full(RunView run, DateTimeOffset now)
    {
        var fields = new Fields()
            .Add("run", run.Id)
            .Add("by", $"{run.Actor.Name} ({run.Actor.Kind})")
            .Add("state", run.Detached ? $"{run.State}, detached" : run.State)
            .Add("break-glass", GlassText.Of(run.BreakGlass, now), Tone.Notice)
            .Add("command", Printable.Command(run.Command));
        if (!run.Command.SequenceEqual(run.Argv))
            fields.Add("runs as", Printable.Command(run.Argv));
        fields
            .Add("runner", run.Runner)
            .Add("grant", run.Grant)
            .Add("request", run.Request)
            .Add("queued", When.Full(run.CreatedAt, now))
            .Add("started", run.StartedAt is null ? null : When.Full(run.StartedAt, now))
            .Add("deadline", When.Full(run.Deadline, now))
            .Add("extended", (run.Extensions ?? []).Select(more => $"{more.Request}: until {When.Exact(more.Until)} instead of {When.Exact(more.From)}, {Extend.State(more)}"))
            .Add("ended", run.EndedAt is null ? null : When.Full(run.EndedAt, now))
            .Add("took", run.StartedAt is { } start && run.EndedAt is { } end ? Duration.Format(end - start) : null)
            .Add("end", run.EndReason is null ? null : End(run))
            .Add("detail", run.EndDetail)
            .Add("confirmed", run.End is null ? null : Confirmation(run.End))
            .Add("recording", Recording(run))
            .Add("wrote", (run.Outputs ?? []).Select(Wrote));
        if (run.Results is { } results)
            AddResults(fields, run, results);
        if (run.Fence is { } fence)
            AddFence(fields, fence, now);
        if (run.Receipt is { } receipt)
            AddReceipt(fields, run, receipt);
        return fields;
    }

    private static void AddResults(Fields fields, RunView run, RunResultsView results)
    {
        fields
            .Add("progress", run.EndedAt is not null || Phase(results) is not { } phase ? null
                : phase + (results.RemainingSeconds is > 0 and <= 1e6 and var seconds ? $", {Duration.Rough(TimeSpan.FromSeconds(seconds))} left" : ""))
            .Add("found", $"{ProgressLine.Found(results)}{(results.Complete ? "" : " so far")}")
            .Add("cut", Cut(run))
            .Add("trouble", results.Trouble)
            .Add("hosts", (results.Hosts ?? []).Take(MostListed).Select(Host));
        var more = results.UnlistedHosts + Math.Max(0, (results.Hosts?.Count ?? 0) - MostListed);
        if (more > 0 && results.Hosts is not null)
            fields.Add("", $"and {Count(more, "host")} more");
    }

    private static string? Phase(RunResultsView results) =>
        results.Phase is null ? null : results.Percent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{results.Phase}, {Math.Floor(percent):0}%") : results.Phase;

    private static string Host(HostResultView host)
    {
        var name = host.Name is null ? "" : $" ({host.Name})";
        var ports = string.Join(", ", host.Ports.Select(port =>
            string.Create(CultureInfo.InvariantCulture, $"{port.Port}/{port.Protocol}{(port.Service is null ? "" : $" {port.Service}")}{(port.Product is null ? "" : $" ({port.Product})")}")));
        var more = host.UnlistedPorts > 0 ? $"{(ports.Length > 0 ? ", " : "")}{Count(host.UnlistedPorts, "more open port")}" : "";
        return $"{host.Address}{name}{(ports.Length + more.Length > 0 ? ": " : "")}{ports}{more}";
    }

    /// <summary>Where a run was when it was ended, if its tool had not told all by then; null otherwise.</summary>
    public static string? Cut(RunView run) => run is { EndedAt: not null, State: "killed" or "failed", Results: { Complete: false } results }
        ? $"cut {(Phase(results) is { } phase ? $"in {phase}, " : "")}after {Count(results.HostsDone, "host")}: what is missing was not measured"
        : null;

    private static void AddFence(Fields fields, FenceView fence, DateTimeOffset now)
    {
        if (fence.Closed is { } closed)
            fields.Add("fence", $"{(closed ? "closed" : "NOT CLOSED")}, {Count(fence.Passed ?? 0, "packet")} out, {Count(fence.RefusedPackets ?? 0, "packet")} out of scope");
        else
            fields.Add("fence", $"{Count(fence.RefusedPackets ?? 0, "packet")} out of scope so far");
        fields.Add("zones", (fence.Zones ?? []).Select(Zone));
        if (fence is { Zones.Count: > 0, DroppedElsewhere: > 0 and var elsewhere })
            fields.Add("", $"in none of them: {Count(elsewhere, "packet")} dropped");
        fields.Add("late", fence.Late is > 0 and var late ? $"{Count(late, "packet")} after its time, dropped" : null);
        fields.Add("degraded", Degraded(fence));
        fields.Add("last packet", fence.LastPacketAt is { } at ? When.Full(at, now) : null);
        foreach (var refused in fence.Refused.Take(MostRefused))
            fields.Add("out of scope", Refused(refused));
        if (fence.Refused.Count > MostRefused)
            fields.Add("", $"and {Count(fence.Refused.Count - MostRefused, "destination")} more; --format json has them");
    }

    /// <summary>For example <c>staging: 1,204 packets (72,240 bytes) out, 0 dropped</c>.</summary>
    public static string Zone(ZonePacketsView zone) =>
        string.Create(CultureInfo.InvariantCulture, $"{zone.Zone}: {Count(zone.Passed, "packet")} ({zone.PassedBytes:N0} bytes) out, {zone.Dropped:N0} dropped{(zone.Dropped > 0 ? $" ({zone.DroppedBytes:N0} bytes)" : "")}");

    // The end as the runner has signed it: found and left are counted, never assumed.
    private static void AddReceipt(Fields fields, RunView run, KillReceiptView receipt)
    {
        if (receipt.KilledAt is { } at)
        {
            var late = (at - run.Deadline).TotalMilliseconds;
            var when = run.EndReason == "deadline" ? string.Create(CultureInfo.InvariantCulture, $", {Math.Abs(late):0.0} ms {(late < 0 ? "before" : "after")} the deadline") : "";
            fields.Add("killed", $"{When.Precise(at)}{when}");
        }

        var found = receipt.ProcessesFound is { } before ? $"{before.ToString("N0", CultureInfo.InvariantCulture)} found" : "not counted";
        var left = run.End?.ProcessesLeft is { } after ? $"{after.ToString("N0", CultureInfo.InvariantCulture)} left" : "how many are left is not known";
        fields.Add("processes", $"{found}, {left}", run.End?.ProcessesLeft > 0 ? Tone.Bad : Tone.Plain);
        fields.Add("signed", receipt.Refused is { } refused ? $"NOT: the runner's receipt was refused: {refused}"
            : receipt.KeyId is { } key ? $"by the runner's key {key}; writ receipt {run.Id} proves it" : "not by the runner", receipt.Refused is null ? Tone.Plain : Tone.Bad);
    }

    /// <summary>What the rule's budget did to the results, or null where it did nothing: what it held back or dropped was not measured.</summary>
    public static string? Degraded(FenceView fence)
    {
        if (fence.DegradedAt is not { } since)
            return null;
        string?[] what =
        [
            fence.HeldBack is > 0 and var held ? $"made packets wait {Count(held, "time")}" : null,
            fence.OverBudget is > 0 and var dropped ? $"dropped {Count(dropped, "packet")}" : null,
        ];
        return $"the rule's budget {string.Join(" and ", what.OfType<string>())}: what got no answer since {When.Exact(since)} was not measured, whatever the output calls it";
    }

    private const int MostRefused = 20, MostListed = 20;

    /// <summary>A destination out of scope, for example <c>10.30.0.77 udp 161, 3 packets</c>.</summary>
    public static string Refused(RefusedView refused) =>
        $"{refused.Address} {refused.Protocol}{(refused.Port > 0 ? string.Create(CultureInfo.InvariantCulture, $" {refused.Port}") : "")}, {Count(refused.Packets, "packet")}";

    /// <summary>For example <c>1,024 packets</c>.</summary>
    public static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");

    /// <summary>How it ended, in a few words.</summary>
    public static string? End(RunView run) => run.EndReason == "exited" ? $"exit {run.ExitCode}" : run.EndReason;

    /// <summary>The line that a person at the run reads when it did not simply exit; null when it did.</summary>
    public static string? Farewell(RunView run)
    {
        var detail = string.IsNullOrWhiteSpace(run.EndDetail) ? "" : $": {run.EndDetail}";
        return run.EndReason switch
        {
            "exited" => null,
            "deadline" => $"{(detail.Length > 0 ? "ended" : "killed")} at the deadline, {When.Exact(run.Deadline)}{detail}",
            "revoked" => $"the grant was revoked{detail}",
            // The detail tells by whom.
            "killed" => run.EndDetail is { Length: > 0 } who ? who : "killed",
            "client-gone" => "killed: its client went away",
            "disconnected" => "killed: contact was lost for too long",
            "recording-failed" => $"killed: what it wrote could not be recorded{detail}",
            "violations" => $"killed: it kept trying to leave its scope{detail}",
            "limit" => $"killed: it took more of the runner's machine than a run may{detail}",
            "runner-lost" => $"the runner was lost, and nobody saw the end{detail}",
            "could-not-start" => $"could not start{detail}",
            "refused" => $"the runner refused{detail}",
            "grant-over" => $"the grant was over before the run began{detail}",
            var other => $"the run ended: {other ?? run.State}{detail}",
        };
    }

    private static string Confirmation(RunEndView end)
    {
        var dead = end.KillToDeadMilliseconds is { } milliseconds ? $", dead {EndText.Milliseconds(milliseconds)} after the kill" : "";
        var left = end.ProcessesLeft is { } count ? $", {EndText.Processes(count)}" : "";
        return $"{end.Outcome}{dead}{left}";
    }

    private static string Wrote(RunOutputView output)
    {
        var what = output.Sha256 is { } digest ? $"{WrittenFiles.Size(output.Bytes ?? 0)}, sha256 {digest}{(output.Cut ? ", may lack its end" : "")}" : "nothing";
        return $"'{Printable.Line(WrittenFiles.Target(output))}': {(output.State == "running" ? "not yet" : what)}";
    }

    private static string Recording(RunView run)
    {
        var bytes = run.RecordingBytes.ToString("N0", CultureInfo.InvariantCulture);
        return run.RecordingSha256 is { } digest ? $"{bytes} bytes, sha256 {digest}" : $"{bytes} bytes";
    }
}
