using System.Text.Json;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;
using Writ.Contracts.Runners;
using Writ.Proof.Addresses;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;
using Writ.Runner.Results;

namespace Writ.Runner.Runs;

/// <summary>
/// A run as the daemon follows it: from its order to the moment when the server holds its end and its whole recording.
/// Its state is on disk in its folder; this is only what the daemon remembers. Members are used under a lock on it.
/// </summary>
internal sealed class LiveRun(RunFolder folder, RunSpec? spec, ReceiptSigner signer) : IDisposable
{
    /// <summary>The most bytes of one message.</summary>
    private const int ChunkBytes = PackedBytes.MostUnpacked;
    /// <summary>The most bytes on their way to the server that it has not acknowledged.</summary>
    private const long Window = 8 << 20;
    private LocalSocket? _control;
    private SafeFileHandle? _recording;
    private byte[]? _chunk;
    private byte[]? _packed;
    private TerminalFeed? _typed;
    private bool _startedSent;
    private bool _endSent;
    private RefusedReport? _refusedSent;
    private long _resultsSent;
    private long _sent;
    private long _toldSupervisor;

    public RunFolder Folder { get; } = folder;
    public string Run => Folder.Run;
    public RunSpec? Spec { get; set; } = spec;

    /// <summary>Another specification of the same run, here and on the disk. It is called under the lock, so that none is lost.</summary>
    public void Keep(RunSpec spec)
    {
        Spec = spec;
        Durable.Write(Folder.Spec, JsonSerializer.SerializeToUtf8Bytes(spec, RunnerJson.Default.RunSpec), flush: false);
    }

    /// <summary>That of its order; null where it was taken up from the disk, and the server is told of it first.</summary>
    public string? Nonce { get; init; }
    /// <summary>Held while it lives.</summary>
    public ChildProcess? Supervisor { get; set; }
    public StartRecord? Started { get; set; }
    public EndRecord? End { get; set; }
    /// <summary>What its fence has refused so far.</summary>
    public RefusedReport? Refused { get; set; }
    /// <summary>What its tool has found so far.</summary>
    public ResultsReport? Results { get; set; }
    /// <summary>A kill that came, whether or not the supervisor could be told yet.</summary>
    public (Cause Cause, string Reason)? Kill { get; set; }
    /// <summary>The server knows no such run: nothing is told about it any more.</summary>
    public bool Forgotten { get; set; }
    /// <summary>The order was taken and is being started; there is no supervisor yet.</summary>
    public bool Starting { get; set; }
    /// <summary>The server holds the end.</summary>
    public bool EndAcknowledged { get; set; }
    /// <summary>The server holds the files that the run has written, or wants none of them.</summary>
    public bool HandedBack { get; set; }
    /// <summary>The server holds the recording up to here.</summary>
    public long Acknowledged { get; private set; }
    /// <summary>Where sending goes on is not known before the server's Welcome has told it.</summary>
    public bool Resumed { get; set; }

    /// <summary>Bytes of the recording so far.</summary>
    public long Spooled => End?.RecordingBytes ?? (Recording() is { } file ? RandomAccess.GetLength(file) : 0);

    /// <summary>What was typed at its terminal; null where it has none.</summary>
    public TerminalFeed? Typed(Action<FromRunner> tell) => _typed ??= Spec?.Terminal is null ? null
        : new(Folder, () => End is not null || Forgotten, offset => tell(new() { InputTaken = new() { Run = Run, Offset = offset } }));

    /// <summary>It has started: what was typed before goes on.</summary>
    public void GoOnTyping() => _typed?.Changed();

    /// <summary>True when nothing of it is needed any more.</summary>
    public bool IsDone => End is { } end
        && (Forgotten || (EndAcknowledged && Acknowledged >= end.RecordingBytes && (HandedBack || end.Outputs.Count == 0)));

    /// <summary>A new connection: the server says how much it holds.</summary>
    public void ResumeAt(long offset)
    {
        (_sent, _startedSent, _endSent, Resumed) = (offset, false, false, true);
        // What was lost on the way while it lives is in the next report; after its end there is none.
        if (End is not null)
            (_refusedSent, _resultsSent) = (null, 0);
        Acknowledge(offset);
    }

    /// <summary>The server holds the recording up to here; the supervisor is told in steps of a mebibyte.</summary>
    public void Acknowledge(long offset)
    {
        Acknowledged = Math.Max(Acknowledged, offset);
        if (End is null && Acknowledged - _toldSupervisor >= 1 << 20 && Tell(ControlMessage.Ack(Acknowledged)))
            _toldSupervisor = Acknowledged;
    }

    /// <summary>Sends a control message to the supervisor; false where it cannot be reached (yet, or any more).</summary>
    public bool Tell(string message)
    {
        _control ??= LocalSocket.Connect(Folder.Path, RunFolder.ControlName);
        if (_control is null)
            return false;
        if (_control.Send(message))
            return true;
        _control.Dispose();
        _control = null;
        return false;
    }

