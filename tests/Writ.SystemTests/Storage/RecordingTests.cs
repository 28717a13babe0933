using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Proof.Identity;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Step 7 of the lifecycle: pieces without gaps, acknowledged once they are durable, hashed as they grow.</summary>
public abstract class RecordingTests(StorageEngine engine) : StorageTest(engine)
{
    private RunnerId _runner;

    [Fact]
    public async Task Gaps_are_not_taken_and_overlaps_are_passed_over()
    {
        var world = await Create();
        var run = await Run(world);
        var store = world.Get<RecordingStore>();

        (await Append(store, run, 0, "0123")).ShouldBe(4);
        (await Append(store, run, 6, "gap")).ShouldBe(4);
        (await Append(store, run, 0, "0123")).ShouldBe(4);
        (await Append(store, run, 2, "2345")).ShouldBe(6);
        // Of several pieces at once, each follows what the ones before it left.
        (await store.Append(_runner, [new(run, 6, "67"u8.ToArray()), new(run, 9, "9"u8.ToArray()), new(run, 7, "789"u8.ToArray())]))[run].ShouldBe(10);
        (await store.Append(_runner, [new(RunId.New(world.Clock.GetUtcNow()), 0, "nobody's"u8.ToArray())])).ShouldBeEmpty();

        (await Read(store, run, 0)).ShouldBe("0123456789"u8.ToArray());
        (await Read(store, run, 5)).ShouldBe("56789"u8.ToArray());
        (await Read(store, run, 10)).ShouldBeEmpty();
        (await store.Seal(run, Cancel)).ShouldBe(SHA256.HashData("0123456789"u8));
    }

    [Fact]
    public async Task The_hash_is_the_same_after_a_restart_and_after_a_change_of_server()
    {
        var world = await Create();
        var other = await Beside(world);
        var run = await Run(world);
        var whole = new byte[300_000];
        new Random(7).NextBytes(whole);
        var offset = 0;
        for (var piece = 0; offset < whole.Length; piece++)
        {
            // The runner meets now this server and now that one: none of them saw the whole grow.
            var bytes = whole.AsMemory(offset, Math.Min(9_973, whole.Length - offset));
            offset = (int)(await (piece % 5 < 3 ? world : other).Get<RecordingStore>().Append(_runner, [new(run, offset, bytes)]))[run];
        }

        var restarted = await Beside(world);
        foreach (var server in new[] { world, other, restarted })
            (await server.Get<RecordingStore>().Seal(run, Cancel)).ShouldBe(SHA256.HashData(whole));
        (await Read(restarted.Get<RecordingStore>(), run, 0)).ShouldBe(whole);
        (await Read(restarted.Get<RecordingStore>(), run, 123_456)).ShouldBe(whole[123_456..]);
    }

    [Fact]
    public async Task Runner_appends_to_no_recording_of_another_runners_run()
    {
        var world = await Create();
        var run = await Run(world);
        var store = world.Get<RecordingStore>();
        var another = RunnerId.New(world.Clock.GetUtcNow());
        // Before there is anything, and where this server knows how much there is.
        (await store.Append(another, [new(run, 0, "forged"u8.ToArray())])).ShouldBeEmpty();
        (await Append(store, run, 0, "0123")).ShouldBe(4);
        (await store.Append(another, [new(run, 4, "forged"u8.ToArray())])).ShouldBeEmpty();
        (await Append(store, run, 4, "45")).ShouldBe(6);
        (await Read(store, run, 0)).ShouldBe("012345"u8.ToArray());
        (await store.Seal(run, Cancel)).ShouldBe(SHA256.HashData("012345"u8));
    }

    [Fact]
    public async Task What_another_server_has_appended_is_gone_on_from()
    {
        var world = await Create();
        var other = await Beside(world);
        var run = await Run(world);
        (await Append(world.Get<RecordingStore>(), run, 0, "0123")).ShouldBe(4);
        (await Append(other.Get<RecordingStore>(), run, 4, "45")).ShouldBe(6);
        // The first knows of four bytes: what follows the sixth is no gap.
        (await Append(world.Get<RecordingStore>(), run, 6, "67")).ShouldBe(8);
        (await Append(other.Get<RecordingStore>(), run, 4, "45678")).ShouldBe(9);
        (await Append(world.Get<RecordingStore>(), run, 2, "23")).ShouldBe(9);
        (await Read(other.Get<RecordingStore>(), run, 0)).ShouldBe("012345678"u8.ToArray());
        (await world.Get<RecordingStore>().Seal(run, Cancel)).ShouldBe(SHA256.HashData("012345678"u8));
    }

    [Fact]
    public async Task What_is_durable_never_becomes_less_by_an_old_piece_that_comes_late()
    {
        var world = await Create();
        var other = await Beside(world);
        var run = await Run(world);
        await Append(world.Get<RecordingStore>(), run, 0, "0123");
        var sizes = new List<long>();

        // The old connection says again and again what is there already, while the new one goes on.
        var again = Task.Run(async () =>
        {
            while (sizes.Count < 60)
                (await Append(other.Get<RecordingStore>(), run, 0, "0123")).ShouldBeGreaterThanOrEqualTo(4);
        }, Cancel);
        for (long size = 4; sizes.Count < 60;)
            sizes.Add(size = await Append(world.Get<RecordingStore>(), run, size, "4567"));
        await again;

        sizes.ShouldBe(Enumerable.Range(2, 60).Select(pieces => pieces * 4L));
        (await Read(other.Get<RecordingStore>(), run, 0)).Length.ShouldBe(61 * 4);
    }

