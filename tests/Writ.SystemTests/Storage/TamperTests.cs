using System.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Cli;
using Writ.Cli.Output;
using Writ.Core.Audit;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// Somebody who can write the database changes it underneath, in one way after the other; <c>writ audit verify</c>, as an
/// auditor types it, finds each, and says nothing of a log that is whole.
/// </summary>
public abstract class TamperTests(StorageEngine engine) : StorageTest(engine)
{
    private const int Entries = 12;

    /// <summary>What is done, and what must be said of it.</summary>
    private static readonly (string Way, string Said, Func<WritDb, LogKeys, Task> Do)[] Ways =
    [
        ("edit the first entry", "edited: entry 0 ", (db, _) => Edit(db, 0)),
        ("edit an entry in the middle", "edited: entry 5 ", (db, _) => Edit(db, 5)),
        ("edit the newest entry", "edited: entry 11 ", (db, _) => Edit(db, 11)),
        ("edit two entries", "edited: entry 7 ", async (db, _) => { await Edit(db, 2); await Edit(db, 7); }),
        ("write an entry anew with the same meaning", "edited: entry 4 ", (db, _) => Change(db, 4, row => [.. row.Bytes[..1], (byte)' ', .. row.Bytes[1..]])),
        ("replace an entry by nothing", "edited: entry 6 ", (db, _) => Change(db, 6, _ => [])),
        ("remove the first entry", "removed: entry 0,", (db, _) => Delete(db, 0)),
        ("remove an entry and leave a gap", "removed: entry 5,", (db, _) => Delete(db, 5)),
        ("remove an entry and close the gap", "removed: entry 5,", async (db, _) => { await Delete(db, 5); await Shift(db, 6, -1); }),
        ("remove three entries and close the gap", "removed: entry 4,", async (db, _) => { await Delete(db, 3, 4, 5); await Shift(db, 6, -3); }),
        ("cut off the newest entry", "truncated: all entries from 11 on", (db, _) => Delete(db, 11)),
        ("cut off the newest four", "truncated: all entries from 8 on", (db, _) => Delete(db, 8, 9, 10, 11)),
        ("insert an entry in the middle", "inserted: entry 5 was never signed", async (db, _) => { await Shift(db, 5, 1); Insert(db, 5, "inserted"); }),
        ("append an entry past the sequencer", "inserted: entry 12 was never signed", (db, _) => { Insert(db, 12, "inserted"); return Task.CompletedTask; }),
        ("repeat an entry", "inserted: entry", async (db, _) => { await Shift(db, 5, 1); await Copy(db, 4, 5); }),
        ("swap two neighbours", "reordered: entry 3 ", (db, _) => Swap(db, 3, 4)),
        ("swap the ends", "reordered: entry 0 ", (db, _) => Swap(db, 0, 11)),
        ("replace an entry by a copy of another", "edited: entry 9 ", async (db, _) => { var other = await At(db, 2); await Change(db, 9, _ => other.Bytes); }),
        ("keep an entry under another request", "mislabelled: entry 8 ", (db, _) => db.AuditEntries.Where(row => row.Position == 8).ExecuteUpdateAsync(set => set.SetProperty(row => row.Type, "runner.lost"))),
        ("edit an entry and its hash in the tile", "rehashed:", async (db, _) => { await Edit(db, 5); await Rehash(db, 5); }),
        ("change a hash in the tile alone", "tiles: the entries are those that were signed", (db, _) => Rehash(db, 5, breakIt: true)),
        ("put another head in place of the newest", "its signature does not hold", (db, _) => db.LogHeads.Where(row => row.Size == Entries).ExecuteUpdateAsync(set => set.SetProperty(row => row.Note, row => row.Note.Replace($"\n{Entries}\n", "\n13\n")))),
        ("roll everything back to an older head", "truncated: this computer saw 12 entries", (db, _) => RollBack(db, 8)),
        ("edit an entry and sign the whole log anew with its own key", "forked: the log signed two different stories of its first 12 entries", async (db, keys) => { await Edit(db, 5); await SignAnew(db, keys); }),
    ];

