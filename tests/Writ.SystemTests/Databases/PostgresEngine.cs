using Microsoft.EntityFrameworkCore;
using Npgsql;
using Writ.Server.Storage;

namespace Writ.SystemTests.Databases;

/// <summary>PostgreSQL: one server a run of the tests, a template, and a database a test.</summary>
public sealed class PostgresEngine : StorageEngine
{
    private const string Template = "writ_template";
    private int _number;
    private PostgresServer? _server;

    private PostgresServer Server => _server ?? throw new InvalidOperationException("the server was not started");

    // A full disk of PostgreSQL's is told from a standby by nothing that matters here: see MakeUnwritable.
    internal override Task<TestDatabase> Create(bool smallDisk = false) => Create(Template);

    internal override Task<TestDatabase> CreateEmpty() => Create("template0");

    private protected override async Task Start()
    {
        _server = await PostgresServer.Start();
        await Server.Execute($"CREATE DATABASE {Template} TEMPLATE template0");
        using (var database = Database.Postgres(Server.ConnectionString(Template)))
            await database.Migrate(CancellationToken.None);
        NpgsqlConnection.ClearAllPools();
    }

    private protected override async Task Stop()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private async Task<TestDatabase> Create(string template)
    {
        var name = $"writ_{Interlocked.Increment(ref _number)}";
        await Server.Execute($"CREATE DATABASE {name} TEMPLATE {template}");
        return new Instance(Server, name);
    }

    private sealed class Instance(PostgresServer server, string name) : TestDatabase
    {
        public override (DatabaseEngine Engine, string Address) Reach => (DatabaseEngine.Postgres, server.ConnectionString(name));

        public override string UniqueIndexes => "SELECT indexname AS \"Value\" FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'";

        public override Database Open() => Database.Postgres(server.ConnectionString(name));

        /// <summary>The server took part in a failover: every connection is gone, and who comes back finds a standby that only reads.</summary>
        public override async Task MakeUnwritable()
        {
            await server.Execute($"ALTER DATABASE {name} SET default_transaction_read_only = on");
            await Hang();
        }

        public override async Task MakeWritable()
        {
            await server.Execute($"ALTER DATABASE {name} RESET default_transaction_read_only");
            await Hang();
        }

        public override async Task Sever(WritDb db)
        {
            var backend = await db.Database.SqlQueryRaw<int>("SELECT pg_backend_pid() AS \"Value\"").SingleAsync();
            await server.Execute($"SELECT pg_terminate_backend({backend})");
        }

        public override async ValueTask DisposeAsync()
        {
            NpgsqlConnection.ClearPool(new NpgsqlConnection(server.ConnectionString(name)));
            await server.Execute($"DROP DATABASE {name} WITH (FORCE)");
        }

        private Task Hang() => server.Execute($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    }
}
