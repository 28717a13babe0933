using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Writ.Server.Storage;

namespace Writ.SystemTests.Databases;

/// <summary>SQLite in files of a folder of its own, as the server uses it: WAL, every commit on the disk.</summary>
public sealed class SqliteEngine : StorageEngine
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-sqlite-").FullName;
    private int _number;

    private string Template => Path.Combine(_folder, "template.db");

    internal override async Task<TestDatabase> Create(bool smallDisk = false)
    {
        var created = await CreateEmpty(smallDisk);
        File.Copy(Template, created.File);
        return created;
    }

    internal override async Task<TestDatabase> CreateEmpty() => await CreateEmpty(smallDisk: false);

    private protected override async Task Start()
    {
        using (var database = Database.Sqlite(Template))
            await database.Migrate(CancellationToken.None);
        SqliteConnection.ClearAllPools();
        File.Exists(Template + "-wal").ShouldBeFalse("the template is not whole without its log");
    }

    private protected override Task Stop()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    private async Task<Instance> CreateEmpty(bool smallDisk)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, Interlocked.Increment(ref _number).ToString())).FullName;
        if (smallDisk)
        {
            Environment.IsPrivilegedProcess.ShouldBeTrue("a small disk is mounted for this test, which needs root: sudo ./test");
            await Commands.Run("mount", "-t", "tmpfs", "-o", "size=32m", "writ-test", folder);
        }

        return new(folder, smallDisk);
    }

    private sealed class Instance(string folder, bool smallDisk) : TestDatabase
    {
        private string Filler => Path.Combine(folder, "filler");

        public string File => Path.Combine(folder, "writ.db");

        public override (DatabaseEngine Engine, string Address) Reach => (DatabaseEngine.Sqlite, File);

        public override string UniqueIndexes => "SELECT name AS \"Value\" FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%'";

        public override Database Open() => Database.Sqlite(File);

        /// <summary>The disk is full to the last byte.</summary>
        public override async Task MakeUnwritable()
        {
            smallDisk.ShouldBeTrue("only a small disk can be filled");
            await using var filler = System.IO.File.Create(Filler, 1);
            try
            {
                for (var piece = new byte[64 << 10]; ; )
                    await filler.WriteAsync(piece);
            }
            catch (IOException)
            {
                // Full, as it should be.
            }
        }

        public override Task MakeWritable()
        {
            System.IO.File.Delete(Filler);
            return Task.CompletedTask;
        }

        public override async Task Sever(WritDb db) => await db.Database.GetDbConnection().CloseAsync();

        public override async ValueTask DisposeAsync()
        {
            SqliteConnection.ClearPool(new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = File, DefaultTimeout = 30, ForeignKeys = true }.ToString()));
            if (smallDisk)
                await Commands.Run("umount", folder);
            Directory.Delete(folder, recursive: true);
        }
    }
}
