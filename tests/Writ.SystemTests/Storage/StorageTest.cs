using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// Every class of storage tests is abstract, with <c>OnSqlite</c> and <c>OnPostgres</c> nested in it and empty: one list of
/// tests, run identically on both engines. <see cref="ListTests"/> holds them to it.
/// </summary>
public abstract class StorageTest : IAsyncLifetime
{
    private readonly StorageEngine _engine;
    private readonly List<IAsyncDisposable> _opened = [];

    private protected StorageTest(StorageEngine engine)
    {
        _engine = engine;
        engine.Count();
    }

    private protected StorageEngine Engine => _engine;

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var opened in _opened.AsEnumerable().Reverse())
            await opened.DisposeAsync();
    }

    /// <summary>A server on a database of its own, with the settings of a test's.</summary>
    private protected async Task<World> Create(string policy = World.Policy, bool smallDisk = false, Func<Writ.Server.ServerSettings, Writ.Server.ServerSettings>? with = null) =>
        Keep(await World.Create(Keep(await _engine.Create(smallDisk)), policy, with));

    /// <summary>A server on a database of its own that takes calls, without policy and runner.</summary>
    private protected async Task<World> Serving(Writ.Server.Identity.SignInSettings? signIn = null, bool smallDisk = false) =>
        Keep(await World.Serving(Keep(await _engine.Create(smallDisk)), signIn));

    /// <summary>Another server of the same world.</summary>
    private protected async Task<World> Beside(World world) => Keep(await world.Beside());

    private protected T Keep<T>(T opened)
        where T : IAsyncDisposable
    {
        _opened.Add(opened);
        return opened;
    }
}

[CollectionDefinition(Name)]
public sealed class SqliteCollection : ICollectionFixture<SqliteEngine>
{
    internal const string Name = "storage on SQLite";
}

[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresEngine>
{
    internal const string Name = "storage on PostgreSQL";
}
