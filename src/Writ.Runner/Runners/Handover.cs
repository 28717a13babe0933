using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Writ.Contracts.Runners;
using Writ.Runner.Runs;
using LiveRun = Writ.Runner.Runs.LiveRun;

namespace Writ.Runner.Runners;

/// <summary>
/// Hands the files that runs have written to the server after it has acknowledged their ends: of a run one after the other, and
/// of a few runs at once, so that the results of a large scan, which the server reads first, hold up no other run's. What was not
/// answered before the connection broke is handed over again on the next: the end is told and acknowledged anew then.
/// </summary>
internal sealed class Handover
{
    private const int ChunkBytes = 256 * 1024;
    private const int RunsAtOnce = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private Channel<LiveRun> _runs = Channel.CreateUnbounded<LiveRun>();

    /// <summary>A new connection: every end is told anew, so nothing of the one before counts.</summary>
    public void Begin() => _runs = Channel.CreateUnbounded<LiveRun>();

    /// <summary>The server holds this run's end.</summary>
    public void Add(LiveRun run)
    {
        if (run is { End.Outputs.Count: > 0, HandedBack: false })
            _runs.Writer.TryWrite(run);
    }

    /// <summary>Hands over until the connection ends.</summary>
    public Task Run(RunnerLink.RunnerLinkClient client, RunBook book, CancellationToken ending) => Parallel.ForEachAsync(
        _runs.Reader.ReadAllAsync(ending), new ParallelOptions { MaxDegreeOfParallelism = RunsAtOnce, CancellationToken = ending }, async (run, over) =>
        {
            foreach (var output in run.End!.Outputs)
            {
                while (!await Hand(client, run, output, over))
                    await Task.Delay(Pause, over);
            }

            lock (run)
                run.HandedBack = true;
            book.Settle(run);
        });

    /// <summary>True once the server holds the file, or does not want it; false where it is to be tried again.</summary>
    private static async Task<bool> Hand(RunnerLink.RunnerLinkClient client, LiveRun run, OutputRecord output, CancellationToken ending)
    {
        try
        {
            using var call = client.HandBack(cancellationToken: ending);
            await using var file = File.OpenRead(run.Folder.HandedBack(output.Path));
            var chunk = new HandBackChunk { Run = run.Run, Path = output.Path };
            var buffer = new byte[ChunkBytes];
            do
            {
                var length = await file.ReadAsync(buffer, ending);
                chunk.Bytes = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, length));
                await call.RequestStream.WriteAsync(chunk, ending);
                chunk = new();
            }
            while (file.Position < file.Length);
            await call.RequestStream.CompleteAsync();
            await call;
            return true;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode is StatusCode.FailedPrecondition or StatusCode.InvalidArgument or StatusCode.NotFound;
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
    }
}
