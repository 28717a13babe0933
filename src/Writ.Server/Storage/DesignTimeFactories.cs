using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Writ.Server.Storage;

// What `dotnet ef migrations add` asks for; never used by the running server.

internal sealed class SqliteDesignTime : IDesignTimeDbContextFactory<SqliteWritDb>
{
    public SqliteWritDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteWritDb>().UseSqlite("Data Source=design.db").Options);
}

internal sealed class PostgresDesignTime : IDesignTimeDbContextFactory<PostgresWritDb>
{
    public PostgresWritDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresWritDb>().UseNpgsql("Host=design").Options);
}
