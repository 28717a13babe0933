using System.Data.Common;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Grants;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>
/// Steps 6 to 8 of the lifecycle as runners report them. Reports of one connection are taken in order; output is
/// gathered for as long as more is there, made durable in one transaction, and only then acknowledged.
/// </summary>
internal sealed class RunReports(
    Database database, WriteTransaction writes, RunTransitions transitions, RecordingStore recordings, RunResults results, Takings takings, HostReports hosts, RunnerHeads heads, RunnerHub hub, TimeProvider time,
    ILogger<RunReports> log)
{
    private const int MostGathered = 256;
    private const int MostWaiting = 1_024;
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    /// <summary>Answers a hello: where each run's recording goes on. Runs that the runner does not know of have ended unseen.</summary>
    public async Task<Welcome> Welcome(RunnerId runner, Hello hello, TimeSpan heartbeatEvery, CancellationToken cancel)
    {
        var welcome = new Welcome { Clock = UnixMicroseconds.From(time.GetUtcNow()), HeartbeatEvery = UnixMicroseconds.From(heartbeatEvery), Packed = true };
        await using var db = database.Open();
        foreach (var live in hello.Runs)
        {
            var row = RunId.TryParse(live.Run, out var id)
                ? await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id && row.RunnerId == runner, cancel)
                : null;
            // It has the order, though its word of that was lost with the connection: the order must not be sent again.
            if (row?.State == RunState.Queued)
                await transitions.Accepted(await db.Runners.AsNoTracking().SingleAsync(row => row.Id == runner, cancel), new() { Run = live.Run, At = hello.Clock });
            // A run that ended here without the runner's word (it was given up) still has its recording taken in.
            welcome.Runs.Add(new Resume { Run = live.Run, Offset = row?.RecordingBytes ?? 0, Unknown = row is null });
        }

        var known = hello.Runs.Select(live => live.Run).ToHashSet(StringComparer.Ordinal);
        var lost = await db.Runs.AsNoTracking().Where(row => row.RunnerId == runner && RunStates.Live.Contains(row.State)).ToListAsync(cancel);
        foreach (var run in lost.Where(run => !known.Contains(run.Id.ToString()) && !(run.State == RunState.Queued && run.StartBy > time.GetUtcNow())))
            await transitions.Lost(run, "its runner knows nothing of it");
        return welcome;
    }

    /// <summary>Takes in what a runner says until the stream ends.</summary>
    public async Task Read(RunnerRow runner, IAsyncStreamReader<FromRunner> stream, ChannelWriter<ToRunner> outgoing, CancellationToken cancel)
    {
        // Bounded: a database that is slower than a runner slows the runner down.
        var reports = Channel.CreateBounded<Report>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, SingleWriter = true });
        var taking = Take(runner, reports.Reader, outgoing, cancel);
        try
        {
            while (await stream.MoveNext(cancel))
            {
                var report = stream.Current;
                if (report.Ended is { } ended && RunId.TryParse(ended.Run, out var run))
                    hub.Report(run, ended);
                if (report.InputTaken is { } taken)
                {
                    hub.Report(taken);
                    continue;
                }

                // Whoever asked is waiting, and it is no part of any run: it need not stand in line behind output.
                if (report.Resolved is { } answer)
                {
                    if (!hub.Report(answer))
                        await Answer(runner, answer, cancel);
                    continue;
                }

                // Unpacked here, while what came before is being written.
                await reports.Writer.WriteAsync(new(report, report.Output is { } output ? PieceOf(output) : null), cancel);
            }
        }
        finally
        {
            reports.Writer.TryComplete();
        }

        await taking;
    }

    private async Task Take(RunnerRow runner, ChannelReader<Report> reports, ChannelWriter<ToRunner> outgoing, CancellationToken cancel)
    {
        var gathered = new List<Report>();
        // A run's end can overtake its last output, so that a kill is confirmed even while nothing can be recorded.
        var early = new Dictionary<RunId, Ended>();
        while (await reports.WaitToReadAsync(cancel))
        {
            gathered.Clear();
            while (gathered.Count < MostGathered && reports.TryRead(out var report))
                gathered.Add(report);
            await results.Keep(runner, gathered.Where(report => report.Message.Results is not null).Select(report => report.Message.Results));
            gathered.RemoveAll(report => report.Message.Results is not null);
            for (var i = 0; i < gathered.Count;)
            {
                var outputs = gathered.Skip(i).TakeWhile(report => report.Message.Output is not null).Select(report => report.Output).ToList();
                if (outputs.Count > 0)
                    await UntilWritten(() => Record(runner, outputs, early, outgoing, cancel), cancel);
                else
                    await UntilWritten(() => Take(runner, gathered[i].Message, early, outgoing, cancel), cancel);
                i += Math.Max(outputs.Count, 1);
            }
        }
    }

    /// <summary>A report is not dropped because the database cannot be written: it is tried until it can, and not acknowledged before.</summary>
    private async Task UntilWritten(Func<Task> write, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await write();
                return;
            }
            catch (Exception failed) when (failed is DbException or DbUpdateException or IOException)
            {
                log.LogError(failed, "a runner's report cannot be written; it is tried again");
                await Task.Delay(TryAgain, time, cancel);
            }
        }
    }

    private async Task Record(
        RunnerRow runner, List<RecordedPiece?> outputs, Dictionary<RunId, Ended> early, ChannelWriter<ToRunner> outgoing, CancellationToken cancel)
    {
        foreach (var (run, size) in await recordings.Append(runner.Id, [.. outputs.OfType<RecordedPiece>()]))
        {
            outgoing.TryWrite(new ToRunner { Ack = new OutputAck { Run = run.ToString(), Offset = size } });
            if (early.TryGetValue(run, out var ended) && size >= ended.RecordingBytes)
            {
                await End(runner, ended, outgoing, cancel);
                early.Remove(run);
            }
        }
    }

    /// <summary>The output as it was recorded; null where it names no run.</summary>
    private static RecordedPiece? PieceOf(Output output)
    {
        if (!RunId.TryParse(output.Run, out var run))
            return null;
        var bytes = output.Bytes.Memory;
        try
        {
            return output.Unpacked == 0 ? new(run, output.Offset, bytes) : new(run, output.Offset, PackedBytes.Unpack(bytes.Span, output.Unpacked), bytes);
        }
        catch (InvalidDataException damaged)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"output of {run} at {output.Offset}: {damaged.Message}"));
        }
    }

    /// <summary>The question came from another server of this database.</summary>
    private async Task Answer(RunnerRow runner, Resolved answer, CancellationToken cancel)
    {
        try
        {
            await writes.Append(db => db.NameQuestions.Where(row => row.Id == answer.Id && row.RunnerId == runner.Id)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.Answer, answer.ToByteArray()), cancel));
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException)
        {
            log.LogWarning(failed, "an answer about names cannot be written; whoever asked will ask again");
        }
    }

    private async Task End(RunnerRow runner, Ended ended, ChannelWriter<ToRunner> outgoing, CancellationToken cancel)
    {
        if (RunId.TryParse(ended.Run, out var run))
            await AfterItsCause(run, cancel);
        await transitions.Ended(runner, ended, cancel);
        outgoing.TryWrite(new ToRunner { EndAck = new EndAck { Run = ended.Run } });
    }

    /// <summary>Who asked for an end comes before the end on the record. While that cannot be written, neither can the end.</summary>
    private async Task AfterItsCause(RunId run, CancellationToken cancel)
    {
        await takings.WriteWaiting();
        try
        {
            await takings.WhenKillWritten(run).WaitAsync(TryAgain, time, cancel);
        }
        catch (TimeoutException)
        {
            throw new IOException($"who asked for the end of {run} is not written yet");
        }
    }

    private async Task Take(
        RunnerRow runner, FromRunner report, Dictionary<RunId, Ended> early, ChannelWriter<ToRunner> outgoing, CancellationToken cancel)
    {
        switch (report.MessageCase)
        {
            case FromRunner.MessageOneofCase.Accepted:
                await transitions.Accepted(runner, report.Accepted);
                break;
            case FromRunner.MessageOneofCase.Refused:
                await transitions.Refused(runner, report.Refused);
                break;
            case FromRunner.MessageOneofCase.Started:
                await transitions.Started(runner, report.Started);
                break;
            case FromRunner.MessageOneofCase.Ended:
                if (RunId.TryParse(report.Ended.Run, out var run) && await recordings.Size(run, cancel) < report.Ended.RecordingBytes)
                    early[run] = report.Ended;
                else
                    await End(runner, report.Ended, outgoing, cancel);
                break;
            case FromRunner.MessageOneofCase.Drops:
                await transitions.Dropped(runner, report.Drops);
                break;
            case FromRunner.MessageOneofCase.Host:
                await hosts.Take(runner, report.Host);
                outgoing.TryWrite(new ToRunner { HostAck = new HostReportAck { Id = report.Host.Id } });
                break;
            case FromRunner.MessageOneofCase.Contradiction:
                await heads.Contradicted(runner, report.Contradiction, cancel);
                break;
            case FromRunner.MessageOneofCase.Extension:
                await transitions.Extended(runner, report.Extension);
                break;
            case FromRunner.MessageOneofCase.Heartbeat:
                break;
            case FromRunner.MessageOneofCase.Output or FromRunner.MessageOneofCase.Hello or FromRunner.MessageOneofCase.Resolved
                or FromRunner.MessageOneofCase.Results or FromRunner.MessageOneofCase.InputTaken or FromRunner.MessageOneofCase.None:
                log.LogWarning("runner {Name} sent {Message} out of place; it is passed over", runner.Name, report.MessageCase);
                break;
        }
    }

    /// <summary>What a runner said.</summary>
    /// <param name="Message">As it came.</param>
    /// <param name="Output">The output that is in it; null where there is none, or it names no run.</param>
    private readonly record struct Report(FromRunner Message, RecordedPiece? Output);
}
