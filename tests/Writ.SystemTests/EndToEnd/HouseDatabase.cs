using Writ.SystemTests.Databases;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Where a house's server keeps its books, and how that fails.</summary>
internal abstract class HouseDatabase
{
    /// <summary>What <c>WRIT_DATABASE</c> says; null for SQLite in the data folder.</summary>
    public virtual string? Connection => null;

    /// <summary>Nobody reaches it any more.</summary>
    public abstract Task TakeDown(House house);

    /// <summary>It is back, and so is the server.</summary>
    public abstract Task BringUp(House house);

    /// <summary>The disk of the server's data is full: nothing can be written any more.</summary>
    public abstract Task FillDisk(House house);

    public abstract Task FreeDisk(House house);

    public virtual Task Drop() => Task.CompletedTask;
}

/// <summary>SQLite lives in the server: what takes it down takes the server down.</summary>
internal sealed class SqliteHouse : HouseDatabase
{
    public override Task TakeDown(House house)
    {
        house.KillServer();
        return Task.CompletedTask;
    }

    public override Task BringUp(House house) => house.BeWhole();

    public override Task FillDisk(House house) => house.FillDisk();

    public override Task FreeDisk(House house)
    {
        house.FreeDisk();
        return Task.CompletedTask;
    }
}

/// <summary>
/// PostgreSQL, with a database a house. Its disk counts as full when it takes no writes: what PostgreSQL answers then is
/// told from a full disk's answer by its number alone. The server's own data folder is filled all the same.
/// </summary>
internal sealed class PostgresHouse : HouseDatabase
{
    private static readonly Lazy<Task<PostgresServer>> Shared = new(PostgresServer.Start);
    private static int _number;
    private readonly PostgresServer _server;
    private readonly string _name;

    private PostgresHouse(PostgresServer server, string name) => (_server, _name) = (server, name);

    /// <summary>A new database on the one server of the end-to-end tests, which ends with this process.</summary>
    public static async Task<PostgresHouse> Create()
    {
        var server = await Shared.Value;
        var name = $"house_{Interlocked.Increment(ref _number)}";
        await server.Execute($"CREATE DATABASE {name} TEMPLATE template0");
        return new(server, name);
    }

    public override string Connection => _server.ConnectionString(_name);

    public override async Task TakeDown(House house)
    {
        await _server.Execute($"ALTER DATABASE {_name} ALLOW_CONNECTIONS false");
        await Hang();
    }

    public override async Task BringUp(House house)
    {
        await _server.Execute($"ALTER DATABASE {_name} ALLOW_CONNECTIONS true");
        await house.BeWhole();
    }

    public override async Task FillDisk(House house)
    {
        await house.FillDisk();
        await _server.Execute($"ALTER DATABASE {_name} SET default_transaction_read_only = on");
        await Hang();
    }

    public override async Task FreeDisk(House house)
    {
        house.FreeDisk();
        await _server.Execute($"ALTER DATABASE {_name} RESET default_transaction_read_only");
        await Hang();
    }

    public override Task Drop() => _server.Execute($"DROP DATABASE {_name} WITH (FORCE)");

    private Task Hang() => _server.Execute($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_name}'");
}
