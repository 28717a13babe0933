using Writ.Cli.Files;
using Writ.Cli.Output;
using Writ.Cli.Server;
using Writ.Contracts;
using Writ.Contracts.Grants;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>A run in this terminal: as its own client, or as somebody who watches.</summary>
internal static class Follow
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OtherWayAfter = TimeSpan.FromMilliseconds(500);

    /// <summary>Follows a run of one's own. A signal, or a closed standard output, ends it, and its end is awaited.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> OwnAsync(CliContext context, RunView run, bool quiet, Interruption interruption)
    {
        interruption.HardExitCode = ExitCode.Ended;
        using var stop = new CancellationTokenSource();
        using var held = run.Terminal ? HeldTerminal.Take(context.Terminal, interruption) : null;
        using var warning = held is null ? null : new DeadlineWarning(context.Terminal, context.Time, run.Deadline);
        using var attachment = Attach(context, run.Id, "own", quiet || held is not null, WrittenFiles.TakeStandardOutput(run), held?.Keyboard, warning);
        // Off this thread: a standard output that blocks must not hold Ctrl-C up.
        var follow = Task.Run(() => attachment.FollowAsync(stop.Token));
        try
        {
            var asked = Task.Delay(Timeout.Infinite, interruption.Asked);
            if (await Task.WhenAny(follow, asked) == asked)
            {
                GiveBack();
                return await KillAsync(context, run, attachment, follow, "interrupted at the client");
            }

            var ended = await follow;
            GiveBack();
            return await EndAsync(context, run.Id, ended);
        }
        catch (OutputClosedException closed)
        {
            GiveBack();
            if (closed.Why is { } why)
                context.Terminal.Say($"writ: {why}");
            return await KillAsync(context, run, attachment, null, "the client's output was closed");
        }
        catch (AttachRefusedException refused)
        {
            GiveBack();
            return await RefusedAsync(context, run.Id, refused);
        }
        catch (InvalidDataException broken)
        {
            GiveBack();
            throw new Stop(ExitCode.Failed, broken.Message, $"the run was ended; writ show {run.Id}");
        }
        finally
        {
            await stop.CancelAsync();
            attachment.LeaveScreen();
        }

        // Before anything is told: what the tool changed about the screen would hide it.
        void GiveBack()
        {
            attachment.LeaveScreen();
            held?.Dispose();
        }
    }

    /// <summary>Watches somebody's run, or one's own detached one, from its first byte.</summary>
    /// <returns>The exit code of the run.</returns>
    public static async Task<int> WatchAsync(CliContext context, string run, bool quiet, CancellationToken cancel)
    {
        using var attachment = Attach(context, run, "watch", quiet);
        try
        {
            var ended = await attachment.FollowAsync(cancel);
            attachment.LeaveScreen();
            if (ended is not null)
                attachment.Hold(ended);
            return await EndAsync(context, run, ended);
        }
        catch (AttachRefusedException refused)
        {
            return await RefusedAsync(context, run, refused);
        }
        catch (InvalidDataException broken)
        {
            throw new Stop(ExitCode.Failed, broken.Message);
        }
        finally
        {
            attachment.LeaveScreen();
        }
    }

    private static Attachment Attach(CliContext context, string run, string mode, bool quiet, bool silent = false, Keyboard? keyboard = null, DeadlineWarning? warning = null)
    {
        var server = context.Server;
        return new((from, cancel) => server.AttachAsync(run, from, mode, cancel), cancel => AskAsync(context, run, cancel), context.Terminal, context.Time,
            quiet ? null : new(context.Terminal, context.Time), isOwn: mode == "own", silent: silent, keyboard: keyboard)
        {
            // Who sits at its terminal must see it; of others a remark is enough.
            Moved = deadline =>
            {
                if (warning is null)
                    context.Terminal.Remark(DeadlineWarning.Moved(deadline));
                else
                    warning.Move(deadline);
            },
        };
    }

    private static async Task<int> EndAsync(CliContext context, string id, RunView? ended)
    {
        context.Terminal.ClearStatus();
        if (ended is null)
        {
            // Perhaps the server is back, and knows.
            ended = await AskAsync(context, id, CancellationToken.None);
            if (ended?.EndedAt is null)
            {
                throw new Stop(ExitCode.Ended, $"contact was lost for {Attachment.Window.TotalSeconds:0} s; nobody here knows how the run ended",
                    $"writ show {id}");
            }
        }

        if (ended.Fence?.RefusedPackets is > 0 and var refused)
            context.Terminal.Say($"writ: {RunText.Count(refused, "packet")} out of scope {(refused == 1 ? "was" : "were")} stopped; see: writ show {Printable.Line(id)}");
        if (ended.Fence is { } fence && RunText.Degraded(fence) is { } degraded)
            context.Terminal.Say($"writ: {Printable.Line(degraded)}");
        if (RunText.Farewell(ended) is { } line)
            context.Terminal.Say($"writ: {Printable.Line(line)}");
        if (RunText.Cut(ended) is { } cut)
            context.Terminal.Say($"writ: {Printable.Line(cut)}");
        if (ended.End is { Outcome: not "confirmed" })
            context.Terminal.Say("writ: the runner has not confirmed the end");
        return ExitCode.OfRun(ended);
    }

    private static async Task<RunView?> AskAsync(CliContext context, string id, CancellationToken cancel)
    {
        try
        {
            var answer = await context.Server.GetAsync($"/v1/runs/{id}", WritJson.Default.RunView, cancel);
            return answer.Problem is null ? answer.Value : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    // The socket says only a number; the API says why.
    private static async Task<int> RefusedAsync(CliContext context, string id, AttachRefusedException refused)
    {
        if (refused.Status == (int)System.Net.HttpStatusCode.Gone)
            throw new Stop(ExitCode.Failed, $"the recording of {id} was deleted", $"writ replay {id} says when, and under which retention");
        var run = (await context.Server.GetAsync($"/v1/runs/{id}", WritJson.Default.RunView, CancellationToken.None)).ForRun();
        return run.EndedAt is not null
            ? await EndAsync(context, id, run)
            : throw new Stop(ExitCode.Failed, $"the server does not let you attach to {id} ({refused.Status})");
    }

    /// <summary>
    /// Ends the run and waits for the confirmation, 5 seconds at most. It asks on a connection of its own: the one of the
    /// output may be stuck behind a reader who does not read.
    /// </summary>
    private static async Task<int> KillAsync(CliContext context, RunView run, Attachment attachment, Task<RunView?>? follow, string reason)
    {
        var begun = context.Time.GetTimestamp();
        attachment.HideProgress();
        using var limit = new CancellationTokenSource(KillPatience, context.Time);
        context.Terminal.Status("writ: killing the run");
        var end = await AskForEndAsync(context, run.Id, attachment, follow, reason, limit.Token);
        var latency = context.Time.GetElapsedTime(begun);

        // What the tool wrote before it died still comes out.
        RunView? ended = null;
        try
        {
            if (follow is not null)
                ended = await follow.WaitAsync(limit.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or AttachRefusedException)
        {
            // The answer to the kill tells what there is to tell.
        }

        context.Terminal.ClearStatus();
        if (end is null && ended is null)
            ended = await AwaitEndAsync(context, run.Id, limit.Token);
        if (ended is { EndReason: not (null or "killed" or "client-gone") })
            return await EndAsync(context, run.Id, ended); // It ended by itself before the kill came.

        var seen = end is { Outcome: "confirmed" } ? end.Runs.FirstOrDefault(each => each.Run == run.Id) : null;
        if (seen is null && ended?.End is { Outcome: "confirmed" } confirmed)
            (seen, latency) = (confirmed, context.Time.GetElapsedTime(begun));
        if (seen is not null || end is { Outcome: "confirmed" })
        {
            var left = seen?.ProcessesLeft is { } count ? $", {EndText.Processes(count)}" : "";
            context.Terminal.Say($"writ: killed, confirmed after {EndText.Milliseconds(latency.TotalMilliseconds)}{left}");
        }
        else
        {
            context.Terminal.Say($"writ: kill unconfirmed after {EndText.Milliseconds(context.Time.GetElapsedTime(begun).TotalMilliseconds)}");
            context.Terminal.Say($"hint: writ show {Printable.Line(run.Id)}; its deadline is {When.Exact(run.Deadline)} in any case");
        }

        return ExitCode.Ended;
    }

    // The run may have ended on another way: its client's connection closed, or it was over already.
    private static async Task<RunView?> AwaitEndAsync(CliContext context, string id, CancellationToken limit)
    {
        try
        {
            while (true)
            {
                if (await AskAsync(context, id, limit) is { EndedAt: not null } ended)
                    return ended;
                await Task.Delay(TimeSpan.FromMilliseconds(200), context.Time, limit);
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>
    /// Asks for the end by the API, whose answer says what came of it. Where that does not come at once, the open socket is the other way:
    /// the server kills on its word without looking anything up first.
    /// </summary>
    private static async Task<EndView?> AskForEndAsync(CliContext context, string id, Attachment attachment, Task<RunView?>? follow, string reason, CancellationToken limit)
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(limit);
        var posted = PostKillAsync(context, id, reason, asking.Token);
        if (await Task.WhenAny(posted, Task.Delay(OtherWayAfter, context.Time, limit)) == posted && await posted is { } end)
            return end;
        try
        {
            _ = await attachment.TryKillAsync(reason, limit);
        }
        catch (OperationCanceledException)
        {
            // Both ways are shut; this process ends now, and with it the right to run on.
        }

        // Whichever tells first: with the end of its output the run is over.
        if (follow is not null && await Task.WhenAny(posted, follow) == follow && follow is { IsCompletedSuccessfully: true, Result: not null })
            await asking.CancelAsync();
        return await posted;
    }

    private static async Task<EndView?> PostKillAsync(CliContext context, string id, string reason, CancellationToken limit)
    {
        try
        {
            var answer = await context.Server.PostAsync(
                $"/v1/runs/{id}/kill", new EndAsk(reason), WritJson.Default.EndAsk, WritJson.Default.EndView, limit);
            return answer.Problem is null ? answer.Value : null;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or Stop)
        {
            return null;
        }
    }
}
