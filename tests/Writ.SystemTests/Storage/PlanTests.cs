using System.Net;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Proof.Addresses;
using Writ.Server.Audit;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.WebConsole.History;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// Lists and searches over three thousand requests with their grants, runs and results, and over six thousand entries of the log, times
/// WRIT_TEST_SCALE: each page reads what it shows, by an index, and no table from end to end. What is held to that are the
/// statements' plans, not their times.
/// </summary>
public abstract class PlanTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly string[] Large = ["requests", "grants", "runs", "results", "result_ports", "audit_entries"];

    private const long FirstId = 1_000;

    [Fact]
    public async Task Pages_read_no_large_table_from_end_to_end()
    {
        var world = await Create();
        var (auditor, token) = await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)));
        var last = await Fill(world, auditor.Id, world.Clock.GetUtcNow() - TimeSpan.FromDays(300));
        // Nothing is asked meanwhile but what the pages ask.
        var api = Keep(await Served.Of(world, ticks: false));
        using var plans = new QueryPlans(world);

        // The control: what reads from end to end is found out.
        await world.Read(db => db.Requests.AsNoTracking().Where(row => row.Reason == "nobody's").ToListAsync(Cancel));
        (await plans.Slow(world, Large, Cancel)).Slow.ShouldHaveSingleItem();

        foreach (var path in new[]
        {
            "/v1/requests", "/v1/requests?mine=true", "/v1/requests?state=pending", $"/v1/requests?cursor={last.RequestId}", "/v1/grants", "/v1/grants?state=active", "/v1/runs", "/v1/runs?state=running",
            $"/v1/runs?cursor={last.Id}", $"/v1/runs?grant={last.GrantId}", $"/v1/runs/{last.Id}", "/v1/audit?after=1000", $"/v1/audit?correlation={last.RequestId}",
        })
            await Held(path, async () => (await api.Send(HttpMethod.Get, path, token)).Status.ShouldBe(HttpStatusCode.OK, path));

        var now = world.Clock.GetUtcNow();
        var search = world.Get<SearchAudit>();
        foreach (var filter in new AuditFilter[] { new(), new(last.RequestId), new(Type: "run."), new(Type: AuditType.RunEnded), new(Actor: "ada", Words: ["10.20.0.5"]), new(Since: now - TimeSpan.FromDays(9), Until: now - TimeSpan.FromDays(8)) })
            await Held($"{filter}", async () => (await search.Look(auditor, filter, null, 50, Cancel)).ShouldBeOk());
        await Held("an entry", async () => (await search.At(auditor, 1_000, Cancel)).ShouldBeOk());

        await Held("live", () => world.Get<ListLiveRuns>().List(auditor, Cancel));
        await Held("results", () => world.Get<ListResults>().List(auditor, last.Id, 50, Cancel));
        await Held("a zone", async () => (await world.Get<ListResults>().OfZone(auditor, "staging", 60, Cancel)).ShouldBeOk());
        await Held("a port", () => world.Get<ListResults>().OfPort(auditor, Address.V4(0x0a14_0005), "tcp", 22, 50, Cancel));
        foreach (var ago in new[] { 0, 100, 290 })
            await Held($"the day {ago} days ago", () => world.Get<Timeline>().Load(auditor, now - TimeSpan.FromDays(ago + 1), now - TimeSpan.FromDays(ago), null, Cancel));
        await Held("the year", () => world.Get<Timeline>().RunsByDay(auditor, now - TimeSpan.FromDays(90), TimeSpan.Zero, Cancel));

        async Task Held(string page, Func<Task> ask)
        {
            await ask();
            var (statements, slow) = await plans.Slow(world, Large, Cancel);
            statements.ShouldBePositive(page);
            slow.ShouldBeEmpty(page);
        }
    }

    private static async Task<RunRow> Fill(World world, Writ.Proof.Identity.ActorId actor, DateTimeOffset begin)
    {
        var history = new TraceHistory(actor, world.Runner.Row.Id, await world.Request(await world.Developer()));
        var (requests, entries) = (TestScale.Times(3_000), TestScale.Times(6_000));
        var apart = TimeSpan.FromDays(299) / requests;
        for (var number = 0; number < requests; number++)
        {
            var at = begin + (apart * number);
            history.Add(new(new(AddressSet.Of(AddressRange.Network(Address.V4(0x0a14_0000), 24)), PortSet.Of([((ushort)22, (ushort)22)]), PortSet.Empty, PortSet.Empty, true), at, at + TimeSpan.FromMinutes(30), true,
                [new(at, at + TimeSpan.FromMinutes(1), 10, at, Address.V4(0x0a63_0101), [])]));
        }

        var runs = history.Rows.OfType<RunRow>().ToList();
        foreach (var run in runs)
        {
            history.Rows.Add(new ResultsRow { RunId = run.Id, Sha256 = "", Bytes = 1, Cut = false, KeptAt = run.CreatedAt, Content = "{}" });
            history.Rows.Add(new ResultPortRow { RunId = run.Id, Address = Address.V4(0x0a14_0000 + (uint)(history.Rows.Count % 250)).ToBytes(), Protocol = "tcp", Port = 22, State = "open" });
        }

        for (var number = 0; number < entries; number++)
        {
            var (at, run) = (begin + (TimeSpan.FromDays(299) / entries * number), runs[number % runs.Count]);
            var happened = new AuditEvent(number % 2 == 0 ? AuditType.RunEnded : AuditType.ActorChanged, new(null, "ada"), run.RequestId, new() { ["changed"] = "hay" });
            history.Rows.Add(new AuditRow { Id = FirstId + number, Time = at, Type = happened.Type, Correlation = run.RequestId, Bytes = happened.ToBytes(at) });
        }

        using (await world.Database.TurnToWrite(Cancel))
        {
            await using var db = world.Open();
            await BulkInsert.Into(db, history.Rows, Cancel);
            if (db.Database.IsNpgsql())
                await db.Database.ExecuteSqlAsync($"SELECT setval(pg_get_serial_sequence('audit_entries', 'Id'), {FirstId + entries})", Cancel);
        }

        await world.Get<Sequencer>().Integrate(Cancel);
        await world.Read(db => db.Database.ExecuteSqlRawAsync("ANALYZE"));
        return runs[^1];
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : PlanTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : PlanTests(engine);
}
