using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Writ.Contracts.Runners;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.SystemTests.Storage;

/// <summary>
/// A runner's end of the link without the network: what the server sends is kept, and what the runner says goes through
/// the server's own reports. It confirms every kill at once, unless told not to.
/// </summary>
internal sealed class ConnectedRunner : IAsyncDisposable
{
    private readonly Channel<ToRunner> _outgoing = Channel.CreateUnbounded<ToRunner>();
    private readonly Channel<FromRunner> _incoming = Channel.CreateUnbounded<FromRunner>();
    private readonly CancellationTokenSource _over = new();
    private readonly RunnerHub _hub;
    private readonly TimeProvider _time;
    private readonly Task _listening;
    private readonly Task _reading;

    public ConnectedRunner(RunnerRow row, RunnerHub hub, RunReports reports, TimeProvider time)
    {
        (Row, _hub, _time) = (row, hub, time);
        hub.Connected(row.Id, _outgoing.Writer);
        _listening = Listen();
        _reading = reports.Read(row, new Said(_incoming.Reader), _outgoing.Writer, _over.Token);
    }

    public RunnerRow Row { get; }

    /// <summary>Ends when the server reads no more of what it says; fails with what the server has against it.</summary>
    public Task Reading => _reading;

    public bool ConfirmsKills { get; set; } = true;

    /// <summary>The addresses that names have where this runner's tools run; it does not answer where this is null.</summary>
    public Dictionary<string, string[]>? Names { get; set; } = [];

    /// <summary>Everything that the server sent, in order.</summary>
    public ConcurrentQueue<ToRunner> Heard { get; } = new();

    public IEnumerable<string> Kills => Heard.Where(message => message.Kill is not null).Select(message => message.Kill.Run);

    public IEnumerable<string> EndAcks => Heard.Where(message => message.EndAck is not null).Select(message => message.EndAck.Run);

    public IEnumerable<Order> Orders => Heard.Where(message => message.Order is not null).Select(message => message.Order);

    public IEnumerable<Order> Extensions => Heard.Where(message => message.Extend is not null).Select(message => message.Extend);

    /// <summary>What a runner says of an order of more time: that it holds now, or why it does not.</summary>
    public void Answer(Order order, string? code = null)
    {
        var read = Writ.Proof.Orders.RunOrder.Read(order.Bytes.Span).Value;
        Say(new() { Extension = new() { Run = read.Run, Nonce = read.Nonce, Deadline = read.Deadline, Code = code ?? "", Message = code is null ? "" : "the run is at its end" } });
    }

    /// <summary>Its link is lost: nothing reaches it any more.</summary>
    public void Leave() => _hub.Lost(Row.Id, _outgoing.Writer);

    public void Say(FromRunner message) => _incoming.Writer.TryWrite(message).ShouldBeTrue();

    /// <summary>What a runner reports of a run that began and printed nothing.</summary>
    public void SayStarted(string run)
    {
        var now = UnixMicroseconds.From(_time.GetUtcNow());
        Say(new() { Accepted = new() { Run = run, At = now } });
        Say(new() { Started = new() { Run = run, At = now, Argv = { "nmap" }, Sandbox = "none", Fence = "none" } });
    }

    public Ended End(string run, EndCause cause, string detail = "") => new()
    {
        Run = run, Cause = cause, Detail = detail, At = UnixMicroseconds.From(_time.GetUtcNow()), ProcessesLeft = 0,
        KillAt = cause == EndCause.KillOrder ? UnixMicroseconds.From(_time.GetUtcNow()) - 1_500 : 0,
        RecordingSha256 = Google.Protobuf.ByteString.CopyFrom(SHA256.HashData([])),
    };

    public async ValueTask DisposeAsync()
    {
        _hub.Lost(Row.Id, _outgoing.Writer);
        _outgoing.Writer.TryComplete();
        _incoming.Writer.TryComplete();
        await _over.CancelAsync();
        await _listening;
        await Task.WhenAny(_reading);
        _over.Dispose();
    }

    private async Task Listen()
    {
        await foreach (var message in _outgoing.Reader.ReadAllAsync())
        {
            Heard.Enqueue(message);
            if (message.Resolve is { } question && Names is { } known)
                Say(new() { Resolved = Answer(question, known) });
            if (message.Kill is { } kill && ConfirmsKills)
                Say(new() { Ended = End(kill.Run, EndCause.KillOrder, kill.Reason) });
        }
    }

    private static Resolved Answer(Resolve question, Dictionary<string, string[]> known) => new()
    {
        Id = question.Id,
        Names =
        {
            question.Names.Select(name => new ResolvedName
            {
                Name = name,
                Addresses =
                {
                    known.GetValueOrDefault(name, []).Select(text => Address.TryParse(text, out var address) ? address : throw new FormatException(text))
                        .Where(address => address.IsV4 != question.V6).Select(address => ByteString.CopyFrom(address.ToBytes())),
                },
            }),
        },
    };

    private sealed class Said(ChannelReader<FromRunner> messages) : IAsyncStreamReader<FromRunner>
    {
        public FromRunner Current { get; private set; } = new();

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            if (!await messages.WaitToReadAsync(cancellationToken) || !messages.TryRead(out var message))
                return false;
            Current = message;
            return true;
        }
    }
}