    /// <summary>What is to be told to the server next, or null for nothing now.</summary>
    /// <param name="packs">Whether the server takes output packed.</param>
    public FromRunner? Next(bool packs)
    {
        if (Forgotten || !Resumed)
            return null;
        if (!_startedSent && Started is { } started)
        {
            _startedSent = true;
            return new() { Started = ToMessage(started) };
        }

        if (Refused is { } refused && refused.At != _refusedSent?.At)
        {
            _refusedSent = refused;
            return new() { Drops = ToMessage(refused) };
        }

        if (Results is { } results && results.At > _resultsSent)
        {
            _resultsSent = results.At;
            return new() { Results = results.ToMessage(Run) };
        }

        var spooled = Spooled;
        var windowClosed = _sent - Acknowledged >= Window;
        if (_sent < spooled && !windowClosed && ReadChunk(spooled, packs) is { } chunk)
            return chunk;
        // The end waits for the output before it, but not for a server that cannot store: a kill is confirmed all the same.
        if (End is { } end && !_endSent)
        {
            _endSent = true;
            return new() { Ended = ToMessage(end) };
        }

        return null;
    }

    private FromRunner? ReadChunk(long spooled, bool packs)
    {
        if (Recording() is not { } file)
            return null;
        // Used again for the next chunk: one is asked for only when the one before it was written to the connection.
        _chunk ??= new byte[ChunkBytes];
        _packed ??= new byte[PackedBytes.Room(ChunkBytes)];
        var length = RandomAccess.Read(file, _chunk.AsSpan(0, (int)Math.Min(ChunkBytes, spooled - _sent)), _sent);
        if (length <= 0)
            return null;
        var output = new Output { Run = Run, Offset = _sent };
        if (packs && PackedBytes.TryPack(_chunk.AsSpan(0, length), _packed, out var packed))
            (output.Bytes, output.Unpacked) = (UnsafeByteOperations.UnsafeWrap(_packed.AsMemory(0, packed)), length);
        else
            output.Bytes = UnsafeByteOperations.UnsafeWrap(_chunk.AsMemory(0, length));
        _sent += length;
        return new() { Output = output };
    }

    private SafeFileHandle? Recording()
    {
        if (_recording is null && File.Exists(Folder.Recording))
            _recording = File.OpenHandle(Folder.Recording, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return _recording;
    }

    private Started ToMessage(StartRecord started) => new()
    {
        Run = Run,
        At = started.At,
        Argv = { started.Argv },
        ToolSha256 = started.ToolSha256,
        Sandbox = started.Sandbox,
        Fence = started.Fence,
        Sources = { (Spec?.Place?.Addresses() ?? []).Select(address => ByteString.CopyFrom(address.ToBytes())) },
        SharedSource = Spec?.Place?.IsShared == true,
        Secrets = { (Spec?.Secrets ?? []).Select(secret => new SecretUse { Name = secret.Name, Source = secret.Source }) },
    };

    private Drops ToMessage(RefusedReport refused) => new()
    {
        Run = Run,
        At = refused.At,
        Drops_ =
        {
            refused.Destinations.Where(entry => Address.TryParse(entry.Address, out _)).Select(entry => new Drop
            {
                Address = ByteString.CopyFrom((Address.TryParse(entry.Address, out var address) ? address : default).ToBytes()),
                Protocol = (uint)entry.Protocol,
                Port = (uint)entry.Port,
                Count = entry.Packets,
            }),
        },
        Uncounted = refused.Uncounted,
    };

    private Ended ToMessage(EndRecord end)
    {
        var message = new Ended
        {
            Run = Run,
            Cause = (EndCause)end.Cause,
            Detail = end.Detail,
            ExitCode = end.ExitCode,
            At = end.At,
            KillAt = end.KillAt,
            ProcessesLeft = end.ProcessesLeft,
            RecordingBytes = end.RecordingBytes,
            RecordingSha256 = ByteString.CopyFrom(Convert.FromHexString(end.RecordingSha256)),
            Deadline = end.Deadline,
            Cut = end.Cut ?? "",
            Outputs = { end.Outputs.Select(file => new OutputFile { Path = file.Path, Bytes = file.Bytes, Sha256 = file.Sha256, Cut = file.Cut }) },
        };
        if (signer.Sign(Folder, end) is { } signed)
        {
            message.Receipt = UnsafeByteOperations.UnsafeWrap(signed.Bytes);
            message.ReceiptSignature = UnsafeByteOperations.UnsafeWrap(signed.Signature);
            message.ReceiptKeyId = signed.KeyId;
        }

        if (end.ProcessesFound is { } found)
            message.ProcessesFound = found;
        if (end.Fence is { } fence)
        {
            message.LastPacketAt = fence.LastPacketAt;
            message.Fence = new()
            {
                Closed = fence.Closed,
                Passed = fence.Passed,
                PassedBytes = fence.PassedBytes,
                Refused = fence.Refused,
                Unlisted = fence.Unlisted,
                OverBudget = fence.OverBudget,
                DegradedAt = fence.DegradedAt,
                RefusedBytes = fence.RefusedBytes,
                Unrouted = fence.Unrouted,
                Late = fence.Late,
                LastPacketAt4 = fence.LastPacketAt4,
                LastPacketAt6 = fence.LastPacketAt6,
                Zones =
                {
                    fence.Zones.Select(zone => new Contracts.Runners.ZoneCount
                    {
                        Zone = zone.Zone, Passed = zone.Passed, PassedBytes = zone.PassedBytes, Dropped = zone.Dropped, DroppedBytes = zone.DroppedBytes,
                    }),
                },
                DroppedElsewhere = fence.DroppedElsewhere,
            };
            if (fence.HeldBack is { } heldBack)
                message.Fence.HeldBack = heldBack;
        }

        return message;
    }

    public void Dispose()
    {
        _control?.Dispose();
        _control = null;
        _recording?.Dispose();
        _recording = null;
        Supervisor?.Dispose();
        Supervisor = null;
    }
}
