using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Writ.Contracts.Runners;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Runner.Host;
using Writ.Runner.Kernel;
using Writ.Runner.Orders;
using Writ.Runner.Runs;
using LiveRun = Writ.Contracts.Runners.LiveRun;

namespace Writ.Runner.Runners;

/// <summary>
/// The runner's one connection: dials out, says what it has, and passes on orders, output and ends. It comes back by
/// itself, to whichever server answers; nothing of a run depends on it but the time that policy lets it be away.
/// </summary>
internal sealed class ServerLink(DataFolder data, RunnerConfig config, RunnerIdentity enrolled, byte[] receiptKey, TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(5);
    private readonly Channel<FromRunner> _outbox = Channel.CreateUnbounded<FromRunner>(new() { SingleReader = true });
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private TimeSpan _heartbeat = TimeSpan.FromSeconds(1);
    private readonly Handover _handover = new();
    private readonly LogWatch _log = new(data.LogHead, say);
    private readonly ReportSpool _reports = new(data, say);
    private RunnerLink.RunnerLinkClient? _client;
    private long _heardBoot;
    private bool _packs;
    private string _lastTrouble = "";

    /// <summary>The identity in force; a renewal brings a new one.</summary>
    public RunnerIdentity Identity { get; private set; } = enrolled;

    /// <summary>Why no order is to be obeyed, or null.</summary>
    public Refusal? Distrust => _log.Distrust;

    /// <summary>There may be something to send.</summary>
    public void Wake() => _work.Writer.TryWrite(true);

    /// <summary>Sends a message as soon as there is a connection.</summary>
    public void Tell(FromRunner message)
    {
        _outbox.Writer.TryWrite(message);
        Wake();
    }

    /// <summary>The bytes of a file of a run's sandbox, as the server has them; whoever asks checks them.</summary>
    /// <exception cref="IOException">There is no connection, or the server does not give it.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> Fetch(string run, string sha256, [EnumeratorCancellation] CancellationToken cancel)
    {
        var client = _client ?? throw new IOException("there is no connection to a server");
        using var call = client.FetchFile(new() { Run = run, Sha256 = sha256 }, cancellationToken: cancel);
        while (await Next())
            yield return call.ResponseStream.Current.Bytes.Memory;

        async Task<bool> Next()
        {
            try
            {
                return await call.ResponseStream.MoveNext(cancel);
            }
            catch (RpcException failed)
            {
                throw new IOException(Explain(failed), failed);
            }
        }
    }

    /// <summary>Stays connected until stopped.</summary>
    public async Task Run(RunBook book, OrderDesk desk, InventoryReader inventory, NameLookup names, CancellationToken stop)
    {
        var pause = ShortestPause;
        while (!stop.IsCancellationRequested)
        {
            var welcomed = false;
            try
            {
                welcomed = await Connect(book, desk, inventory, names, stop);
            }
            catch (Exception lost) when (lost is RpcException or HttpRequestException or IOException or OperationCanceledException or InvalidOperationException
                or CryptographicException or RunnerException)
            {
                welcomed = _heardBoot != 0;
                if (!stop.IsCancellationRequested)
                    Trouble(Explain(lost));
            }

            _client = null;
            _heardBoot = 0;
            desk.ForgetClock();
            foreach (var run in book.All)
            {
                lock (run)
                    run.Resumed = run.Starting;
            }

            if (stop.IsCancellationRequested)
                return;
            // Jitter keeps a crowd of runners from coming back in step.
            pause = welcomed ? ShortestPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Trouble(string what)
    {
        if (what != _lastTrouble)
            say($"no link to {config.Server}: {what}");
        _lastTrouble = what;
    }

    private static string Explain(Exception lost)
    {
        var deepest = lost;
        while (deepest.InnerException is { } inner)
            deepest = inner;
        return (deepest is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : deepest.Message).ReplaceLineEndings(" ");
    }

    private async Task<bool> Connect(RunBook book, OrderDesk desk, InventoryReader inventory, NameLookup names, CancellationToken stop)
    {
        using var certificate = RunnerIdentity.ReadCertificate(data);
        using var authority = RunnerIdentity.ReadAuthority(data);
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        if (time.GetUtcNow() >= end)
            throw new RunnerException($"the certificate ended at {end:u}; remove {Path.GetDirectoryName(data.Identity)} and enrol this runner anew");
        var begin = new DateTimeOffset(certificate.NotBefore.ToUniversalTime());

        using var channel = ServerTrust.Mutual(new(config.Server), certificate, authority);
        var client = new RunnerLink.RunnerLinkClient(channel);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var call = client.Connect(cancellationToken: ending.Token);

        ending.CancelAfter(TimeSpan.FromSeconds(10));
        inventory.Refresh();
        var digest = inventory.Current.Digest();
        await call.RequestStream.WriteAsync(new() { Hello = Hello(book, inventory) }, ending.Token);
        if (!await call.ResponseStream.MoveNext(ending.Token) || call.ResponseStream.Current.Welcome is not { } welcome)
            throw new IOException("the server did not welcome this runner");
        ending.CancelAfter(Timeout.InfiniteTimeSpan);
        _client = client;
        _handover.Begin();
        Greet(book, desk, welcome);
        say($"connected to {config.Server}");
        _lastTrouble = "";

        // Whichever ends first ends the connection.
        Task[] parts =
        [
            Read(call.ResponseStream, book, desk, names, ending.Token),
            _handover.Run(client, book, ending.Token),
            Write(call.RequestStream, book, ending.Token),
            Beat(inventory, digest, ending.Token),
            Renew(client, begin, end, authority, ending.Token),
        ];
        var first = await Task.WhenAny(parts);
        await ending.CancelAsync();
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
        return true;
    }

    private Hello Hello(RunBook book, InventoryReader inventory)
    {
        var hello = new Hello { Version = Program.Version, Clock = Now(), LogSize = _log.Size, ReceiptKey = ByteString.CopyFrom(receiptKey) };
        foreach (var tool in inventory.Current.Tools)
        {
            hello.Tools.Add(new Tool
            {
                Name = tool.Name,
                Path = tool.Path,
                Version = tool.Version,
                Sha256 = tool.Sha256,
                Files = { tool.Files.Select(file => new ToolData { Name = file.Name, Sha256 = file.Sha256, Content = UnsafeByteOperations.UnsafeWrap(file.Content) }) },
                Protections = { tool.Protections },
                DataSha256 = tool.DataSha256 ?? "",
            });
        }

        foreach (var run in book.All)
        {
            lock (run)
            {
                if (!run.Starting)
                    hello.Runs.Add(new LiveRun { Run = run.Run, Spooled = run.Spooled, Ended = run.End is not null });
            }
        }

        return hello;
    }

    private void Greet(RunBook book, OrderDesk desk, Welcome welcome)
    {
        if (welcome.HeartbeatEvery > 0)
            _heartbeat = UnixMicroseconds.ToDuration(Math.Clamp(welcome.HeartbeatEvery, 50_000, 60_000_000));
        _packs = welcome.Packed;
        Heard(book);
        desk.HearClock(welcome.Clock);
        var told = welcome.Runs.ToDictionary(resume => resume.Run);
        foreach (var run in book.All)
        {
            // One that is being started now was not in the Hello.
            if (run.Resumed)
                continue;
            var resume = told.GetValueOrDefault(run.Run) ?? new Resume { Run = run.Run, Offset = run.Acknowledged };
            lock (run)
            {
                run.Forgotten = resume.Unknown;
                if (!resume.Unknown)
                    run.ResumeAt(resume.Offset);
            }

            if (resume.Unknown)
                book.Kill(run, Cause.KillOrder, "the server knows no such run");
            book.Settle(run);
        }

        Wake();
    }

    private void Heard(RunBook book)
    {
        var now = Clock.Boot();
        // Supervisors are told ten times a second at most.
        if (now - book.HeardBoot >= 100_000)
            book.Contact();
        _heardBoot = now;
    }

    private async Task Read(IAsyncStreamReader<ToRunner> stream, RunBook book, OrderDesk desk, NameLookup names, CancellationToken ending)
    {
        var contradicted = false;
        while (await stream.MoveNext(ending))
        {
            Heard(book);
            var message = stream.Current;
            switch (message.MessageCase)
            {
                case ToRunner.MessageOneofCase.Heartbeat:
                    desk.HearClock(message.Heartbeat.Clock);
                    break;
                case ToRunner.MessageOneofCase.Order:
                    desk.Take(message.Order);
                    break;
                case ToRunner.MessageOneofCase.Extend:
                    desk.Extend(message.Extend);
                    break;
                case ToRunner.MessageOneofCase.Kill:
                    desk.Kill(message.Kill.Run, message.Kill.Reason);
                    break;
                case ToRunner.MessageOneofCase.Log:
                    // Once a connection: every later head contradicts as well.
                    if (_log.Take(message.Log) is { } contradiction && !contradicted)
                    {
                        contradicted = true;
                        Tell(new() { Contradiction = contradiction });
                    }

                    break;
                case ToRunner.MessageOneofCase.HostAck:
                    _reports.Remove(message.HostAck.Id);
                    break;
                case ToRunner.MessageOneofCase.Resolve:
                    names.Take(message.Resolve);
                    break;
                case ToRunner.MessageOneofCase.Ack when book.Find(message.Ack.Run) is { } run:
                    lock (run)
                        run.Acknowledge(message.Ack.Offset);
                    book.Settle(run);
                    Wake();
                    break;
                case ToRunner.MessageOneofCase.EndAck when book.Find(message.EndAck.Run) is { } run:
                    lock (run)
                        run.EndAcknowledged = true;
                    _handover.Add(run);
                    book.Settle(run);
                    break;
                case ToRunner.MessageOneofCase.Input when book.Find(message.Input.Run) is { } run:
                    lock (run)
                        run.Typed(Tell)?.Take(message.Input);
                    break;
                case ToRunner.MessageOneofCase.Resize when book.Find(message.Resize.Run) is { } run:
                    lock (run)
                        run.Typed(Tell)?.Take(message.Resize);
                    break;
                default:
                    // A signal has its place; nothing here takes it yet.
                    break;
            }
        }

        throw new IOException("the server closed the connection");
    }

    private async Task Write(IClientStreamWriter<FromRunner> stream, RunBook book, CancellationToken ending)
    {
        while (true)
        {
            var busy = false;
            while (_outbox.Reader.TryRead(out var message))
            {
                if (message.Heartbeat is { } heartbeat)
                    heartbeat.Clock = Now();
                try
                {
                    await stream.WriteAsync(message, ending);
                }
                catch when (message.Heartbeat is null)
                {
                    // The next connection tells it.
                    _outbox.Writer.TryWrite(message);
                    throw;
                }

                busy = true;
            }

            foreach (var run in book.All)
            {
                FromRunner? next;
                lock (run)
                    next = run.Next(_packs);
                if (next is null)
                    continue;
                await stream.WriteAsync(next, ending);
                busy = true;
            }

            if (!busy)
                await _work.Reader.ReadAsync(ending);
        }
    }

    /// <summary>Sends heartbeats, and ends the connection when three of the server's were missed or the inventory changed.</summary>
    private async Task Beat(InventoryReader inventory, string digest, CancellationToken ending)
    {
        // Once a connection each: what is not acknowledged is told by the next.
        var told = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            foreach (var report in _reports.Waiting().Where(report => told.Add(report.Id)))
                Tell(new() { Host = report.ToMessage() });
            Tell(new() { Heartbeat = new() { Clock = Now() } });
            await Task.Delay(_heartbeat, time, ending);
            if (Clock.Boot() - _heardBoot > 3 * UnixMicroseconds.From(_heartbeat) + 50_000)
                throw new IOException("the server was not heard for three heartbeats");
            if (inventory.Current.Digest() != digest)
                throw new IOException("the tools have changed");
        }
    }

    /// <summary>Fetches a new certificate when two thirds of the present one's life are over, then reconnects with it.</summary>
    private async Task Renew(RunnerLink.RunnerLinkClient client, DateTimeOffset begin, DateTimeOffset end,
        X509Certificate2 authority, CancellationToken ending)
    {
        var due = begin + ((end - begin) * (2.0 / 3));
        while (true)
        {
            // Task.Delay ends at 49 days; a certificate may live longer.
            for (TimeSpan left; (left = due - time.GetUtcNow()) > TimeSpan.Zero;)
                await Task.Delay(left < TimeSpan.FromHours(1) ? left : TimeSpan.FromHours(1), time, ending);
            try
            {
                using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                var reply = await client.RenewAsync(new() { CertificateRequest = RunnerIdentity.Request(key) }, cancellationToken: ending);
                Identity = RunnerIdentity.Store(data, reply, key, authority);
                say("the certificate was renewed");
                return;
            }
            catch (Exception failed) when (failed is RpcException or RunnerException or IOException && !ending.IsCancellationRequested)
            {
                say($"the certificate could not be renewed: {Explain(failed)}");
                due = time.GetUtcNow() + TimeSpan.FromSeconds(30 * (0.5 + Random.Shared.NextDouble()));
            }
        }
    }

    private long Now() => UnixMicroseconds.From(time.GetUtcNow());
}
