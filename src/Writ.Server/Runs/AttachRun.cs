using System.Data.Common;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Retention;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// A run's recording as it grows, over a WebSocket: binary messages are the recording's bytes from the offset asked for,
/// text messages tell the run's state and its end. With <c>mode=own</c> an attached run lives as long as its client: when
/// the client goes away the run is ended at once, unless it said <c>detach</c>.
/// </summary>
internal sealed class AttachRun(
    Database database, RequestAccess access, RecordingStore recordings, RunEnding ending, AttachedClients clients, DetachRun detach,
    RunnerHub hub, Changes changes, EvidenceViews views, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    /// <summary>A client whose connection broke takes up its run again for so long, also one that has ended meanwhile.</summary>
    private static readonly TimeSpan Resumable = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(10);

    public static void Map(IEndpointRouteBuilder routes) =>
        // Over HTTP/2, which browsers speak with TLS, a WebSocket is a CONNECT (RFC 8441).
        routes.MapMethods("/runs/{id}/attach", [HttpMethods.Get, HttpMethods.Connect], async (string id, long? from, string? mode, AttachRun verb, HttpContext context) =>
            await verb.Attach(context, id, from ?? 0, mode ?? "watch")).WithName("AttachRun").Needs(Access.SignedIn).ExcludeFromDescription().Evidence();

    public async Task<IResult> Attach(HttpContext context, string id, long from, string mode)
    {
        var caller = context.Caller();
        if (!context.WebSockets.IsWebSocketRequest || from < 0 || mode is not ("own" or "watch"))
            return new Refusal(ErrorCode.InvalidInput, "attach is a WebSocket with from=OFFSET and mode=own or mode=watch").ToHttp();
        RunRow run;
        await using (var db = database.Open())
        {
            var found = await ShowRuns.Find(db, access, caller, id);
            if (!found.IsOk)
                return found.Refusal.ToHttp();
            run = found.Value.Run;
            if (await Deletions.Of(db, run.Id, RetentionKind.Recordings, context.RequestAborted) is { } deleted)
                return deleted.ToHttp();
        }

        var own = mode == "own";
        if (own && run.ActorId != caller.Id)
            return new Refusal(ErrorCode.Forbidden, "only the one who started a run holds it", "watch it instead: writ watch " + id).ToHttp();
        // The run itself is the record of who was shown its output while they held it; every other look is one of its own.
        if (run.ActorId != caller.Id || !(RunStates.Live.Contains(run.State) || (own && time.GetUtcNow() - run.EndedAt < Resumable)))
            await ReadRecording.Record(views, caller, run);

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var held = own && !run.Detached ? clients.Hold(run.Id) : null;
        using var connection = new Attached(socket, run, caller);
        using var terminal = own && RunOrder.HasTerminal(run.OrderBytes) ? new HeldTerminal(hub, run, connection.Taken) : null;
        connection.Terminal = terminal;
        var listening = Listen(connection, gone);
        var ended = false;
        string? damage = null;
        try
        {
            ended = await Follow(connection, from, gone.Token);
        }
        catch (OperationCanceledException)
        {
            // The client went, or this server stops.
        }
        catch (WebSocketException)
        {
            // The client went in the middle of a message.
        }
        catch (InvalidDataException damaged)
        {
            damage = damaged.Message;
        }

        if (!ended && held is not null && !connection.Detached && !connection.BeginsAgain && !lifetime.ApplicationStopping.IsCancellationRequested && await IsLive(run))
            await ending.End([run], RunEndCause.ClientGone, "the client went away", caller.Audit, caller.SourceAddress);
        // The client closes once it has read the end. Letting go of the socket before would reset the connection, and what is
        // still on its way would be lost.
        if (ended || damage is not null)
            await Farewell(connection, damage, listening, gone.Token);
        await gone.CancelAsync();
        await listening;
        return Results.Empty;
    }

    /// <summary>Sends what is durable until the run has ended and all of it is sent; true then.</summary>
    private async Task<bool> Follow(Attached connection, long from, CancellationToken cancel)
    {
        var id = connection.Run.Id;
        var (shown, deadline, reported, told) = ((string?)null, connection.Run.Deadline, 0L, DateTimeOffset.MinValue);
        while (true)
        {
            // The order matters: the wake-up is taken before the state is read, and the state before the bytes, so that after a
            // final state nothing can be missing.
            var next = changes.Next(id.ToString());
            RunView view;
            long newest;
            RunResultsView? results;
            await using (var db = database.Open())
            {
                var found = await ShowRuns.Find(db, access, connection.Caller, id.ToString());
                if (!found.IsOk)
                    return true;
                view = (await RunViews.Load(db, [found.Value.Run], cancel))[0];
                newest = await FenceViews.Newest(db, found.Value.Run, cancel);
                if (newest > reported || view.EndedAt is not null)
                    view = view with { Fence = (await FenceViews.Load(db, found.Value.Run, cancel)).Fence };
                results = await RunResults.Load(db, id, told, withHosts: true, cancel);
            }

            var final = view.EndedAt is not null;
            if (!final && view.State != shown)
                await connection.Send(new AttachMessage("state", view), cancel);
            if (!final && newest > reported)
                await connection.Send(new AttachMessage("out-of-scope", view), cancel);
            if (!final && view.Deadline != deadline)
                await connection.Send(new AttachMessage("deadline", view), cancel);
            (shown, deadline, reported) = (view.State, view.Deadline, newest);
            var grown = recordings.Grown(id);
            from = await Pass(connection, from, cancel);
            if (connection.Terminal is { IsBroken: true })
            {
                connection.BeginsAgain = true;
                return false;
            }

            if (results is not null)
            {
                told = results.At;
                await connection.Send(new AttachMessage("results", Results: results), cancel);
            }

            if (final)
            {
                await connection.Send(new AttachMessage("end", view), cancel);
                return true;
            }

            // While nothing but its output grows, that is all that is read.
            var other = Task.WhenAny(next, Task.Delay(Look, time, cancel));
            while (await Task.WhenAny(other, grown) == grown)
            {
                grown = recordings.Grown(id);
                from = await Pass(connection, from, cancel);
            }

            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Sends what is durable from this offset on; where it ends.</summary>
    private async Task<long> Pass(Attached connection, long from, CancellationToken cancel)
    {
        await foreach (var bytes in recordings.Read(connection.Run.Id, from, cancel))
        {
            await connection.Send(bytes, cancel);
            from += bytes.Length;
        }

        return from;
    }

    private async Task Farewell(Attached connection, string? damage, Task listening, CancellationToken cancel)
    {
        try
        {
            await connection.Close(damage is null ? WebSocketCloseStatus.NormalClosure : WebSocketCloseStatus.InternalServerError, damage, cancel);
            await Task.WhenAny(listening, Task.Delay(LongestFarewell, time, cancel));
        }
        catch (Exception left) when (left is OperationCanceledException or WebSocketException)
        {
            // It was quicker.
        }
    }

    /// <summary>A client that goes because its run has ended ends nothing. Where that cannot be known, the run is ended.</summary>
    private async Task<bool> IsLive(RunRow run)
    {
        try
        {
            await using var db = database.Open();
            return await db.Runs.AnyAsync(row => row.Id == run.Id && RunStates.Live.Contains(row.State));
        }
        catch (DbException)
        {
            return true;
        }
    }

    /// <summary>Hears what the client says, and that it goes.</summary>
    private async Task Listen(Attached connection, CancellationTokenSource gone)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (!gone.IsCancellationRequested)
            {
                var received = await connection.Socket.ReceiveAsync(buffer.AsMemory(), gone.Token);
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                if (received.MessageType != WebSocketMessageType.Text || !received.EndOfMessage)
                    continue;
                if (Read(buffer.AsSpan(0, received.Count)) is not { } message)
                    continue;
                if (message.Type == "detach")
                {
                    await detach.Detach(connection.Run, connection.Caller);
                    connection.Detached = true;
                }
                else if (message.Type == "type" && connection.Terminal?.Type(message.Offset, message.Bytes ?? []) == false)
                {
                    connection.BeginsAgain = true;
                    break;
                }
                else if (message.Type == "resize")
                {
                    connection.Terminal?.Resize(message.Columns, message.Rows);
                }
                else if (message.Type == "kill" && connection.Run.ActorId == connection.Caller.Id)
                {
                    var reason = string.IsNullOrWhiteSpace(message.Reason) ? $"killed by {connection.Caller.Name}" : $"killed by {connection.Caller.Name}: {message.Reason}";
                    await ending.End([connection.Run], RunEndCause.Killed, reason, connection.Caller.Audit, connection.Caller.SourceAddress);
                }
            }
        }
        catch (Exception left) when (left is OperationCanceledException or WebSocketException)
        {
            // Gone, one way or the other.
        }

        await gone.CancelAsync();
    }

    private static AttachMessage? Read(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, WritJson.Default.AttachMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed class Attached(WebSocket socket, RunRow run, Caller caller) : IDisposable
    {
        private readonly SemaphoreSlim _sending = new(1);
        private long _taken;
        private int _telling;
        public WebSocket Socket => socket;
        public RunRow Run => run;
        public Caller Caller => caller;
        public volatile bool Detached;
        /// <summary>The client is to come back: its run goes on.</summary>
        public volatile bool BeginsAgain;
        public HeldTerminal? Terminal;

        public Task Send(ReadOnlyMemory<byte> bytes, CancellationToken cancel) => Send(bytes, WebSocketMessageType.Binary, cancel);

        public Task Send(AttachMessage message, CancellationToken cancel) =>
            Send(JsonSerializer.SerializeToUtf8Bytes(message, WritJson.Default.AttachMessage), WebSocketMessageType.Text, cancel);

        private async Task Send(ReadOnlyMemory<byte> bytes, WebSocketMessageType type, CancellationToken cancel)
        {
            await _sending.WaitAsync(cancel);
            try
            {
                await socket.SendAsync(bytes, type, endOfMessage: true, cancel);
            }
            finally
            {
                _sending.Release();
            }
        }

        /// <summary>Tells the client, without waiting for it: what comes meanwhile is told together.</summary>
        public void Taken(long offset)
        {
            Interlocked.Exchange(ref _taken, offset);
            if (Interlocked.Exchange(ref _telling, 1) == 0)
                _ = TellTaken();
        }

        private async Task TellTaken()
        {
            var told = -1L;
            try
            {
                do
                {
                    while (Interlocked.Read(ref _taken) is var taken && taken != told)
                    {
                        await Send(new AttachMessage("typed", Offset: taken), CancellationToken.None);
                        told = taken;
                    }

                    Interlocked.Exchange(ref _telling, 0);
                }
                while (Interlocked.Read(ref _taken) != told && Interlocked.Exchange(ref _telling, 1) == 0);
            }
            catch (Exception left) when (left is WebSocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
            {
                // Its next connection begins at what it knows.
            }
        }

        public async Task Close(WebSocketCloseStatus status, string? why, CancellationToken cancel)
        {
            await _sending.WaitAsync(cancel);
            try
            {
                await socket.CloseOutputAsync(status, why, cancel);
            }
            finally
            {
                _sending.Release();
            }
        }

        public void Dispose() => _sending.Dispose();
    }
}
