using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Writ.Cli.Output;
using Writ.Cli.Server;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.Proof.Recordings;

namespace Writ.Cli.Runs;

/// <summary>Opens the WebSocket of a run at a byte of its recording.</summary>
internal delegate Task<WebSocket> Attach(long from, CancellationToken cancel);

/// <summary>Asks how a run stands; null when nobody answers.</summary>
internal delegate Task<RunView?> AskRun(CancellationToken cancel);

/// <summary>
/// Follows one run: the recording's bytes come in, the tool's bytes go out, each on its own stream. After a lost
/// connection it goes on at the very byte where it stopped, so nothing is missing and nothing comes twice. Silent is one whose standard
/// output has something else to say.
/// </summary>
internal sealed class Attachment(Attach attach, AskRun ask, Terminal terminal, TimeProvider time, ProgressLine? progress = null, bool isOwn = false, bool silent = false, Keyboard? keyboard = null) : IDisposable
{
    /// <summary>How long contact may be lost; after it the runner has killed the run.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private const int LargestMessage = 4 << 20;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    // A connection that lasted this long was a good one, even if the tool was silent.
    private static readonly TimeSpan GoodAfter = TimeSpan.FromSeconds(5);

    private readonly RecordingReader _reader = new();
    private readonly OutOfScope _outOfScope = new();
    private readonly RecordingDigest? _digest = isOwn ? null : new();
    private readonly SemaphoreSlim _sending = new(1);
    private ScreenModes? _modes;
    private WebSocket? _socket;
    private RunResultsView? _results;
    private DateTimeOffset? _deadline;

    /// <summary>Told when the run's deadline has moved, also while the connection was lost.</summary>
    public Action<DateTimeOffset>? Moved { get; init; }

    /// <summary>How many bytes of the recording were received: where a new connection begins.</summary>
    public long Offset { get; private set; }

