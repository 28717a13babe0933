using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using Google.Protobuf;
using Writ.Contracts.Runners;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>People who watch a run cost the server something, and its runner nothing.</summary>
public abstract class WatcherTests(StorageEngine engine) : StorageTest(engine)
{
    private const int Watchers = 50, Pieces = 12, Piece = 700;

    [Fact]
    public async Task Fifty_watchers_see_every_byte_through_cut_connections_and_the_runner_does_what_it_does_for_none()
    {
        var api = Keep(await Served.Of(await Create()));
        var (_, token) = await api.World.SignIn(new("ada", false, null, [], true, false, TimeSpan.FromHours(24)));

        var alone = await Play(api, token, 0);
        var watched = await Play(api, token, Watchers);

        alone[ToRunner.MessageOneofCase.Ack].ShouldBe(Pieces);
        watched.ShouldBe(alone, ignoreOrder: true);
    }

    /// <summary>A run from its order to its end; how many messages of each kind its runner got for it.</summary>
    private static async Task<Dictionary<ToRunner.MessageOneofCase, int>> Play(Served api, string token, int watchers)
    {
        var (world, runner) = (api.World, api.World.Runner);
        var @operator = await world.Operator($"olga-{watchers}");
        var grant = await world.Granted(@operator);
        var (before, orders) = (runner.Heard.Count, runner.Orders.Count());
        var run = (await world.Start(@operator, grant)).ShouldBeOk().Id.ToString();
        await World.Eventually(() => Task.FromResult(runner.Orders.Count() > orders), "the order");
        runner.SayStarted(run);
        var all = RandomNumberGenerator.GetBytes(Pieces * Piece);

        var watching = Enumerable.Range(0, watchers).Select(number => Watch(api, run, token, number % 2 == 0 ? int.MaxValue : 1 + (number * all.Length / watchers / 2))).ToArray();
        for (var offset = 0; offset < all.Length; offset += Piece)
        {
            runner.Say(new() { Output = new() { Run = run, Offset = offset, Bytes = ByteString.CopyFrom(all, offset, Piece) } });
            await World.Eventually(() => Task.FromResult(runner.Heard.Any(heard => heard.Ack is { } ack && ack.Run == run && ack.Offset == offset + Piece)), "the piece is kept");
        }

        var ended = runner.End(run, EndCause.Exited);
        (ended.RecordingBytes, ended.RecordingSha256) = (all.Length, ByteString.CopyFrom(SHA256.HashData(all)));
        runner.Say(new() { Ended = ended });
        await World.Eventually(() => Task.FromResult(runner.EndAcks.Contains(run)), "the end");
        foreach (var seen in await Task.WhenAll(watching).WaitAsync(TimeSpan.FromSeconds(30), Cancel))
            seen.ShouldBe(all);

        // The log's heads and the link's own beats come by the clock, whoever looks.
        return runner.Heard.Skip(before).Where(heard => heard.MessageCase is not (ToRunner.MessageOneofCase.Log or ToRunner.MessageOneofCase.Heartbeat))
            .GroupBy(heard => heard.MessageCase).ToDictionary(group => group.Key, group => group.Count());
    }

    /// <summary>All binary bytes until the end. After so many of them the connection breaks once, and goes on where it was.</summary>
    private static async Task<byte[]> Watch(Served api, string run, string token, int breakAfter)
    {
        using var seen = new MemoryStream();
        while (true)
        {
            using var socket = (await api.Open($"/v1/runs/{run}/attach?mode=watch&from={seen.Length}", token)).Socket.ShouldNotBeNull();
            while (true)
            {
                var (type, message) = await Receive(socket);
                if (type == WebSocketMessageType.Text && JsonDocument.Parse(message).RootElement.GetProperty("type").GetString() == "end")
                    return seen.ToArray();
                if (type == WebSocketMessageType.Close)
                    throw new InvalidOperationException($"closed after {seen.Length} bytes");
                if (type != WebSocketMessageType.Binary)
                    continue;
                seen.Write(message);
                if (seen.Length <= breakAfter)
                    continue;
                breakAfter = int.MaxValue;
                socket.Abort();
                break;
            }
        }
    }

    private static async Task<(WebSocketMessageType Type, byte[] Message)> Receive(WebSocket socket)
    {
        using var whole = new MemoryStream();
        var buffer = new byte[16_384];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), Cancel);
            whole.Write(buffer.AsSpan(0, received.Count));
            if (received.EndOfMessage)
                return (received.MessageType, whole.ToArray());
        }
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : WatcherTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : WatcherTests(engine);
}
