namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// The house that the tests of a collection share, on one engine. Fixture of a collection: at the end it tells which
/// engine, which version and how many tests.
/// </summary>
public abstract class Houses(string label) : IAsyncLifetime
{
    private House? _house;
    private int _tests;

    internal House House => _house ?? throw new InvalidOperationException("the house was not built");

    /// <summary>One more test ran in it.</summary>
    public void Count() => Interlocked.Increment(ref _tests);

    /// <summary>Another house, for a test that cannot share.</summary>
    internal async Task<House> Another(bool smallDisk) => await EndToEnd.House.Build(await Database(), smallDisk);

    public async ValueTask InitializeAsync() => _house = await Another(smallDisk: false);

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_house is null)
            return;
        await _house.DisposeAsync();
        var line = $"{label}: {_house.Engine}: {_tests} tests";
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("WRIT_TEST_REPORT") is { Length: > 0 } report)
            await File.AppendAllTextAsync(report, line + "\n");
    }

    private protected abstract Task<HouseDatabase> Database();
}

public abstract class HousesOnSqlite(string label) : Houses(label)
{
    private protected override Task<HouseDatabase> Database() => Task.FromResult<HouseDatabase>(new SqliteHouse());
}

public abstract class HousesOnPostgres(string label) : Houses(label)
{
    private protected override async Task<HouseDatabase> Database() => await PostgresHouse.Create();
}

public sealed class SqliteStreet() : HousesOnSqlite("end to end");

public sealed class PostgresStreet() : HousesOnPostgres("end to end");

/// <summary>For tests that take a house's parts away.</summary>
public sealed class ApartSqliteStreet() : HousesOnSqlite("end to end, taken apart");

/// <summary>For tests that take a house's parts away.</summary>
public sealed class ApartPostgresStreet() : HousesOnPostgres("end to end, taken apart");

/// <summary>For tests that measure time, and those that look at what a browser draws in time.</summary>
public sealed class LonelySqliteStreet() : HousesOnSqlite("end to end, alone");

/// <summary>For tests that measure time, and those that look at what a browser draws in time.</summary>
public sealed class LonelyPostgresStreet() : HousesOnPostgres("end to end, alone");

[CollectionDefinition(Name)]
public sealed class OnSqliteCollection : ICollectionFixture<SqliteStreet>
{
    internal const string Name = "end to end on SQLite";
}

[CollectionDefinition(Name)]
public sealed class OnPostgresCollection : ICollectionFixture<PostgresStreet>
{
    internal const string Name = "end to end on PostgreSQL";
}

[CollectionDefinition(Name)]
public sealed class ApartOnSqliteCollection : ICollectionFixture<ApartSqliteStreet>
{
    internal const string Name = "end to end on SQLite, taken apart";
}

[CollectionDefinition(Name)]
public sealed class ApartOnPostgresCollection : ICollectionFixture<ApartPostgresStreet>
{
    internal const string Name = "end to end on PostgreSQL, taken apart";
}

[CollectionDefinition(Name, DisableParallelization = true), Trait(Stage.Name, Stage.Quiet)]
public sealed class AloneOnSqliteCollection : ICollectionFixture<LonelySqliteStreet>
{
    internal const string Name = "end to end on SQLite, alone";
}

[CollectionDefinition(Name, DisableParallelization = true), Trait(Stage.Name, Stage.Quiet)]
public sealed class AloneOnPostgresCollection : ICollectionFixture<LonelyPostgresStreet>
{
    internal const string Name = "end to end on PostgreSQL, alone";
}

[CollectionDefinition(Name), Trait(Stage.Name, Stage.Quiet)]
public sealed class PagesOnSqliteCollection : ICollectionFixture<LonelySqliteStreet>
{
    internal const string Name = "pages on SQLite";
}

[CollectionDefinition(Name), Trait(Stage.Name, Stage.Quiet)]
public sealed class PagesOnPostgresCollection : ICollectionFixture<LonelyPostgresStreet>
{
    internal const string Name = "pages on PostgreSQL";
}