    /// <summary>
    /// Follows until the end. 1. Connect at the offset. 2. Pass on what comes. 3. On a lost connection ask whether the run
    /// is over and all of it was received; else wait a little longer each time, and connect again. 4. Give up when contact
    /// was lost for the whole window.
    /// </summary>
    /// <returns>The run as it ended, or null when contact was lost for good.</returns>
    /// <exception cref="AttachRefusedException">The server does not let us.</exception>
    /// <exception cref="OutputClosedException">Nobody reads standard output.</exception>
    /// <exception cref="InvalidDataException">What came is no recording.</exception>
    public async Task<RunView?> FollowAsync(CancellationToken cancel)
    {
        var lost = time.GetTimestamp();
        var pause = FirstPause;
        // Who started the run was signed in, and who was not refused before was too.
        var wasSignedIn = isOwn;
        while (true)
        {
            var signedOut = false;
            var connected = (long?)null;
            var before = Offset;
            try
            {
                using var socket = _socket = await attach(Offset, cancel); // 1
                connected = time.GetTimestamp();
                if (await ReceiveAsync(socket, cancel) is { } end) // 2
                    return end;
            }
            catch (Exception error) when (error is WebSocketException or HttpRequestException || (error is IOException and not OutputClosedException))
            {
                // Lost; told below.
            }
            catch (AttachRefusedException refused) when (refused.MayReturn && wasSignedIn)
            {
                // The run is not over because a sign-in is: a new one takes it up.
                signedOut = true;
            }
            finally
            {
                _socket = null;
            }

            wasSignedIn = true;

            if (Offset > before || (connected is { } since && time.GetElapsedTime(since) >= GoodAfter))
            {
                lost = time.GetTimestamp();
                pause = FirstPause;
            }

            if (await ask(cancel) is { EndedAt: not null } over && over.RecordingBytes <= Offset) // 3
                return over;
            if (time.GetElapsedTime(lost) + pause > Window) // 4
                return null;
            terminal.Status(signedOut ? "writ: signed out and cut off; in another terminal: writ login" : "writ: connection lost, trying again");
            await Task.Delay(pause, time, cancel);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>Takes the progress line away for good.</summary>
    public void HideProgress() => progress?.Stop();

    /// <summary>Asks for the run's end over the connection that is open; false when there is none.</summary>
    public async Task<bool> TryKillAsync(string reason, CancellationToken cancel)
    {
        if (_socket is not { State: WebSocketState.Open } socket)
            return false;
        try
        {
            var message = new AttachMessage("kill", Reason: reason);
            await SendAsync(socket, message, cancel);
            return true;
        }
        catch (Exception error) when (error is WebSocketException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            return false;
        }
    }

    /// <summary>Holds what came of somebody's run, from its first byte on, against what it recorded.</summary>
    /// <exception cref="Stop">It is something else.</exception>
    public void Hold(RunView run) => _digest?.Hold(run);

    public void Dispose()
    {
        _sending.Dispose();
        _digest?.Dispose();
    }

    /// <summary>Sets the terminal back, as far as the tool has left it changed.</summary>
    public void LeaveScreen()
    {
        if (_modes?.Undo() is not { Length: > 0 } undo)
            return;
        try
        {
            terminal.Output.Write(Encoding.ASCII.GetBytes(undo));
        }
        catch (OutputClosedException)
        {
            // There is no terminal any more.
        }
    }

    private async Task SendAsync(WebSocket socket, AttachMessage message, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message, WritJson.Default.AttachMessage), WebSocketMessageType.Text, true, cancel);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task<RunView?> ReceiveAsync(WebSocket socket, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task? typing = null;
        try
        {
            return await ReceiveAsync(socket, () => typing ??= keyboard?.SendAsync(message => SendAsync(socket, message, over.Token), over.Token), cancel);
        }
        finally
        {
            await over.CancelAsync();
            // A connection that takes nothing any more gives nothing either; that is what tells.
            if (typing is not null)
                await typing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<RunView?> ReceiveAsync(WebSocket socket, Action runs, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        using var text = new MemoryStream();
        try
        {
            while (true)
            {
                var received = await NextAsync(socket, buffer, cancel);
                switch (received.MessageType)
                {
                    case WebSocketMessageType.Binary:
                        Take(buffer.AsSpan(0, received.Count));
                        break;

                    case WebSocketMessageType.Text:
                        if (text.Length + received.Count > LargestMessage)
                            throw new InvalidDataException("a message of the server is too large");
                        text.Write(buffer, 0, received.Count);
                        if (!received.EndOfMessage)
                            break;
                        var message = Read(text);
                        text.SetLength(0);
                        if (message is { Type: "end", Run: { } run })
                            return run with { Results = _results };
                        if (message is { Type: "state", Run.State: "starting" or "running" })
                            runs();
                        if (message is { Type: "state" or "deadline", Run: { } now })
                        {
                            if (_deadline is { } before && now.Deadline != before)
                                Moved?.Invoke(now.Deadline);
                            _deadline = now.Deadline;
                        }

                        if (message is { Type: "typed" })
                            keyboard?.Taken(message.Offset);
                        if (message is { Type: "out-of-scope", Run.Fence: { } fence })
                            _outOfScope.Tell(terminal, fence);
                        if (message is { Type: "results", Results: { } results })
                        {
                            _results = results;
                            progress?.Take(results);
                        }

                        break;

                    // The server itself cannot go on: what it holds is damaged, and trying again brings nothing else.
                    case WebSocketMessageType.Close when socket is { CloseStatus: WebSocketCloseStatus.InternalServerError, CloseStatusDescription: { Length: > 0 } why }:
                        throw new InvalidDataException(Printable.Line(why));

                    case WebSocketMessageType.Close:
                        return null;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The next piece; while it is awaited, the progress line goes on.</summary>
    private async Task<ValueWebSocketReceiveResult> NextAsync(WebSocket socket, byte[] buffer, CancellationToken cancel)
    {
        var receive = socket.ReceiveAsync(buffer.AsMemory(), cancel).AsTask();
        while (progress is { IsLive: true } && !receive.IsCompleted)
        {
            if (await Task.WhenAny(receive, Task.Delay(ProgressLine.Tick, time, cancel)) != receive)
                progress.Draw();
        }

        return await receive;
    }

    private static AttachMessage? Read(MemoryStream text)
    {
        try
        {
            return JsonSerializer.Deserialize(text.GetBuffer().AsSpan(0, (int)text.Length), WritJson.Default.AttachMessage);
        }
        catch (JsonException)
        {
            throw new InvalidDataException("a message of the server cannot be read");
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        Offset += bytes.Length;
        _digest?.Add(bytes);
        _reader.Append(bytes);
        terminal.ClearStatus();
        while (_reader.TryRead(out var frame))
        {
            switch (frame.Stream)
            {
                case RecordingStream.Output when silent:
                    break;
                case RecordingStream.Output:
                    terminal.Output.Write(frame.Bytes.Span);
                    _modes?.Take(frame.Bytes.Span);
                    if (terminal.OutputIsTerminal)
                        progress?.Passed(frame.Bytes.Span);
                    break;
                case RecordingStream.Error:
                    terminal.PassError(frame.Bytes.Span);
                    progress?.Passed(frame.Bytes.Span);
                    break;
                case RecordingStream.Marker:
                    LeaveScreen();
                    terminal.Remark($"writ: {Printable.Line(Encoding.UTF8.GetString(frame.Bytes.Span))}");
                    break;
                case RecordingStream.Resize:
                    // A tool with a terminal may change whatever there is about it.
                    _modes ??= terminal.OutputIsTerminal ? new() : null;
                    break;
                case RecordingStream.None:
                case RecordingStream.Status:
                    break;
            }
        }

        progress?.Draw();
    }
}
