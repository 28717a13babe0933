using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Heads, tiles and proofs over what was committed; and when nothing more is signed.</summary>
public abstract class LogTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Head_and_tiles_follow_from_the_entries_alone()
    {
        var world = await Create();
        await Record(world, 700);
        var head = await Integrated(world);

        await using var db = world.Open();
        var entries = await db.AuditEntries.OrderBy(row => row.Position).Select(row => row.Bytes).ToListAsync(Cancel);
        head.Head.Size.ShouldBe(entries.Count);
        var edge = new TreeEdge();
        var full = new Dictionary<Tile, IReadOnlyList<LogHash>>();
        foreach (var entry in entries)
            edge.Append(LogHash.OfLeaf(entry), (tile, hashes) => full.Add(tile, hashes));
        edge.Root().ShouldBe(head.Head.Root);
        foreach (var (tile, hashes) in full.Select(tile => (tile.Key, tile.Value)).Concat(edge.Partial()))
        {
            var stored = (await TileStore.Read(db, tile, Cancel)).ShouldNotBeNull(tile.Path);
            stored.ShouldBe([.. hashes.SelectMany(hash => hash.ToArray())]);
            // A narrower one that was published before goes on being served.
            (await TileStore.Read(db, tile with { Width = 1 }, Cancel)).ShouldBe(stored[..LogHash.Bytes]);
        }

        EntryBundle.Read((await LogReader.Bundle(db, new(Tile.Entries, 1, 256), Cancel))!, 256)!.ShouldBe(entries[256..512]);
        (await LogReader.Bundle(db, new(Tile.Entries, entries.Count / 256, 256), Cancel)).ShouldBeNull();

        // Each head that was signed is the root of as many entries, and follows the one before.
        var heads = await db.LogHeads.OrderBy(row => row.Size).ToListAsync(Cancel);
        heads.Select(row => row.Follows).ShouldBe([0, .. heads.SkipLast(1).Select(row => row.Size)]);
        var tree = TileStore.Tree(db, head.Head.Size, Cancel);
        foreach (var row in heads)
        {
            var opened = Checkpoint.Open(row.Note, world.Get<LogKeys>().Public).ShouldBeOk();
            opened.Head.ShouldBe(new(world.Get<LogKeys>().Origin, row.Size, new(row.Root)));
            (await tree.Root(row.Size)).ShouldBe(opened.Head.Root);
            MerkleProof.IsConsistent(row.Size, head.Head.Size, opened.Head.Root, head.Head.Root, await tree.Consistency(row.Size, head.Head.Size)).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Two_servers_that_integrate_at_once_sign_one_line_of_heads()
    {
        var world = await Create();
        var other = await Beside(world);
        await Outcomes.AtOnce(16, async writer =>
        {
            for (var round = 0; round < TestScale.Times(5); round++)
            {
                await Record(writer % 2 == 0 ? world : other, 1);
                await (writer % 2 == 0 ? other : world).Get<Sequencer>().Integrate(Cancel);
            }

            return 0;
        });
        var (mine, theirs) = (await Integrated(world), await Integrated(other));
        mine.Head.ShouldBe(theirs.Head);
        var heads = await world.Read(db => db.LogHeads.OrderBy(row => row.Size).ToListAsync());
        heads.Select(row => row.Follows).ShouldBe([0, .. heads.SkipLast(1).Select(row => row.Size)]);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Second_head_on_the_same_head_cannot_be_stored()
    {
        var world = await Create();
        var head = await Integrated(world);
        var fork = new LogHeadRow { Size = head.Head.Size + 7, Follows = head.Head.Size, Root = new byte[32], Note = "", SignedAt = world.Clock.GetUtcNow() };
        await Record(world, 1);
        await Integrated(world);
        await Should.ThrowAsync<DbUpdateException>(() => world.Writes.Append(db =>
        {
            db.LogHeads.Add(fork);
            return Task.CompletedTask;
        }));
    }

    [Fact]
    public async Task Reader_whom_another_overtook_halts_nothing()
    {
        var world = await Create();
        await Integrated(world);
        LogHeadRow? early;
        await using (var db = world.Open())
            early = await LogReader.Newest(db, Cancel);
        await Record(world, 3);
        var published = await Integrated(world);
        early.ShouldNotBeNull().Size.ShouldBeLessThan(published.Head.Size);
        await using (var db = world.Open())
            await world.Get<PublishedHead>().MustFollow(db, early, Cancel);
        world.Get<PublishedHead>().IsHalted.ShouldBeFalse();
    }

    [Fact]
    public async Task Database_that_was_rolled_back_signs_nothing_until_it_leads_to_what_was_published()
    {
        var world = await Create();
        await Record(world, 3);
        var old = await Integrated(world);
        await Record(world, 3);
        var lost = await Saved(world, old.Head.Size);
        var published = await Integrated(world);

        // The control: another server without the memory of this one would fork the log.
        await RollBack(world, old.Head.Size);
        var restarted = Keep(await world.Beside());
        await Record(restarted, 1);
        var heads = await world.Read(db => db.LogHeads.CountAsync());
        (await Should.ThrowAsync<LogHaltedException>(() => restarted.Get<Sequencer>().Integrate(Cancel))).Message.ShouldContain($"{published.Head.Size} were published");
        await Should.ThrowAsync<LogHaltedException>(() => restarted.Get<PublishedHead>().Publish(Cancel));
        restarted.Get<PublishedHead>().IsHalted.ShouldBeTrue();
        (await world.Read(db => db.LogHeads.CountAsync())).ShouldBe(heads);
        (await world.Read(db => db.AuditEntries.CountAsync(row => row.Position == null))).ShouldBe(1, "recorded, and not placed");

        // The right copy comes back: it goes on.
        await world.Writes.Append(db => Restore(db, lost));
        await restarted.Get<Sequencer>().Integrate(Cancel);
        (await Integrated(restarted)).Head.Size.ShouldBe(published.Head.Size + 1);
        restarted.Get<PublishedHead>().IsHalted.ShouldBeFalse();
    }

    [Fact]
    public async Task Rolled_back_database_without_the_memory_of_its_head_forks_its_log()
    {
        // What the file in the data folder is for.
        var world = await Create();
        var old = await Integrated(world);
        await Record(world, 3);
        var published = await Integrated(world);
        await RollBack(world, old.Head.Size);
        File.Delete(Path.Combine(PublishedHead.FolderOf(world.Folder), "head"));
        var restarted = Keep(await world.Beside());
        await Record(restarted, 3, "another");
        var fork = await Integrated(restarted);
        fork.Head.Size.ShouldBe(published.Head.Size);
        fork.Head.Root.ShouldNotBe(published.Head.Root);
        // Somebody else's memory is as good: nothing more is signed once it is heard of.
        (await restarted.Get<PublishedHead>().Heard("no checkpoint", Cancel)).ShouldBeFalse();
        await Should.ThrowAsync<LogHaltedException>(() => restarted.Get<PublishedHead>().Heard(published.Note.ToString(), Cancel));
    }

    [Fact]
    public async Task Larger_head_that_others_saw_halts_a_log_that_does_not_lead_there()
    {
        var world = await Create();
        var old = await Integrated(world);
        await Record(world, 3);
        var published = await Integrated(world);
        await RollBack(world, old.Head.Size);
        File.Delete(Path.Combine(PublishedHead.FolderOf(world.Folder), "head"));
        var restarted = Keep(await world.Beside());
        (await restarted.Get<PublishedHead>().Heard(published.Note.ToString(), Cancel)).ShouldBeTrue();
        await Record(restarted, 1);
        await Should.ThrowAsync<LogHaltedException>(() => restarted.Get<Sequencer>().Integrate(Cancel));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Log_that_a_runner_saw_otherwise_is_halted_and_its_word_is_on_the_record(int recorded)
    {
        var world = await Create();
        var old = await Integrated(world);
        await Record(world, 3);
        var seen = await Integrated(world);
        await RollBack(world, old.Head.Size);
        File.Delete(Path.Combine(PublishedHead.FolderOf(world.Folder), "head"));
        // Another story, shorter than the runner's or longer.
        await Record(world, recorded, "another");
        var restarted = Keep(await world.Beside());
        var forged = await Integrated(restarted);

        restarted.Runner.Say(new() { Contradiction = new() { Why = "the log contradicts itself", Seen = seen.Note.ToString(), Shown = forged.Note.ToString() } });
        await World.Eventually(async () => await restarted.Read(db => db.AuditEntries.AnyAsync(row => row.Type == AuditType.LogContradicted)), "nothing is recorded");
        await World.Eventually(async () =>
        {
            await restarted.Get<Sequencer>().Integrate(Cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            return restarted.Get<PublishedHead>().IsHalted;
        }, "the log goes on");
    }

    [Fact]
    public async Task Changed_tile_halts_the_log_before_anything_wrong_is_signed()
    {
        var world = await Create();
        await Record(world, 2);
        var head = await Integrated(world);
        await world.Writes.Append(async db =>
        {
            var row = await db.LogTiles.SingleAsync(row => row.Level == 0 && row.Index == 0);
            row.Hashes = [.. row.Hashes.Select((value, at) => at == 40 ? (byte)(value ^ 1) : value)];
        });
        await Record(world, 1);
        (await Should.ThrowAsync<LogHaltedException>(() => world.Get<Sequencer>().Integrate(Cancel))).Message.ShouldContain("root");
        world.Get<Sequencer>().IsHalted.ShouldBeTrue("a server that signs nothing more is not ready");
        (await world.Read(db => db.LogHeads.MaxAsync(row => row.Size))).ShouldBe(head.Head.Size);
        var restarted = await Beside(world);
        await Should.ThrowAsync<LogHaltedException>(() => restarted.Get<PublishedHead>().Publish(Cancel));
    }

    [Fact]
    public async Task Head_that_cannot_be_kept_is_shown_to_nobody_until_it_can()
    {
        var world = await Create();
        await Record(world, 1);
        var folder = PublishedHead.FolderOf(world.Folder);
        await File.WriteAllTextAsync(folder, "in the way", Cancel);
        await world.Get<Sequencer>().Integrate(Cancel);
        await Should.ThrowAsync<HeadNotKeptException>(() => world.Get<PublishedHead>().Publish(Cancel));
        await Should.ThrowAsync<HeadNotKeptException>(() => world.Get<RunnerHeads>().Since(0, Cancel));
        world.Get<PublishedHead>().IsHalted.ShouldBeFalse("nothing contradicts anything");

        File.Delete(folder);
        (await world.Get<RunnerHeads>().Since(0, Cancel)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Key_that_is_replaced_signs_beside_the_new_one_and_then_no_more()
    {
        var world = await Create();
        var first = world.Get<LogKeys>().Public[0];
        await Integrated(world);
        var folder = Path.Combine(world.Folder, "keys");
        var second = LogKeys.Add(folder);

        var between = Keep(await world.Beside());
        await Record(between, 1);
        var both = await Integrated(between);
        both.Note.Signers([first, second]).ShouldBeOk().ShouldBe([second, first], ignoreOrder: true);

        PublishedHead.IsSignedBy(PublishedHead.FolderOf(world.Folder), first).ShouldBeTrue();
        PublishedHead.IsSignedBy(PublishedHead.FolderOf(world.Folder), second).ShouldBeTrue("only then may the old one be dropped");
        LogKeys.DropOld(folder).ShouldBe([first]);
        var after = Keep(await world.Beside());
        await Record(after, 1);
        var alone = await Integrated(after);
        alone.Note.Signers([first, second]).ShouldBeOk().ShouldBe([second]);
        Checkpoint.Open(alone.Note.ToString(), [first]).IsOk.ShouldBeFalse();

        // Whoever comes later knows the new key alone; the log itself names the one that signed its older heads.
        var socket = Path.Combine(world.Folder, "api.sock");
        var token = (await after.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Token;
        await Record(after, 1, log => log["log_key"] = first.ToString());
        await Integrated(after);
        var later = Keep(await world.Beside(socket));
        await later.Serve();
        var (code, told) = await TamperTests.Type(socket, token, Path.Combine(world.Folder, "home"), "audit", "verify");
        code.ShouldBe(0, told);
        (File.GetUnixFileMode(Path.Combine(folder, "log.keys")) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)).ShouldBe(UnixFileMode.None);
    }

    private static async Task Record(World world, int entries, Action<System.Text.Json.Nodes.JsonObject> change) => (await world.Writes.Commit<bool>(scope =>
    {
        for (var i = 0; i < entries; i++)
        {
            var fields = new System.Text.Json.Nodes.JsonObject();
            change(fields);
            scope.Record(new(AuditType.LogKeyAdded, AuditActor.System, null, fields));
        }

        return Task.FromResult<Writ.Proof.Errors.Result<bool>>(true);
    })).ShouldBeOk();

    private static async Task Record(World world, int entries, string name = "entry")
    {
        for (var left = entries; left > 0; left -= 100)
        {
            (await world.Writes.Commit<bool>(scope =>
            {
                for (var i = 0; i < Math.Min(100, left); i++)
                    scope.Record(new(AuditType.ActorChanged, AuditActor.System, null, new() { ["name"] = $"{name} {left - i}" }));
                return Task.FromResult<Writ.Proof.Errors.Result<bool>>(true);
            })).ShouldBeOk();
        }
    }

    private static async Task<SignedCheckpoint> Integrated(World world)
    {
        await world.Get<Sequencer>().Integrate(Cancel);
        return (await world.Get<PublishedHead>().Publish(Cancel)).ShouldNotBeNull();
    }

    /// <summary>What a copy of the database at a size had: entries, tiles and heads.</summary>
    private static async Task RollBack(World world, long size) => await world.Writes.Append(async db =>
    {
        await db.AuditEntries.Where(row => row.Position >= size || row.Position == null).ExecuteDeleteAsync();
        await db.LogHeads.Where(row => row.Size > size).ExecuteDeleteAsync();
        foreach (var row in await db.LogTiles.ToListAsync())
        {
            var width = (int)Math.Clamp(Tile.CountAt(row.Level, size) - (row.Index * Tile.Full), 0, Tile.Full);
            if (width == 0)
                db.LogTiles.Remove(row);
            else
                row.Hashes = row.Hashes[..Math.Min(row.Hashes.Length, width * LogHash.Bytes)];
        }
    });

    private static async Task<Snapshot> Saved(World world, long from)
    {
        await world.Get<Sequencer>().Integrate(Cancel);
        await using var db = world.Open();
        return new(
            await db.AuditEntries.AsNoTracking().Where(row => row.Position >= from).ToListAsync(Cancel),
            await db.LogTiles.AsNoTracking().ToListAsync(Cancel),
            await db.LogHeads.AsNoTracking().Where(row => row.Size > from).ToListAsync(Cancel));
    }

    private static async Task Restore(WritDb db, Snapshot saved)
    {
        db.AuditEntries.AddRange(saved.Entries.Select(row => new AuditRow
        {
            Position = row.Position, Time = row.Time, Type = row.Type, ActorId = row.ActorId, Correlation = row.Correlation, Bytes = row.Bytes,
        }));
        await db.LogTiles.ExecuteDeleteAsync();
        db.LogTiles.AddRange(saved.Tiles);
        db.LogHeads.AddRange(saved.Heads);
    }

    private sealed record Snapshot(List<AuditRow> Entries, List<LogTileRow> Tiles, List<LogHeadRow> Heads);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : LogTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : LogTests(engine);
}
