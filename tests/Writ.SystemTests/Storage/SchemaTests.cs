using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Migrations;
using Writ.Core;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Proof.Identity;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>The schema, and that both engines keep and compare values the same way.</summary>
public abstract class SchemaTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Migrations_lead_from_an_empty_database_to_the_newest_model()
    {
        var empty = Keep(await Engine.CreateEmpty());
        using var database = empty.Open();
        await using var db = database.Open();
        (await db.Database.GetAppliedMigrationsAsync(Cancel)).ShouldBeEmpty();

        await database.Migrate(Cancel);

        (await db.Database.GetAppliedMigrationsAsync(Cancel)).ShouldBe(db.Database.GetMigrations());
        (await db.Database.GetPendingMigrationsAsync(Cancel)).ShouldBeEmpty();
        db.Database.HasPendingModelChanges().ShouldBeFalse("the model has changes that no migration brings: dotnet ef migrations add");
        (await db.Requests.CountAsync(Cancel)).ShouldBe(0);
        await database.Migrate(Cancel);
    }

    [Fact]
    public async Task Stream_from_before_webhooks_goes_on_as_it_was()
    {
        var empty = Keep(await Engine.CreateEmpty());
        using var database = empty.Open();
        await using var db = database.Open();
        await db.GetService<IMigrator>().MigrateAsync("Extensions", cancellationToken: Cancel);
        await db.Database.ExecuteSqlRawAsync("""INSERT INTO streams ("Name", "To", "Cursor", "AddedAt") VALUES ('siem', 'file:///var/log/events', 7, 0)""", Cancel);
        await database.Migrate(Cancel);
        (await db.Streams.SingleAsync(Cancel)).ShouldSatisfyAllConditions(
            row => row.Form.ShouldBe(StreamForm.Ocsf), row => row.Only.ShouldBeEmpty(), row => row.KeyFile.ShouldBeNull(), row => row.ReachesPrivate.ShouldBeFalse(), row => row.Cursor.ShouldBe(7));
    }

    [Fact]
    public async Task Notice_from_before_there_was_another_way_is_a_mail()
    {
        var empty = Keep(await Engine.CreateEmpty());
        using var database = empty.Open();
        await using var db = database.Open();
        await db.GetService<IMigrator>().MigrateAsync("AutomaticDecisions", cancellationToken: Cancel);
        var person = new ActorRow { Id = ActorId.New(DateTimeOffset.UnixEpoch), Kind = ActorKind.User, Name = "rae", Groups = [], CreatedAt = DateTimeOffset.UnixEpoch };
        db.Actors.Add(person);
        await db.SaveChangesAsync(Cancel);
        await db.Database.ExecuteSqlRawAsync(
            """INSERT INTO notices ("Id", "PersonId", "Kind", "Subject", "Revision", "RequestId", "State", "CreatedAt", "DueAt", "Failures") VALUES ({0}, {1}, 'Asked', 'req', 1, {2}, 'Waiting', 0, 0, 0)""",
            [NoticeId.New(DateTimeOffset.UnixEpoch).ToString(), person.Id.ToString(), RequestId.New(DateTimeOffset.UnixEpoch).ToString()], Cancel);
        await database.Migrate(Cancel);
        (await db.Notices.SingleAsync(Cancel)).ShouldSatisfyAllConditions(row => row.Channel.ShouldBe(NoticeChannel.Mail), row => row.State.ShouldBe(NoticeState.Waiting));
    }

    [Fact]
    public async Task Servers_that_start_at_once_on_an_empty_database_all_start()
    {
        var empty = Keep(await Engine.CreateEmpty());
        await Outcomes.AtOnce(4, async _ =>
        {
            using var database = empty.Open();
            await database.Migrate(Cancel);
            await using var db = database.Open();
            (await db.Database.GetPendingMigrationsAsync(Cancel)).ShouldBeEmpty();
            return 0;
        });
    }

    [Fact]
    public async Task Unique_indexes_that_decide_races_are_there()
    {
        var world = await Create();
        await using var db = world.Open();
        var declared = db.GetService<IDesignTimeModel>().Model.GetEntityTypes().SelectMany(type => type.GetIndexes()).Where(index => index.IsUnique)
            .Select(index => index.GetDatabaseName()!).ToArray();
        declared.ShouldContain("IX_runs_GrantId_UseNumber");
        declared.ShouldContain("IX_grants_RequestId");
        declared.ShouldContain("IX_decisions_RequestId_Revision_ActorId");
        (await db.Database.SqlQueryRaw<string>(world.At.UniqueIndexes).ToListAsync(Cancel)).Intersect(declared).ShouldBe(declared, ignoreOrder: true);
    }

    [Fact]
    public async Task Uses_below_zero_or_above_what_was_granted_cannot_be_stored()
    {
        var world = await Create();
        var grant = await world.Granted(await world.Operator(), uses: 2);
        foreach (var uses in new[] { -1, 3 })
        {
            await Should.ThrowAsync<System.Data.Common.DbException>(() =>
                world.Writes.Append(db => db.Grants.ExecuteUpdateAsync(set => set.SetProperty(row => row.UsesLeft, uses))));
        }

        await world.Writes.Append(db => db.Grants.ExecuteUpdateAsync(set => set.SetProperty(row => row.UsesLeft, 1)));
        (await world.Now(grant)).UsesLeft.ShouldBe(1);
    }

    [Fact]
    public async Task Text_is_ordered_and_compared_bytewise()
    {
        var world = await Create();
        string[] names = ["a", "B", "b", "A", "Z", "é", "e\u0301", "ä", "ß", "ss", "_", "a b", "a-b", "ab", "aB", "10", "9", "ﬁ", "ｚ", "😀", "ΐ", "i", "İ", "ı", "zz", ""];
        await world.Writes.Append(async db =>
        {
            await db.Tokens.ExecuteDeleteAsync();
            await db.Actors.ExecuteDeleteAsync();
            db.Actors.AddRange(names.Select(name => new ActorRow
            {
                Id = ActorId.New(world.Clock.GetUtcNow()), Kind = ActorKind.User, Name = name, Groups = [name], CreatedAt = world.Clock.GetUtcNow(),
            }));
        });

        var bytewise = names.OrderBy(name => Convert.ToHexString(Encoding.UTF8.GetBytes(name)), StringComparer.Ordinal).ToArray();
        (await world.Read(db => db.Actors.OrderBy(row => row.Name).Select(row => row.Name).ToArrayAsync())).ShouldBe(bytewise);
        (await world.Read(db => db.Actors.OrderBy(row => row.Name).Where(row => row.Name.CompareTo("a") > 0).Select(row => row.Name).ToArrayAsync()))
            .ShouldBe(bytewise[(Array.IndexOf(bytewise, "a") + 1)..]);
        foreach (var name in names)
            (await world.Read(db => db.Actors.AsNoTracking().SingleAsync(row => row.Kind == ActorKind.User && row.Name == name))).Groups.ShouldBe([name]);
        (await world.Read(db => db.Actors.AnyAsync(row => row.Name == "é " || row.Name == "Ä"))).ShouldBeFalse();
    }

    [Fact]
    public async Task Ids_are_ordered_as_the_program_orders_them()
    {
        var world = await Create();
        var holder = await world.Operator();
        for (var i = 0; i < 6; i++)
        {
            await world.Granted(holder);
            world.Clock.Advance(TimeSpan.FromMilliseconds(Math.Pow(33, i)));
        }

        var ids = (await world.Read(db => db.Grants.AsNoTracking().ToListAsync())).Select(row => row.Id).Order().ToArray();
        (await world.Read(db => db.Grants.OrderBy(row => row.Id).Select(row => row.Id).ToArrayAsync())).ShouldBe(ids);
        var middle = ids[2];
        (await world.Read(db => db.Grants.Where(row => row.Id.CompareTo(middle) < 0).OrderByDescending(row => row.Id).Select(row => row.Id).ToArrayAsync())).ShouldBe([ids[1], ids[0]]);
    }

    [Fact]
    public async Task Values_come_back_as_they_were_stored()
    {
        var world = await Create();
        // To the microsecond, lists with every character, and instants far away.
        var instant = world.Clock.GetUtcNow().AddTicks(1_234_567_890);
        string[] groups = ["", " ", "\"quoted\"", "back\\slash", "line\nfeed", "nul\0", "😀é", "[\"json\"]"];
        var actor = new ActorRow
        {
            Id = ActorId.New(instant), Kind = ActorKind.Workload, Name = "values", Groups = groups, CreatedAt = instant, DisabledAt = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero),
        };
        await world.Writes.Append(db =>
        {
            db.Actors.Add(actor);
            return Task.CompletedTask;
        });

        var back = await world.Read(db => db.Actors.AsNoTracking().SingleAsync(row => row.Id == actor.Id));
        back.Groups.ShouldBe(groups);
        back.CreatedAt.ShouldBe(instant);
        back.DisabledAt.ShouldBe(actor.DisabledAt);
        (await world.Read(db => db.Actors.AnyAsync(row => row.Id == actor.Id && row.CreatedAt > instant.AddTicks(-10) && row.CreatedAt < instant.AddTicks(10)))).ShouldBeTrue();
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : SchemaTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : SchemaTests(engine);
}
