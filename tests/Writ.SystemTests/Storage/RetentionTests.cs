using System.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Files;
using Writ.Server.Retention;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Evidence is kept for ever, or for as long as an admin has said; what goes says so, and its digest stays.</summary>
public abstract class RetentionTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly byte[] Xml = Encoding.UTF8.GetBytes(
        "<nmaprun version=\"7.93\"><host><status state=\"up\"/><address addr=\"10.20.0.5\"/><ports><port protocol=\"tcp\" portid=\"80\"><state state=\"open\"/></port></ports></host></nmaprun>");

    [Fact]
    public async Task Nothing_is_deleted_unless_somebody_has_said_so()
    {
        var (world, _, run) = await Old();
        world.Clock.Advance(TimeSpan.FromDays(10_000));
        await world.Get<ApplyRetention>().Once(Cancel);
        (await world.Read(db => db.RecordingPieces.CountAsync(piece => piece.RunId == run.Id))).ShouldBe(200);
        (await world.Read(db => db.ResultPorts.CountAsync())).ShouldBe(1);
        (await world.Read(db => db.Files.CountAsync(file => file.DeletedAt == null))).ShouldBe(1);
        (await world.Entries(AuditType.RetentionApplied)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Only_admins_set_it_and_each_change_is_an_entry()
    {
        var world = await Create();
        var (ada, olga, verb) = (await world.Admin(), await world.Operator(), world.Get<SetRetention>());
        (await verb.Show(Cancel)).Items.ShouldAllBe(row => row.KeepSeconds == null);
        (await verb.Set(olga, RetentionKind.Recordings, TimeSpan.FromDays(30))).Refusal.Code.ShouldBe(ErrorCode.Forbidden);
        (await verb.Set(ada, "everything", TimeSpan.FromDays(30))).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);
        (await verb.Set(ada, RetentionKind.Recordings, TimeSpan.FromHours(23))).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);
        (await verb.Set(ada, RetentionKind.Recordings, TimeSpan.FromDays(30))).ShouldBeOk();
        (await verb.Set(ada, RetentionKind.Recordings, TimeSpan.FromDays(60))).ShouldBeOk();
        (await verb.Show(Cancel)).Items.Select(row => row.KeepSeconds).ShouldBe([60 * 86_400, null, null]);
        (await verb.Set(ada, RetentionKind.Recordings, null)).ShouldBeOk();
        (await world.Entries(AuditType.RetentionSet)).Select(entry => (entry["kind"], entry["old_keep"], entry["keep"])).ShouldBe(
            [("recordings", null, "2592000"), ("recordings", "2592000", "5184000"), ("recordings", "5184000", null)]);
    }

    [Fact]
    public async Task What_is_past_its_retention_goes_and_its_digest_and_proofs_stay()
    {
        var (world, olga, run) = await Old();
        var verb = world.Get<SetRetention>();
        foreach (var kind in RetentionKind.All)
            (await verb.Set(await world.Admin(), kind, TimeSpan.FromDays(30))).ShouldBeOk();
        var digest = run.RecordingSha256.ShouldNotBeNull();

        // Not a moment before, and not what is younger.
        world.Clock.Advance(TimeSpan.FromDays(29.9));
        await world.Get<ApplyRetention>().Once(Cancel);
        (await world.Read(db => db.Deletions.CountAsync())).ShouldBe(0);
        var young = await Recorded(world, olga);
        world.Clock.Advance(TimeSpan.FromDays(0.2));
        await world.Get<ApplyRetention>().Once(Cancel);
        await world.Get<ApplyRetention>().Once(Cancel);

        (await world.Read(db => db.RecordingPieces.Select(piece => piece.RunId).Distinct().ToListAsync())).ShouldBe([young.Id]);
        (await world.Read(db => db.ResultHosts.Select(host => host.RunId).Distinct().ToListAsync())).ShouldBe([young.Id]);
        (await world.Read(db => db.ResultPorts.Select(port => port.RunId).Distinct().ToListAsync())).ShouldBe([young.Id]);
        (await world.Read(db => db.Deletions.CountAsync(row => row.Done))).ShouldBe(2);
        var applied = await world.Entries(AuditType.RetentionApplied);
        applied.Select(entry => (entry["kind"], entry["run"], entry["keep"])).ShouldBe([("recordings", run.Id.ToString(), "2592000"), ("results", run.Id.ToString(), "2592000")], ignoreOrder: true);
        applied.Single(entry => entry["kind"] == "recordings")["sha256"].ShouldBe(digest);
        applied.Single(entry => entry["kind"] == "results")["sha256"].ShouldBe(KeptFiles.Digest(Xml));

        // What is asked for says what became of it; what proves the run still does.
        var (socket, home, file) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"), Path.Combine(world.Folder, "old.receipt"));
        await using var server = await world.Beside(socket);
        await server.Serve();
        var (_, fresh) = await world.SignIn(new("ada", false, null, [], true, false, TimeSpan.FromDays(1)));
        foreach (var asked in (string[][])[["replay", run.Id.ToString()], ["results", run.Id.ToString()], ["results", run.Id.ToString(), "--format", "xml"], ["diff", run.Id.ToString(), young.Id.ToString()]])
        {
            var (code, told) = await TamperTests.Type(socket, fresh, home, asked);
            code.ShouldBe(1, told);
            told.ShouldContain("deleted at ");
            told.ShouldContain("their retention was 30 days");
        }

        (await TamperTests.Type(socket, fresh, home, "watch", run.Id.ToString())).ShouldSatisfyAllConditions(
            watched => watched.Code.ShouldBe(1), watched => watched.Output.ShouldContain("was deleted"));
        (await TamperTests.Type(socket, fresh, home, "results", young.Id.ToString())).Code.ShouldBe(0);
        (await TamperTests.Type(socket, fresh, home, "receipt", run.Id.ToString(), "-o", file)).Code.ShouldBe(0);
        var (verified, story) = await TamperTests.Type(socket, fresh, home, "verify", file);
        verified.ShouldBe(0, story);
        story.ShouldContain("retention.applied");
        (await TamperTests.Type(socket, fresh, home, "audit", "verify")).Code.ShouldBe(0);
        (await TamperTests.Type(socket, fresh, home, "retention")).Output.ShouldContain("recordings  30d");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Deletion_that_breaks_off_has_its_entry_and_is_taken_up_again()
    {
        var (world, olga, run) = await Old();
        foreach (var kind in (string[])[RetentionKind.Recordings, RetentionKind.Results])
            (await world.Get<SetRetention>().Set(await world.Admin(), kind, TimeSpan.FromDays(1))).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromDays(2));

        // The server dies between the entry and the first byte: nobody is shown any of it all the same.
        await world.Get<ApplyRetention>().Mark(Cancel);
        (await world.Entries(AuditType.RetentionApplied)).Count.ShouldBe(2);
        (await world.Read(db => db.RecordingPieces.CountAsync())).ShouldBe(200);
        (await world.Get<ShowResults>().Show(olga, run.Id.ToString(), Cancel)).Refusal.Code.ShouldBe(ErrorCode.Deleted);

        // In the middle of the bytes, too.
        await world.Writes.Append(db => db.RecordingPieces.Where(piece => piece.Offset < 500).ExecuteDeleteAsync(Cancel));
        var next = await Beside(world);
        await Outcomes.AtOnce(3, async number =>
        {
            await (number == 0 ? world : next).Get<ApplyRetention>().Once(Cancel);
            return 0;
        });
        (await world.Read(db => db.RecordingPieces.CountAsync())).ShouldBe(0);
        (await world.Read(db => db.Deletions.CountAsync(row => row.Done))).ShouldBe(2);
        (await world.Entries(AuditType.RetentionApplied)).Count.ShouldBe(2);
        (await world.Read(db => db.Files.AsNoTracking().SingleAsync())).ShouldSatisfyAllConditions(
            file => file.Bytes.ShouldBeEmpty(), file => file.DeletedAt.ShouldNotBeNull());

        // A runner that comes back after that brings nothing back.
        (await world.Get<RunFiles>().Take(run.RunnerId, run.Id.ToString(), "/live/xml", Xml, Cancel)).ShouldBeTrue();
        (await world.Get<RecordingStore>().Append(run.RunnerId, [new(run.Id, run.RecordingBytes, "late"u8.ToArray())]))[run.Id].ShouldBe(run.RecordingBytes + 4);
        (await world.Read(db => db.RecordingPieces.CountAsync())).ShouldBe(0);
        (await world.Read(db => db.ResultPorts.CountAsync())).ShouldBe(0);
    }

    [Fact]
    public async Task Server_killed_while_it_deletes_leaves_nothing_that_has_no_entry_and_the_next_one_ends_it()
    {
        var world = await Create();
        var (olga, _) = await world.SignIn(new("olga", false, null, ["ops"], false, false, TimeSpan.FromHours(1)));
        foreach (var kind in (string[])[RetentionKind.Recordings, RetentionKind.Results])
            (await world.Get<SetRetention>().Set(await world.Admin(), kind, TimeSpan.FromDays(1))).ShouldBeOk();
        var (runs, dice) = (new List<string>(), new Random(7));
        for (var round = 0; round < TestScale.Times(2); round++)
        {
            for (var more = 0; more < 2; more++)
                runs.Add((await Recorded(world, olga)).Id.ToString());
            world.Clock.Advance(TimeSpan.FromDays(2));
            (olga, var token) = await world.SignIn(new("olga", false, null, ["ops"], false, false, TimeSpan.FromHours(1)));
            await using var child = SecondServer.Start(SecondServer.Work.In(world, SecondServer.Retain, token, await world.Granted(olga)));
            await child.NextLine();
            await Task.Delay(dice.Next(150), Cancel);
            await child.Kill();

            var marked = await world.Read(db => db.Deletions.AsNoTracking().ToListAsync());
            (await Applied()).ShouldBe(marked.Select(row => $"{row.Kind} {row.RunId}").Order(), "each that is marked has its one entry, and no other");
            // Of what has no entry, every byte is there.
            foreach (var run in runs.Where(run => !marked.Exists(row => row.Kind == RetentionKind.Recordings && row.RunId.ToString() == run)).Select(RunId.Parse))
                (await world.Read(db => db.RecordingPieces.CountAsync(piece => piece.RunId == run))).ShouldBe(200);
        }

        await world.Get<ApplyRetention>().Once(Cancel);
        (await Applied()).ShouldBe(runs.SelectMany(run => new[] { $"recordings {run}", $"results {run}" }).Order());
        (await world.Read(async db => (await db.RecordingPieces.CountAsync(), await db.ResultPorts.CountAsync(), await db.Deletions.CountAsync(row => !row.Done)))).ShouldBe((0, 0, 0));
        await world.ShouldBalance();

        async Task<IOrderedEnumerable<string>> Applied() => (await world.Entries(AuditType.RetentionApplied)).Select(entry => $"{entry["kind"]} {entry["run"]}").Order();
    }

    [Fact]
    public async Task Files_go_by_when_they_were_last_handed_in_and_never_while_they_may_be_needed()
    {
        var world = await Create();
        var dana = await world.Developer();
        (string, ReadOnlyMemory<byte>)[] File(string text) => [(KeptFiles.Digest(Encoding.UTF8.GetBytes(text)), Encoding.UTF8.GetBytes(text))];
        await world.Writes.Append(db => KeptFiles.Keep(db, world.Clock.GetUtcNow(), [.. File("old"), .. File("again")]));
        var ask = new Writ.Contracts.Requests.AskForAccess(
            ["nmap", "-sT", "-Pn", "-n", "-p", "22", "-iL", "hosts"], "to look", null, 3600, 1, world.Clock.GetUtcNow().AddDays(20), [new("hosts", "10.20.0.5"u8.ToArray())]);
        var (request, _) = (await world.Get<Writ.Server.Requests.Ask>().Create(dana, ask, null, Cancel)).ShouldBeOk();
        (await world.Approve(await world.Reviewer(), request)).ShouldBeOk();
        (await world.Get<SetRetention>().Set(await world.Admin(), RetentionKind.Files, TimeSpan.FromDays(7))).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromDays(5));
        await world.Writes.Append(db => KeptFiles.Keep(db, world.Clock.GetUtcNow(), File("again")));
        world.Clock.Advance(TimeSpan.FromDays(5));
        await world.Get<ApplyRetention>().Once(Cancel);

        await using (var db = world.Open())
        {
            (await KeptFiles.Read(db, File("old")[0].Item1, Cancel)).ShouldBeNull();
            (await KeptFiles.Deleted(db, File("old")[0].Item1, Cancel)).ShouldNotBeNull().Message.ShouldContain("their retention was 7 days");
            (await KeptFiles.Read(db, File("again")[0].Item1, Cancel)).ShouldNotBeNull("it was handed in again");
            (await KeptFiles.Read(db, File("10.20.0.5")[0].Item1, Cancel)).ShouldNotBeNull("a grant may still need it");
        }

        (await world.Entries(AuditType.RetentionApplied)).ShouldHaveSingleItem()["sha256"].ShouldBe(File("old")[0].Item1);
        // The same bytes once more are there once more.
        await world.Writes.Append(db => KeptFiles.Keep(db, world.Clock.GetUtcNow(), File("old")));
        await using (var db = world.Open())
            (await KeptFiles.Read(db, File("old")[0].Item1, Cancel)).ShouldNotBeNull();
    }

    /// <summary>A run that is over, with a recording in many pieces and results.</summary>
    private async Task<(World World, Caller Olga, RunRow Run)> Old()
    {
        var world = await Create();
        var olga = await world.Operator();
        return (world, olga, await Recorded(world, olga));
    }

    private static async Task<RunRow> Recorded(World world, Caller olga)
    {
        var run = (await world.Start(olga, await world.Granted(olga))).ShouldBeOk();
        // What comes together is kept as one piece.
        for (var piece = 0; piece < 200; piece++)
            await world.Get<RecordingStore>().Append(run.RunnerId, [new(run.Id, piece * 10L, "0123456789"u8.ToArray())]);
        return await ResultsTests.Ended(world, run, Xml);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : RetentionTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : RetentionTests(engine);
}
