using System.Net.WebSockets;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.Proof.Recordings;

namespace Writ.Tests.Cli.Runs;

public class AttachmentTests
{
    private static readonly Gen<(byte Stream, byte[] Bytes)[]> Frames =
        Gen.Select(Gen.Byte[1, 3], Gen.Byte.Array[0, 300]).Array[0, 12];

    /// <summary>Whatever the pieces, and wherever the connection breaks: every byte once, on its own stream.</summary>
    [Fact]
    public async Task FollowAsync_any_split_and_any_cut_is_byte_exact() =>
        await Gen.Select(Frames, Gen.Int[1, 200], Gen.Int[0, 3000].Array[0, 4]).SampleAsync(async (frames, piece, cuts) =>
        {
            var recording = new FakeRecording();
            foreach (var (stream, bytes) in frames)
                recording.Add((RecordingStream)stream, bytes);
            var whole = recording.Bytes;
            var asked = new List<long>();
            using var output = new MemoryStream();
            using var error = new MemoryStream();
            var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.Zero };
            var attachment = new Attachment(
                (from, _) =>
                {
                    var cut = asked.Count < cuts.Length ? cuts[asked.Count] : int.MaxValue;
                    asked.Add(from);
                    return Task.FromResult<WebSocket>(new ScriptedSocket(whole[(int)from..], piece, cut));
                },
                Unknown, new Terminal(output, error, Stream.Null), time);

            var end = await Drive(attachment, time);

            end!.ExitCode.ShouldBe(7);
            output.ToArray().ShouldBe(Concat(frames, 1));
            error.ToArray().ShouldBe(Concat(frames, 2));
            attachment.Offset.ShouldBe(whole.Length);
            asked.ShouldBe(asked.Order());
        }, iter: 300, threads: 1);

    [Fact]
    public async Task FollowAsync_lost_for_the_whole_window_gives_up()
    {
        var time = new FakeTimeProvider();
        var tries = 0;
        var attachment = new Attachment((_, _) =>
        {
            tries++;
            throw new WebSocketException("no");
        }, Unknown, Quiet(), time);
        var begun = time.GetTimestamp();

        (await Drive(attachment, time)).ShouldBeNull();

        time.GetElapsedTime(begun).ShouldBeInRange(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(70));
        tries.ShouldBeInRange(20, 60);
    }

    /// <summary>The last message was lost with its connection, but the API knows the end: it counts once every byte is here.</summary>
    [Fact]
    public async Task FollowAsync_lost_end_is_asked_for_once_all_was_received()
    {
        var whole = FakeRecording.Of("hello");
        var tries = 0;
        using var output = new MemoryStream();
        var attachment = new Attachment(
            (from, _) => Task.FromResult<WebSocket>(new ScriptedSocket(whole[(int)from..], 50, ++tries == 1 ? whole.Length - 2 : 2)),
            _ => Task.FromResult<RunView?>(Samples.Exited(7) with { RecordingBytes = whole.Length }),
            new Terminal(output, Stream.Null, Stream.Null), TimeProvider.System);

        (await attachment.FollowAsync(CancellationToken.None))!.ExitCode.ShouldBe(7);

        tries.ShouldBe(2);
        output.ToArray().ShouldBe("hello"u8.ToArray());
    }

    [Fact]
    public async Task FollowAsync_no_recording_throws()
    {
        var attachment = new Attachment((_, _) => Task.FromResult<WebSocket>(new ScriptedSocket(new byte[100], 50, int.MaxValue)), Unknown, Quiet(), TimeProvider.System);
        await Should.ThrowAsync<InvalidDataException>(() => attachment.FollowAsync(CancellationToken.None));
    }

    [Fact]
    public async Task FollowAsync_closed_output_throws_and_does_not_reconnect()
    {
        var tries = 0;
        var attachment = new Attachment((_, _) =>
        {
            tries++;
            return Task.FromResult<WebSocket>(new ScriptedSocket(FakeRecording.Of("hello"), 50, int.MaxValue));
        }, Unknown, new Terminal(new ClosedStream(), Stream.Null, Stream.Null), TimeProvider.System);

        await Should.ThrowAsync<OutputClosedException>(() => attachment.FollowAsync(CancellationToken.None));
        tries.ShouldBe(1);
    }

    private static async Task<RunView?> Drive(Attachment attachment, FakeTimeProvider time)
    {
        var follow = attachment.FollowAsync(CancellationToken.None);
        while (!follow.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        return await follow;
    }

    private static Task<RunView?> Unknown(CancellationToken cancel) => Task.FromResult<RunView?>(null);

    private static Terminal Quiet() => new(Stream.Null, Stream.Null, Stream.Null);

    private static byte[] Concat((byte Stream, byte[] Bytes)[] frames, byte stream) =>
        [.. frames.Where(frame => frame.Stream == stream).SelectMany(frame => frame.Bytes)];

    /// <summary>Nobody reads it.</summary>
    internal sealed class ClosedStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new OutputClosedException();
    }

    /// <summary>Sends bytes in pieces, breaks after so many of them, and ends with the run's end otherwise.</summary>
    private sealed class ScriptedSocket(byte[] bytes, int piece, int cut) : WebSocket
    {
        private readonly byte[] _end = JsonSerializer.SerializeToUtf8Bytes(new AttachMessage("end", Samples.Exited(7)), WritJson.Default.AttachMessage);
        private int _sent;
        private int _endSent;

        public override WebSocketCloseStatus? CloseStatus => null;
        public override string? CloseStatusDescription => null;
        public override WebSocketState State => WebSocketState.Open;
        public override string? SubProtocol => null;

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
        {
            if (_sent >= cut)
                throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely);
            var count = Math.Min(Math.Min(piece, buffer.Count), Math.Min(bytes.Length, cut) - _sent);
            if (count > 0)
            {
                bytes.AsSpan(_sent, count).CopyTo(buffer);
                _sent += count;
                return Task.FromResult(new WebSocketReceiveResult(count, WebSocketMessageType.Binary, _sent % 3 == 0));
            }

            count = Math.Min(piece, _end.Length - _endSent);
            _end.AsSpan(_endSent, count).CopyTo(buffer);
            _endSent += count;
            return Task.FromResult(new WebSocketReceiveResult(count, WebSocketMessageType.Text, _endSent == _end.Length));
        }

        public override void Abort() { }
        public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => Task.CompletedTask;
        public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => Task.CompletedTask;
        public override void Dispose() { }
        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