    [Fact]
    public async Task Every_way_to_change_the_log_underneath_is_found_and_named()
    {
        var world = await Create();
        var token = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Token;
        for (var entries = await world.Read(db => db.AuditEntries.CountAsync()); entries < Entries - 1; entries++)
        {
            // A head every few entries, so that it can be told since when something is wrong.
            if (entries % 4 == 0)
                await world.Get<Sequencer>().Integrate(Cancel);
            (await world.Writes.Commit<bool>(scope =>
            {
                scope.Record(new(AuditType.ActorChanged, AuditActor.System, null, new() { ["name"] = $"{entries}" }));
                return Task.FromResult<Writ.Proof.Errors.Result<bool>>(true);
            })).ShouldBeOk();
        }

        await world.Get<Sequencer>().Integrate(Cancel);
        var home = Directory.CreateDirectory(Path.Combine(world.Folder, "home")).FullName;
        var socket = Path.Combine(world.Folder, "api.sock");
        var server = Keep(await world.Beside(socket));
        await server.Serve();
        // To look at the log is an entry of it, the newest here; further looks are counted until the minute is over.
        (await Verify(socket, token, home)).Code.ShouldBe(ExitCode.Ok);
        await world.Get<Sequencer>().Integrate(Cancel);
        var whole = await Saved(world);
        var (first, told) = await Verify(socket, token, home);
        first.ShouldBe(ExitCode.Ok, told);
        told.ShouldStartWith($"verified: {Entries} entries");

        Ways.Length.ShouldBeGreaterThanOrEqualTo(20);
        foreach (var (way, said, change) in Ways)
        {
            await world.Writes.Append(db => change(db, world.Get<LogKeys>()));
            var (code, output) = await Verify(socket, token, home);
            code.ShouldBe(ExitCode.Failed, $"{way}\n{output}");
            output.ShouldContain(said, Case.Sensitive, way);

            // Put back, it is whole again.
            await world.Writes.Append(db => Restore(db, whole));
            (code, output) = await Verify(socket, token, home);
            code.ShouldBe(ExitCode.Ok, $"{way}, put back\n{output}");
        }
    }

