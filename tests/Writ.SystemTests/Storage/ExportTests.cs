using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Server.Audit;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>The log for a SIEM: every entry at least once, and the exports themselves.</summary>
public abstract class ExportTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Export_goes_on_where_the_last_one_ended_and_is_an_entry_itself()
    {
        var world = await Create();
        var auditor = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Token;
        var developer = (await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(24)))).Token;
        var (holder, grant) = await world.Approved();
        await world.Start(holder, grant);
        await world.Get<Sequencer>().Integrate(Cancel);
        var entries = await world.Read(db => db.AuditEntries.CountAsync());
        var (socket, home, cursor) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"), Path.Combine(world.Folder, "cursor"));
        var server = Keep(await world.Beside(socket));
        await server.Serve();

        var first = Events(await TamperTests.Type(socket, auditor, home, "audit", "export", "--cursor", cursor));
        first.Select(happened => happened.GetProperty("metadata").GetProperty("sequence").GetInt64()).Distinct().ShouldBe(Enumerable.Range(0, entries).Select(position => (long)position));
        var exported = (Events(await TamperTests.Type(socket, auditor, home, "audit", "export", "--cursor", cursor))).ShouldHaveSingleItem();
        exported.GetProperty("metadata").GetProperty("event_code").GetString().ShouldBe(AuditType.AuditExported);
        exported.GetProperty("type_uid").GetInt32().ShouldBe(100803);

        var (code, told) = await TamperTests.Type(socket, developer, home, "audit", "export");
        (code, told.Contains("only auditors and admins", StringComparison.Ordinal)).ShouldBe((1, true), told);
    }

    private static JsonElement[] Events((int Code, string Output) typed)
    {
        typed.Code.ShouldBe(0, typed.Output);
        return [.. typed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ExportTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ExportTests(engine);
}
