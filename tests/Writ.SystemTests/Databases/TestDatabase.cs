using Writ.Server.Storage;

namespace Writ.SystemTests.Databases;

/// <summary>One test's own database, at the newest schema and empty.</summary>
internal abstract class TestDatabase : IAsyncDisposable
{
    /// <summary>Opens it as one server process does; a second one is a second server.</summary>
    public abstract Database Open();

    /// <summary>The engine and the address, as a process of its own is told them.</summary>
    public abstract (DatabaseEngine Engine, string Address) Reach { get; }

    /// <summary>From here on it can be read and not written, for a reason that operators meet.</summary>
    public abstract Task MakeUnwritable();

    /// <summary>The reason is gone.</summary>
    public abstract Task MakeWritable();

    /// <summary>Cuts the connection of this context from beneath, in whatever it does.</summary>
    public abstract Task Sever(WritDb db);

    /// <summary>The unique indexes that are really there, by name.</summary>
    public abstract string UniqueIndexes { get; }

    public abstract ValueTask DisposeAsync();
}
