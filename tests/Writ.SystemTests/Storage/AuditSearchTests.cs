using Writ.Core.Audit;
using Writ.Server.Audit;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>The log is searched part by part, however long it is.</summary>
public abstract class AuditSearchTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Search_looks_at_a_bounded_part_and_says_how_far_it_came()
    {
        var world = await Create();
        var auditor = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Caller;
        var begin = world.Clock.GetUtcNow();
        const int entries = SearchAudit.Part + 500;
        await using (var db = world.Open())
        {
            for (var number = 0; number < entries; number++)
            {
                var (at, what) = (begin.AddMilliseconds(number), number == 0 ? "the needle at 10.20.0.5" : "hay at 10.20.0.55");
                var happened = new AuditEvent(AuditType.ActorChanged, new(null, number % 2 == 0 ? "ada" : "bob"), null, new() { ["changed"] = what });
                db.Add(new AuditRow { Time = at, Type = happened.Type, Bytes = happened.ToBytes(at) });
            }

            await db.SaveChangesAsync(Cancel);
        }

        var search = world.Get<SearchAudit>();
        AuditFilter needle = new(Actor: "ADA", Words: ["10.20.0.5", "needle"]);
        var first = (await search.Look(auditor, needle, null, 50, Cancel)).ShouldBeOk();
        first.Entries.ShouldBeEmpty();
        first.Next.ShouldBe(first.Size - SearchAudit.Part);
        first.LookedTo.ShouldNotBeNull();
        var second = (await search.Look(auditor, needle, first.Next, 50, Cancel)).ShouldBeOk();
        second.Entries.ShouldHaveSingleItem().Time.ShouldBe(begin);
        second.Next.ShouldBeNull();

        // By time the part begins where the time does.
        var recent = (await search.Look(auditor, new(Type: "actor.", Since: begin.AddMilliseconds(entries - 10), Until: begin.AddMilliseconds(entries - 4)), null, 50, Cancel)).ShouldBeOk();
        recent.Entries.Select(entry => (entry.Time - begin).TotalMilliseconds).ShouldBe([entries - 5, entries - 6, entries - 7, entries - 8, entries - 9, entries - 10]);
        recent.Next.ShouldBeNull();
        var page = (await search.Look(auditor, new(Type: AuditType.ActorChanged), null, 20, Cancel)).ShouldBeOk();
        page.Entries.Count.ShouldBe(20);
        page.Next.ShouldBe(page.Entries[^1].Position);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : AuditSearchTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : AuditSearchTests(engine);
}
