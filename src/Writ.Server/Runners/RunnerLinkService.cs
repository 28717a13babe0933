using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Identity;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.Server.Extensions;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>
/// The one stream of each runner. The certificate says which runner it is; it is looked up again at every order, and the
/// stream is cut at the certificate's end.
/// </summary>
internal sealed class RunnerLinkService(
    Database database, WriteTransaction writes, RunnerHub hub, Inventories inventories, RunnerCertificates certificates,
    EnrolRunner enrolment, RunReports reports, RunnerHeads heads, RunFiles files, ExtensionOrders extensions, TimeProvider time, IHostApplicationLifetime lifetime,
    ILogger<RunnerLinkService> log)
    : RunnerLink.RunnerLinkBase
{
    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LogEvery = TimeSpan.FromSeconds(30);

    public override async Task<EnrolReply> Renew(RenewRequest request, ServerCallContext context)
    {
        var (runner, _) = await Authorise(context);
        var reply = enrolment.Issue(request.CertificateRequest, runner.Id, runner.Name);
        return reply.IsOk ? reply.Value : throw new RpcException(new Status(StatusCode.InvalidArgument, reply.Refusal.Message));
    }

    public override async Task Connect(IAsyncStreamReader<FromRunner> requestStream, IServerStreamWriter<ToRunner> responseStream, ServerCallContext context)
    {
        // 1. Who is it, and what can it do?
        var (runner, certificateEnd) = await Authorise(context);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        over.CancelAfter(certificateEnd - time.GetUtcNow() is var left && left > TimeSpan.FromDays(40) ? TimeSpan.FromDays(40) : left);
        if (!await requestStream.MoveNext(over.Token) || requestStream.Current.Hello is not { } hello)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "the first message is a hello"));
        await Introduce(runner, hello, EnrolRunner.RemoteAddress(context));

        // 2. From here on it can be sent orders; what it missed goes out right after the welcome.
        var outgoing = Channel.CreateUnbounded<ToRunner>(new() { SingleReader = true });
        outgoing.Writer.TryWrite(new ToRunner { Welcome = await reports.Welcome(runner.Id, hello, HeartbeatEvery, over.Token) });
        hub.Connected(runner.Id, outgoing.Writer);
        log.LogInformation("runner {Name} is connected", runner.Name);
        try
        {
            var writing = Write(outgoing.Reader, responseStream, over.Token);
            var tending = Tend(runner.Id, hello.LogSize, outgoing.Writer, over.Token);
            var reading = reports.Read(runner, requestStream, outgoing.Writer, over.Token);
            // Whichever ends first ends the others: the runner left, a newer connection took its place, or this server stops.
            await Task.WhenAny(writing, tending, reading);
            await over.CancelAsync();
            await Quietly(writing);
            await Quietly(tending);
            await Quietly(reading);
        }
        finally
        {
            hub.Lost(runner.Id, outgoing.Writer);
            log.LogInformation("runner {Name} is gone", runner.Name);
            if (!hub.IsHere(runner.Id))
                await Record(AuditType.RunnerLost, runner, null);
        }
    }

    public override async Task FetchFile(FetchFileRequest request, IServerStreamWriter<FileChunk> responseStream, ServerCallContext context)
    {
        var (runner, _) = await Authorise(context);
        var bytes = await files.Fetch(runner.Id, request.Run, request.Sha256, context.CancellationToken)
            ?? throw new RpcException(new Status(StatusCode.NotFound, "no live run of this runner needs this file"));
        for (var at = 0; at < bytes.Length; at += RunFiles.ChunkBytes)
        {
            var chunk = UnsafeByteOperations.UnsafeWrap(bytes.AsMemory(at, Math.Min(RunFiles.ChunkBytes, bytes.Length - at)));
            await responseStream.WriteAsync(new FileChunk { Bytes = chunk }, context.CancellationToken);
        }
    }

    public override async Task<HandBackReply> HandBack(IAsyncStreamReader<HandBackChunk> requestStream, ServerCallContext context)
    {
        var (runner, _) = await Authorise(context);
        var (run, path) = ("", "");
        using var bytes = new MemoryStream();
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var chunk = requestStream.Current;
            if (run.Length == 0)
                (run, path) = (chunk.Run, chunk.Path);
            // What is too much is read to its end all the same, so that the runner hears why it is refused.
            if (bytes.Length + chunk.Bytes.Length <= RunFiles.MostBytes + 1)
                bytes.Write(chunk.Bytes.Span);
        }

        return await files.Take(runner.Id, run, path, bytes.GetBuffer().AsMemory(0, (int)bytes.Length), context.CancellationToken)
            ? new HandBackReply()
            : throw new RpcException(new Status(StatusCode.FailedPrecondition, "the end of no run of this runner names this file"));
    }

    private async Task<(RunnerRow Runner, DateTimeOffset CertificateEnd)> Authorise(ServerCallContext context)
    {
        var certificate = await context.GetHttpContext().Connection.GetClientCertificateAsync(context.CancellationToken);
        if (certificate is not null && certificates.RunnerOf(certificate) is { } id)
        {
            await using var db = database.Open();
            if (await db.Runners.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id && row.DisabledAt == null) is { } runner)
                return (runner, certificate.NotAfter.ToUniversalTime());
        }

        throw new RpcException(new Status(StatusCode.Unauthenticated, "no certificate of an enrolled runner"));
    }

    private async Task Introduce(RunnerRow runner, Hello hello, string? source)
    {
        foreach (var file in hello.Tools.SelectMany(tool => tool.Files))
        {
            if (Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file.Content.Span)) != file.Sha256)
                throw new RpcException(new Status(StatusCode.InvalidArgument, $"the digest of {file.Name} is not its content's"));
        }

        var inventory = await inventories.Keep(writes, hello.Tools);
        var digest = inventory.Digest();
        var result = await writes.Commit<bool>(async scope =>
        {
            await scope.Db.Runners.Where(row => row.Id == runner.Id).ExecuteUpdateAsync(set => set
                .SetProperty(row => row.InventoryDigest, digest)
                .SetProperty(row => row.Version, hello.Version)
                .SetProperty(row => row.LastSeenAt, scope.Now));
            await RunnerKeys.Hear(scope, runner, hello.ReceiptKey, source);
            scope.Record(new(AuditType.RunnerConnected, new(null, runner.Name), null, new()
            {
                ["runner"] = runner.Id.ToString(), ["version"] = hello.Version, ["inventory"] = digest,
                ["protections"] = AuditEvent.Texts(inventory.Tools.SelectMany(tool => tool.Protections).Distinct().Order(StringComparer.Ordinal)),
            }, source));
            return true;
        });
        _ = result.Value;
    }

    private static async Task Write(ChannelReader<ToRunner> outgoing, IServerStreamWriter<ToRunner> stream, CancellationToken cancel)
    {
        await foreach (var message in outgoing.ReadAllAsync(cancel))
            await stream.WriteAsync(message, cancel);
    }

    /// <summary>Heartbeats, and what stands in the database for this runner without having reached it.</summary>
    private async Task Tend(RunnerId runner, long logSeen, ChannelWriter<ToRunner> outgoing, CancellationToken cancel)
    {
        var (sent, asked, extended) = (new HashSet<RunId>(), new HashSet<string>(StringComparer.Ordinal), new HashSet<RequestId>());
        var logShown = DateTimeOffset.MinValue;
        using var timer = new PeriodicTimer(HeartbeatEvery, time);
        do
        {
            outgoing.TryWrite(new ToRunner { Heartbeat = new Heartbeat { Clock = UnixMicroseconds.From(time.GetUtcNow()) } });
            try
            {
                if (time.GetUtcNow() - logShown >= LogEvery && await Unseen(logSeen, cancel) is { } head)
                {
                    outgoing.TryWrite(new ToRunner { Log = head });
                    (logSeen, logShown) = (Checkpoint.Parse(SignedNote.Parse(head.Checkpoint).Value.Text).Value.Size, time.GetUtcNow());
                }

                await Catch(runner, outgoing, sent, asked, cancel);
                foreach (var order in await extensions.Unanswered(runner, extended))
                    outgoing.TryWrite(order);
            }
            catch (Exception unreachable) when (unreachable is System.Data.Common.DbException or DbUpdateException)
            {
                // The runner must not lose its server because the server lost its database.
                log.LogWarning(unreachable, "the database cannot be read; the runner's link stays");
            }
        }
        while (await timer.WaitForNextTickAsync(cancel));
    }

    /// <summary>What the runner has not seen of the log; null where nothing can be shown. The sequencer says why then, and runs and kills go on.</summary>
    private async Task<LogHead?> Unseen(long seen, CancellationToken cancel)
    {
        try
        {
            return await heads.Since(seen, cancel);
        }
        catch (Exception nothing) when (nothing is LogHaltedException or HeadNotKeptException)
        {
            return null;
        }
    }

    private async Task Catch(RunnerId runner, ChannelWriter<ToRunner> outgoing, HashSet<RunId> sent, HashSet<string> asked, CancellationToken cancel)
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        // Names that another server of this database asks about.
        var from = now - NameResolver.Patience;
        foreach (var question in await db.NameQuestions.AsNoTracking().Where(row => row.RunnerId == runner && row.Answer == null && row.AskedAt > from).ToListAsync(cancel))
        {
            if (asked.Add(question.Id))
                outgoing.TryWrite(new ToRunner { Resolve = new Resolve { Id = question.Id, Names = { question.Names }, V6 = question.V6 } });
        }

        if (await db.Runners.AnyAsync(row => row.Id == runner && row.DisabledAt != null, cancel))
        {
            outgoing.TryComplete();
            return;
        }

        var live = await db.Runs.AsNoTracking().Where(row => row.RunnerId == runner && RunStates.Live.Contains(row.State)).ToListAsync(cancel);
        foreach (var run in live)
        {
            // A just-made run was sent by the call that made it; only what has waited is sent here.
            if (run.State == RunState.Queued && run.KillCause is null && now < run.StartBy && now - run.CreatedAt > HeartbeatEvery && sent.Add(run.Id))
                outgoing.TryWrite(new ToRunner { Order = OrderOf(run) });
            if (run.KillCause is not null)
                outgoing.TryWrite(new ToRunner { Kill = new Kill { Run = run.Id.ToString(), Reason = run.KillReason ?? run.KillCause } });
        }

        await writes.Append(context => context.Runners.Where(row => row.Id == runner)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastSeenAt, now), cancel));
    }

    private static Order OrderOf(RunRow run) => new()
    {
        Bytes = ByteString.CopyFrom(run.OrderBytes), Signature = ByteString.CopyFrom(run.OrderSignature), KeyId = run.OrderKeyId,
    };

    private async Task Record(string type, RunnerRow runner, string? source)
    {
        try
        {
            await writes.Commit<bool>(scope =>
            {
                scope.Record(new(type, new(null, runner.Name), null, new() { ["runner"] = runner.Id.ToString() }, source));
                return Task.FromResult<Writ.Proof.Errors.Result<bool>>(true);
            });
        }
        catch (Exception failed) when (failed is System.Data.Common.DbException or DbUpdateException)
        {
            log.LogError(failed, "{Type} of {Name} could not be recorded", type, runner.Name);
        }
    }

    private async Task Quietly(Task part)
    {
        try
        {
            await part;
        }
        catch (Exception left) when (left is OperationCanceledException or IOException or RpcException or InvalidOperationException)
        {
            log.LogDebug(left, "a part of a runner's link ended");
        }
    }
}