    [Fact]
    public async Task Client_that_saw_more_than_the_log_has_says_so_at_the_next_contact()
    {
        var world = await Create();
        var (socket, home) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"));
        var token = (await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(24)))).Token;
        await world.Get<Sequencer>().Integrate(Cancel);
        var before = await world.Read(db => db.LogHeads.MaxAsync(row => row.Size));
        await using (var server = await world.Beside(socket))
        {
            await server.Serve();
            await world.Admin("another");
            await world.Get<Sequencer>().Integrate(Cancel);
            var (code, output) = await Type(socket, token, home, "whoami");
            code.ShouldBe(ExitCode.Ok, output);
        }

        // What the client knows lies where only its user reads it.
        var known = Directory.GetFiles(Path.Combine(home, ".local/state/writ/logs")).Single(path => !Path.HasExtension(path));
        File.GetUnixFileMode(known).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        // The database, the head beside it, everything that the server has goes back in time.
        await world.Writes.Append(db => RollBack(db, before));
        File.Delete(Path.Combine(PublishedHead.FolderOf(world.Folder), "head"));
        await using (var server = await world.Beside(socket))
        {
            await server.Serve();
            var (code, output) = await Type(socket, token, home, "whoami");
            code.ShouldBe(ExitCode.Failed, output);
            output.ShouldContain("its tail was cut off");
            output.ShouldContain("are evidence");
        }

        // The control: a client that never saw it has nothing to say.
        await using (var server = await world.Beside(socket))
        {
            await server.Serve();
            (await Type(socket, token, Path.Combine(world.Folder, "elsewhere"), "whoami")).Code.ShouldBe(ExitCode.Ok);
        }
    }

    private static Task<(int Code, string Output)> Verify(string socket, string token, string home) => Type(socket, token, home, "audit", "verify");

    /// <summary>What somebody types, and what they are told.</summary>
    internal static async Task<(int Code, string Output)> Type(string socket, string token, string home, params string[] line)
    {
        using var output = new MemoryStream();
        var environment = new Dictionary<string, string> { ["WRIT_SERVER"] = $"unix://{socket}", ["WRIT_TOKEN"] = token, ["HOME"] = home };
        using var context = new CliContext(
            new Terminal(output, output, Stream.Null), environment.GetValueOrDefault, TimeProvider.System, () => new Interruption(_ => { }));
        var code = await CommandTree.InvokeAsync(context, line);
        return (code, Encoding.UTF8.GetString(output.ToArray()));
    }

    private static async Task<(List<AuditRow> Entries, List<LogTileRow> Tiles, List<LogHeadRow> Heads)> Saved(World world)
    {
        await using var db = world.Open();
        return (await db.AuditEntries.AsNoTracking().OrderBy(row => row.Id).ToListAsync(Cancel), await db.LogTiles.AsNoTracking().ToListAsync(Cancel), await db.LogHeads.AsNoTracking().ToListAsync(Cancel));
    }

    private static async Task Restore(WritDb db, (List<AuditRow> Entries, List<LogTileRow> Tiles, List<LogHeadRow> Heads) saved)
    {
        await db.AuditEntries.ExecuteDeleteAsync();
        await db.LogTiles.ExecuteDeleteAsync();
        await db.LogHeads.ExecuteDeleteAsync();
        db.AuditEntries.AddRange(saved.Entries);
        db.LogTiles.AddRange(saved.Tiles);
        db.LogHeads.AddRange(saved.Heads);
    }

    private static Task<AuditRow> At(WritDb db, long position) => db.AuditEntries.AsNoTracking().SingleAsync(row => row.Position == position);

    private static async Task Change(WritDb db, long position, Func<AuditRow, byte[]> change)
    {
        var bytes = change(await At(db, position));
        await db.AuditEntries.Where(row => row.Position == position).ExecuteUpdateAsync(set => set.SetProperty(row => row.Bytes, bytes));
    }

    private static Task Edit(WritDb db, long position) =>
        Change(db, position, row => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(row.Bytes).Replace("\"actor\":{", "\"actor\":{\"id\":\"act_mallory\",", StringComparison.Ordinal)));

    private static async Task Delete(WritDb db, params long[] positions) => await db.AuditEntries.Where(row => positions.Contains(row.Position!.Value)).ExecuteDeleteAsync();

    private static async Task Shift(WritDb db, long from, long by)
    {
        // Twice, since positions are unique at every moment.
        await db.AuditEntries.Where(row => row.Position >= from).ExecuteUpdateAsync(set => set.SetProperty(row => row.Position, row => row.Position + 1000));
        await db.AuditEntries.Where(row => row.Position >= 1000).ExecuteUpdateAsync(set => set.SetProperty(row => row.Position, row => row.Position - 1000 + by));
    }

    private static void Insert(WritDb db, long position, string name)
    {
        var time = new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
        db.AuditEntries.Add(new() { Position = position, Time = time, Type = AuditType.ActorChanged, Bytes = new AuditEvent(AuditType.ActorChanged, AuditActor.System, null, new() { ["name"] = name }).ToBytes(time) });
    }

    private static async Task Copy(WritDb db, long from, long to)
    {
        var row = await At(db, from);
        db.AuditEntries.Add(new() { Position = to, Time = row.Time, Type = row.Type, ActorId = row.ActorId, Correlation = row.Correlation, Bytes = row.Bytes });
    }

    private static async Task Swap(WritDb db, long one, long other)
    {
        var (first, second) = (await At(db, one), await At(db, other));
        await db.AuditEntries.Where(row => row.Id == first.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Position, 1000));
        await db.AuditEntries.Where(row => row.Id == second.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Position, one));
        await db.AuditEntries.Where(row => row.Id == first.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Position, other));
    }

    private static async Task Rehash(WritDb db, int position, bool breakIt = false)
    {
        var hash = LogHash.OfLeaf((await At(db, position)).Bytes).ToArray();
        if (breakIt)
            hash[0] ^= 1;
        var tile = await db.LogTiles.AsNoTracking().SingleAsync(row => row.Level == 0);
        hash.CopyTo(tile.Hashes, position * LogHash.Bytes);
        await db.LogTiles.Where(row => row.Level == 0).ExecuteUpdateAsync(set => set.SetProperty(row => row.Hashes, tile.Hashes));
    }

    internal static async Task RollBack(WritDb db, long size)
    {
        await db.AuditEntries.Where(row => row.Position >= size).ExecuteDeleteAsync();
        await db.LogHeads.Where(row => row.Size > size).ExecuteDeleteAsync();
        var tile = await db.LogTiles.AsNoTracking().SingleAsync(row => row.Level == 0);
        var hashes = tile.Hashes[..(int)(size * LogHash.Bytes)];
        await db.LogTiles.Where(row => row.Level == 0).ExecuteUpdateAsync(set => set.SetProperty(row => row.Hashes, hashes));
    }

    /// <summary>What whoever has the key too can do: tiles and heads that belong to what they wrote.</summary>
    internal static async Task SignAnew(WritDb db, LogKeys keys)
    {
        var entries = await db.AuditEntries.AsNoTracking().Where(row => row.Position != null).OrderBy(row => row.Position).ToListAsync();
        var heads = await db.LogHeads.AsNoTracking().OrderBy(row => row.Size).ToListAsync();
        await db.LogTiles.ExecuteDeleteAsync();
        await db.LogHeads.ExecuteDeleteAsync();
        var tiles = await TileStore.Open(db, 0, default);
        foreach (var entry in entries)
        {
            tiles.Append(LogHash.OfLeaf(entry.Bytes));
            if (heads.Find(row => row.Size == tiles.Edge.Size) is not { } head)
                continue;
            var checkpoint = new Checkpoint(keys.Origin, head.Size, tiles.Edge.Root());
            db.LogHeads.Add(new() { Size = head.Size, Follows = head.Follows, Root = checkpoint.Root.ToArray(), Note = keys.Sign(checkpoint, head.SignedAt).ToString(), SignedAt = head.SignedAt });
        }

        tiles.Store();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : TamperTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : TamperTests(engine);
}
