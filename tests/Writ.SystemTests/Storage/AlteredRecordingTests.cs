using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Proof.Recordings;
using Writ.Server.Audit;
using Writ.Server.Runs;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A recording as the log knows it: whoever changes it in the database is found out by whoever looks at it.</summary>
public abstract class AlteredRecordingTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly byte[] Text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 4_000).Select(number => $"{number}/tcp open\n")));
    private static readonly byte[] Whole = Recorded(Text);

    [Fact]
    public async Task Recording_that_came_packed_is_kept_so_and_read_as_it_was()
    {
        var (world, run, _) = await Ended();
        (await world.Read(db => db.RecordingPieces.AsNoTracking().OrderBy(piece => piece.Offset).ToListAsync())).ShouldSatisfyAllConditions(
            pieces => pieces.Sum(piece => piece.Unpacked).ShouldBe(Whole.Length),
            pieces => pieces.Sum(piece => piece.Bytes.Length).ShouldBeLessThan(Whole.Length / 2));
        foreach (var from in (int[])[0, 1, 40_000, Whole.Length - 1, Whole.Length])
            (await Read(await Beside(world), run, from)).ShouldBe(Whole[from..]);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task File_of_a_run_is_held_against_its_receipt_without_a_server()
    {
        var (world, run, token) = await Ended();
        var (recording, receipt, proof, other) = (Named(world, "scan.recording"), Named(world, "scan.receipt"), Named(world, "entry.tlog-proof"), Named(world, "other"));
        await using (var server = await world.Beside(Socket(world)))
        {
            await server.Serve();
            (await Type(world, token, "replay", run, "--raw", "-o", recording)).Code.ShouldBe(0);
            (await Type(world, token, "replay", run, "--raw", "-o", recording)).ShouldSatisfyAllConditions(said => said.Code.ShouldBe(1), said => said.Output.ShouldContain("exists already"));
            (await Type(world, token, "receipt", run, "-o", receipt)).Code.ShouldBe(0);
            (await Type(world, token, "audit", "prove", "1", "-o", proof)).Code.ShouldBe(0);
        }

        (await File.ReadAllBytesAsync(recording, Cancel)).ShouldBe(Whole);
        var key = world.Get<LogKeys>().Public[0].ToString();
        (await Type(world, token, "verify", receipt, "--key", key, "--file", recording)).ShouldSatisfyAllConditions(
            said => said.Code.ShouldBe(0, said.Output), said => said.Output.ShouldContain($"{recording}: the run's recording, byte for byte"));
        await File.WriteAllBytesAsync(other, Recorded([.. Text[..^2], (byte)'!', (byte)'\n']), Cancel);
        (await Type(world, token, "verify", receipt, "--key", key, "--file", recording, "--file", other)).ShouldSatisfyAllConditions(
            said => said.Code.ShouldBe(1), said => said.Output.ShouldContain($"{other} did not come of this run, or was changed since"));
        (await Type(world, token, "verify", proof, "--key", key, "--file", recording)).ShouldSatisfyAllConditions(
            said => said.Code.ShouldBe(2), said => said.Output.ShouldContain("--file goes with a receipt"));
    }

    [Fact]
    public async Task Recording_that_was_changed_in_the_database_is_not_taken_for_what_was_recorded()
    {
        var (world, run, token) = await Ended();
        await using var server = await world.Beside(Socket(world));
        await server.Serve();
        foreach (var look in (string[][])[["replay", run, "--speed", "100000"], ["replay", run, "--search", "open"], ["replay", run, "--raw"], ["watch", run]])
            (await Type(world, token, look)).Code.ShouldBe(0, string.Join(' ', look));

        // One letter, and packed anew: nothing of it is malformed.
        var altered = Whole.ToArray();
        altered[40_000] ^= 1;
        await Replace(world, altered, PackedBytes.MostUnpacked);
        await Found("is not what", "recorded");
        // Fewer bytes, and the very same size in the run's row.
        await world.Writes.Append(db => db.RecordingPieces.Where(piece => piece.Offset > 0).ExecuteDeleteAsync(Cancel));
        await Found("is not what", "recorded");
        // Bytes that are no recording at all.
        await Replace(world, [(byte)'X', .. Whole[1..]], PackedBytes.MostUnpacked);
        foreach (var look in (string[])["--speed=100000", "--search=open", "--asciicast"])
            (await Type(world, token, "replay", run, look)).ShouldSatisfyAllConditions(said => said.Code.ShouldBe(1), said => said.Output.ShouldContain($"what came is not what {run} recorded: the bytes are no recording"));
        (await Type(world, token, "watch", run)).ShouldSatisfyAllConditions(said => said.Code.ShouldBe(1), said => said.Output.ShouldContain("the bytes are no recording"));
        // Bytes that cannot be unpacked: in the first part, and in a later one.
        await Replace(world, Whole, 10_000);
        await world.Writes.Append(db => db.RecordingPieces.Where(piece => piece.Offset == 30_000).ExecuteUpdateAsync(set => set.SetProperty(piece => piece.Bytes, new byte[100]), Cancel));
        await Found($"the recording of {run} ");
        (await Type(world, token, "replay", run, "--raw")).Output.ShouldContain($"broke off after 30000 of {Whole.Length} bytes");
        (await Type(world, token, "watch", run)).Output.ShouldContain($"writ: the recording of {run} is damaged at byte 30000");
        await world.Writes.Append(db => db.RecordingPieces.ExecuteUpdateAsync(set => set.SetProperty(piece => piece.Unpacked, int.MaxValue), Cancel));
        (await Type(world, token, "watch", run)).Output.ShouldContain($"writ: the recording of {run} is damaged at byte 0");
        await Found($"the recording of {run} ");

        async Task Found(params string[] words)
        {
            foreach (var look in (string[][])[["replay", run, "--speed", "100000"], ["replay", run, "--search", "open"], ["replay", run, "--asciicast"], ["replay", run, "--raw"], ["watch", run]])
            {
                var (code, told) = await Type(world, token, look);
                (code, told.Contains("writ: ", StringComparison.Ordinal)).ShouldBe((1, true), $"{string.Join(' ', look)}: {told[^Math.Min(told.Length, 500)..]}");
                foreach (var word in words)
                    told.ShouldContain(word);
            }
        }
    }

    [Fact]
    public async Task Output_that_cannot_be_unpacked_ends_the_link_and_leaves_nothing()
    {
        var world = await Create();
        var @operator = await world.Operator();
        var run = (await world.Start(@operator, await world.Granted(@operator))).ShouldBeOk().Id.ToString();
        world.Runner.SayStarted(run);
        world.Runner.Say(new() { Output = new() { Run = run, Offset = 0, Bytes = ByteString.CopyFrom(Whole, 0, 600), Unpacked = 1_000 } });
        (await Should.ThrowAsync<Grpc.Core.RpcException>(() => world.Runner.Reading)).Status.ShouldSatisfyAllConditions(
            status => status.StatusCode.ShouldBe(Grpc.Core.StatusCode.InvalidArgument), status => status.Detail.ShouldContain($"output of {run} at 0"));
        (await world.Read(db => db.RecordingPieces.CountAsync())).ShouldBe(0);
    }

    /// <summary>A run whose recording came packed, and someone who may look at it.</summary>
    private async Task<(World World, string Run, string Token)> Ended()
    {
        var world = await Create();
        var (_, token) = await world.SignIn(new("ada", false, null, [], true, false, TimeSpan.FromHours(24)));
        var (dana, grant) = await world.Approved();
        var run = (await world.Start(dana, grant)).ShouldBeOk().Id.ToString();
        world.Runner.SayStarted(run);
        var room = new byte[PackedBytes.Room(PackedBytes.MostUnpacked)];
        for (var at = 0; at < Whole.Length; at += PackedBytes.MostUnpacked)
        {
            var part = Whole.AsSpan(at, Math.Min(PackedBytes.MostUnpacked, Whole.Length - at));
            PackedBytes.TryPack(part, room, out var length).ShouldBeTrue();
            world.Runner.Say(new() { Output = new() { Run = run, Offset = at, Bytes = ByteString.CopyFrom(room, 0, length), Unpacked = part.Length } });
        }

        await World.Eventually(() => Task.FromResult(world.Runner.Heard.Any(heard => heard.Ack?.Offset == Whole.Length)), "the recording is kept");
        var ended = world.Runner.End(run, EndCause.Exited);
        (ended.RecordingBytes, ended.RecordingSha256) = (Whole.Length, ByteString.CopyFrom(SHA256.HashData(Whole)));
        world.Runner.Say(new() { Ended = ended });
        await World.Eventually(() => Task.FromResult(world.Runner.EndAcks.Contains(run)), "the end is acknowledged");
        return (world, run, token);
    }

    private static async Task Replace(World world, byte[] whole, int part)
    {
        var run = await world.Read(db => db.Runs.Select(row => row.Id).SingleAsync());
        await world.Writes.Append(async db =>
        {
            await db.RecordingPieces.ExecuteDeleteAsync(Cancel);
            var room = new byte[PackedBytes.Room(part)];
            for (var at = 0; at < whole.Length; at += part)
            {
                var bytes = whole[at..Math.Min(at + part, whole.Length)];
                db.RecordingPieces.Add(PackedBytes.TryPack(bytes, room, out var length)
                    ? new() { RunId = run, Offset = at, Bytes = room[..length], Unpacked = bytes.Length }
                    : new() { RunId = run, Offset = at, Bytes = bytes });
            }
        });
    }

    private static byte[] Recorded(byte[] text)
    {
        using var recording = new MemoryStream();
        recording.Write(RecordingFormat.Magic);
        var head = new byte[RecordingFormat.HeadSize];
        for (var at = 0; at < text.Length; at += 8_000)
        {
            var part = text.AsSpan(at, Math.Min(8_000, text.Length - at));
            RecordingFormat.WriteHead(head, RecordingStream.Output, at, 1_795_356_000_000_000, part.Length);
            recording.Write(head);
            recording.Write(part);
        }

        return recording.ToArray();
    }

    private static async Task<byte[]> Read(World world, string run, long from)
    {
        using var whole = new MemoryStream();
        await foreach (var bytes in world.Get<RecordingStore>().Read(Writ.Proof.Identity.RunId.Parse(run), from, Cancel))
            whole.Write(bytes.Span);
        return whole.ToArray();
    }

    private static string Named(World world, string name) => Path.Combine(world.Folder, name);

    private static string Socket(World world) => Named(world, "api.sock");

    private static Task<(int Code, string Output)> Type(World world, string token, params string[] line) => TamperTests.Type(Socket(world), token, Named(world, "home"), line);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : AlteredRecordingTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : AlteredRecordingTests(engine);
}