    [Fact]
    public async Task The_same_pieces_through_two_servers_at_once_are_recorded_once()
    {
        var world = await Create();
        var other = await Beside(world);
        var run = await Run(world);
        var whole = new byte[64_000];
        new Random(8).NextBytes(whole);

        await Outcomes.AtOnce(4, async number =>
        {
            var store = (number % 2 == 0 ? world : other).Get<RecordingStore>();
            var tries = 0;
            for (long size = 0; size < whole.Length;)
            {
                (++tries).ShouldBeLessThan(1_000, $"nothing can be appended any more at {size}");
                try
                {
                    var from = (int)Math.Max(0, size - (number * 300));
                    size = (await store.Append(_runner, [new(run, from, whole.AsMemory(from, Math.Min(4_000 + number, whole.Length - from)))]))[run];
                }
                catch (DbUpdateException)
                {
                    // Another one was first with this piece; reports are tried again (RunReports).
                    size = await store.Size(run, Cancel);
                }
            }

            return 0;
        });

        (await Read(world.Get<RecordingStore>(), run, 0)).ShouldBe(whole);
        (await world.Get<RecordingStore>().Seal(run, Cancel)).ShouldBe(SHA256.HashData(whole));
        (await world.Read(db => db.RecordingPieces.Where(piece => piece.RunId == run).SumAsync(piece => (long)piece.Bytes.Length))).ShouldBe(whole.Length);
    }

    [Fact]
    public async Task Output_is_acknowledged_when_it_is_durable_and_the_end_carries_its_hash()
    {
        var world = await Create();
        var run = await Run(world);
        var id = run.ToString();
        world.Runner.SayStarted(id);
        world.Runner.Say(new() { Output = new() { Run = id, Offset = 0, Bytes = Google.Protobuf.ByteString.CopyFromUtf8("hello ") } });
        world.Runner.Say(new() { Output = new() { Run = id, Offset = 6, Bytes = Google.Protobuf.ByteString.CopyFromUtf8("world") } });
        await World.Eventually(() => Task.FromResult(world.Runner.Heard.Any(message => message.Ack?.Offset == 11)), "an acknowledgement");
        (await Read(world.Get<RecordingStore>(), run, 0)).ShouldBe("hello world"u8.ToArray());

        var ended = world.Runner.End(id, EndCause.Exited);
        ended.RecordingSha256 = Google.Protobuf.ByteString.CopyFrom(SHA256.HashData("hello world"u8));
        world.Runner.Say(new() { Ended = ended });
        await World.Eventually(() => Task.FromResult(world.Runner.EndAcks.Contains(id)), "the end is acknowledged");

        var hash = Convert.ToHexStringLower(SHA256.HashData("hello world"u8));
        (await world.Read(db => db.Runs.AsNoTracking().SingleAsync())).ShouldSatisfyAllConditions(
            row => row.RecordingBytes.ShouldBe(11), row => row.RecordingSha256.ShouldBe(hash));
        (await world.Entries(Writ.Core.Audit.AuditType.RunEnded)).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            entry => entry["recording_sha256"].ShouldBe(hash), entry => entry["recording_whole"].ShouldBe("True"));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_runner_that_comes_back_hears_where_each_recording_goes_on()
    {
        var world = await Create();
        var (here, gone, unheard) = (await Run(world), await Run(world), RunId.New(world.Clock.GetUtcNow()));
        await Append(world.Get<RecordingStore>(), here, 0, "abc");
        world.Clock.Advance(StartRun.StartWithin);

        var welcome = await world.Get<RunReports>().Welcome(world.Runner.Row.Id, new Hello
        {
            Runs = { new LiveRun { Run = here.ToString(), Spooled = 9 }, new LiveRun { Run = unheard.ToString() } },
        }, TimeSpan.FromSeconds(1), Cancel);

        welcome.Runs.Select(resume => (resume.Run, resume.Offset, resume.Unknown)).ShouldBe([(here.ToString(), 3, false), (unheard.ToString(), 0, true)]);
        (await world.Read(db => db.Runs.AsNoTracking().SingleAsync(row => row.Id == gone))).EndReason.ShouldBe(RunEndCause.RunnerLost);
        (await world.Read(db => db.Runs.AsNoTracking().SingleAsync(row => row.Id == here))).EndReason.ShouldBeNull();
        await world.ShouldBalance();
    }

    private async Task<RunId> Run(World world)
    {
        _runner = world.Runner.Row.Id;
        var holder = await world.Operator();
        return (await world.Start(holder, await world.Granted(holder))).ShouldBeOk().Id;
    }

    private async Task<long> Append(RecordingStore store, RunId run, long offset, string text) =>
        (await store.Append(_runner, [new(run, offset, System.Text.Encoding.ASCII.GetBytes(text))]))[run];

    private static async Task<byte[]> Read(RecordingStore store, RunId run, long from)
    {
        using var whole = new MemoryStream();
        await foreach (var bytes in store.Read(run, from, Cancel))
            whole.Write(bytes.Span);
        return whole.ToArray();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : RecordingTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : RecordingTests(engine);
}
