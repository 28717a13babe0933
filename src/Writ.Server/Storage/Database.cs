using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace Writ.Server.Storage;

/// <summary>Which database engine.</summary>
internal enum DatabaseEngine
{
    /// <summary>Not chosen.</summary>
    None,
    /// <summary>A file in the data folder.</summary>
    Sqlite,
    /// <summary>A server that several Writ servers share.</summary>
    Postgres,
}

/// <summary>Opens contexts of the configured engine.</summary>
internal sealed class Database : IDisposable
{
    private const long MigrationLock = 0x57524954_0003;
    // A context is used again: whoever begins to listen to its statements hears the very next one.
    private static readonly TimeSpan ListenersKept = TimeSpan.Zero;
    // Used again: making one takes longer than most questions to it.
    private readonly Func<WritDb> _open;
    private readonly Func<WritDb> _openForStores;
    private readonly SemaphoreSlim _writers = new(1);

    private Database(DatabaseEngine engine, Func<IInterceptor?, Func<WritDb>> contexts) =>
        (Engine, _open, _openForStores) = (engine, contexts(null), contexts(engine == DatabaseEngine.Sqlite ? new OneWriter(this) : null));

    public DatabaseEngine Engine { get; }

    /// <summary>SQLite in this file: WAL, every commit on the disk before it is answered.</summary>
    public static Database Sqlite(string path)
    {
        var connection = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, ForeignKeys = true }.ToString();
        var options = new DbContextOptionsBuilder<SqliteWritDb>()
            .UseSqlite(connection)
            .AddInterceptors(new FullSynchronous())
            .ConfigureWarnings(AsBuilt)
            .ConfigureLoggingCacheTime(ListenersKept)
            .Options;
        return new(DatabaseEngine.Sqlite, oneWriter => new PooledDbContextFactory<SqliteWritDb>(oneWriter is null
            ? options
            : new DbContextOptionsBuilder<SqliteWritDb>(options).AddInterceptors(oneWriter).Options).CreateDbContext);
    }

    /// <summary>PostgreSQL by an Npgsql connection string.</summary>
    public static Database Postgres(string connection)
    {
        var options = new DbContextOptionsBuilder<PostgresWritDb>().UseNpgsql(connection,
            npgsql => npgsql.ExecutionStrategy(dependencies => new FreshConnection(dependencies.CurrentContext.Context))).ConfigureWarnings(AsBuilt).ConfigureLoggingCacheTime(ListenersKept).Options;
        var contexts = new PooledDbContextFactory<PostgresWritDb>(options);
        return new(DatabaseEngine.Postgres, _ => contexts.CreateDbContext);
    }

    /// <summary>A context for one piece of work.</summary>
    public WritDb Open() => _open();

    /// <summary>
    /// A context for stores that save by themselves (OpenIddict's): what they do is recorded before it is done, and each
    /// save takes its turn to write.
    /// </summary>
    public WritDb OpenForStores() => _openForStores();

    /// <summary>
    /// A turn to write, given back by disposing it. SQLite has one writer: in line here, nobody fails as busy. PostgreSQL
    /// needs no turn.
    /// </summary>
    public async ValueTask<IDisposable?> TurnToWrite(CancellationToken cancel)
    {
        if (Engine != DatabaseEngine.Sqlite)
            return null;
        await _writers.WaitAsync(cancel);
        return new Turn(_writers);
    }

    /// <summary>Brings the schema up to this program's.</summary>
    public async Task Migrate(CancellationToken cancel)
    {
        await using var db = Open();
        if (Engine == DatabaseEngine.Sqlite)
        {
            await db.Database.MigrateAsync(cancel);
            await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancel);
            return;
        }

        // One server at a time, over all migrations: EF's own lock is given back after each of them.
        var creator = db.GetService<IRelationalDatabaseCreator>();
        if (!await creator.ExistsAsync(cancel))
            await creator.CreateAsync(cancel);
        await db.Database.OpenConnectionAsync(cancel);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({MigrationLock})", cancel);
        await db.Database.MigrateAsync(cancel);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({MigrationLock})", cancel);
    }

    /// <summary>The engine's name and version, for people.</summary>
    public async Task<string> Describe(CancellationToken cancel)
    {
        await using var db = Open();
        var version = await db.Database
            .SqlQueryRaw<string>(Engine == DatabaseEngine.Sqlite ? "SELECT sqlite_version() AS \"Value\"" : "SELECT current_setting('server_version') AS \"Value\"")
            .SingleAsync(cancel);
        return $"{(Engine == DatabaseEngine.Sqlite ? "SQLite" : "PostgreSQL")} {version}";
    }

    public void Dispose() => _writers.Dispose();

    // Whether the migrations lead to the model is a question for tests, not for each start: it takes a tenth of it.
    private static void AsBuilt(WarningsConfigurationBuilder warnings) => warnings.Ignore(RelationalEventId.PendingModelChangesWarning);

    private sealed class Turn(SemaphoreSlim writers) : IDisposable
    {
        public void Dispose() => writers.Release();
    }

    private sealed class FullSynchronous : DbConnectionInterceptor
    {
        private const string Pragmas = "PRAGMA synchronous=FULL";

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
        }

        public override async Task ConnectionOpenedAsync(
            DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Takes the turn to write around each save of a context.</summary>
    private sealed class OneWriter(Database database) : SaveChangesInterceptor
    {
        private readonly System.Runtime.CompilerServices.ConditionalWeakTable<DbContext, IDisposable> _turns = [];

        public override async ValueTask<InterceptionResult<int>> SavingChangesAsync(
            DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            if (await database.TurnToWrite(cancellationToken) is { } turn)
                _turns.Add(eventData.Context!, turn);
            return result;
        }

        public override ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
        {
            GiveBack(eventData.Context!);
            return new(result);
        }

        public override Task SaveChangesFailedAsync(DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
        {
            GiveBack(eventData.Context!);
            return Task.CompletedTask;
        }

        public override Task SaveChangesCanceledAsync(DbContextEventData eventData, CancellationToken cancellationToken = default)
        {
            GiveBack(eventData.Context!);
            return Task.CompletedTask;
        }

        private void GiveBack(DbContext context)
        {
            if (!_turns.TryGetValue(context, out var turn))
                return;
            _turns.Remove(context);
            turn.Dispose();
        }
    }
}
