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
    private readonly Func<WritDb> _open;

    private readonly SemaphoreSlim _writers = new(1);

    private Database(DatabaseEngine engine, Func<WritDb> open) => (Engine, _open) = (engine, open);

    public DatabaseEngine Engine { get; }

    /// <summary>SQLite in this file: WAL, every commit on the disk before it is answered.</summary>
    public static Database Sqlite(string path)
    {
        var connection = new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, ForeignKeys = true }.ToString();
        var options = new DbContextOptionsBuilder<SqliteWritDb>()
            .UseSqlite(connection)
            .AddInterceptors(new FullSynchronous())
            .Options;
        return new(DatabaseEngine.Sqlite, () => new SqliteWritDb(options));
    }

    /// <summary>PostgreSQL by an Npgsql connection string.</summary>
    public static Database Postgres(string connection)
    {
        var options = new DbContextOptionsBuilder<PostgresWritDb>().UseNpgsql(connection,
            npgsql => npgsql.ExecutionStrategy(dependencies => new FreshConnection(dependencies.CurrentContext.Context))).Options;
        return new(DatabaseEngine.Postgres, () => new PostgresWritDb(options));
    }

    /// <summary>A context for one piece of work.</summary>
    public WritDb Open() => _open();

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
}
