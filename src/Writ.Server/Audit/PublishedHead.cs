using Microsoft.EntityFrameworkCore;
using Writ.Proof.Log;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>
/// The newest head that this server has shown to anybody, in <c>log/head</c> of the data folder: beside the database, so
/// that a database which was restored or rolled back is noticed. A head is written there before it is shown.
/// </summary>
internal sealed class PublishedHead(Database database, LogKeys keys, string folder) : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly SemaphoreSlim _one = new(1);
    private SignedCheckpoint? _head;
    private bool _read;
    private bool _agrees;
    private string? _contradiction;

    public static string FolderOf(string data) => Path.Combine(data, "log");

    private string FilePath => Path.Combine(folder, "head");

    /// <summary>True after the database was found not to lead to a published head, until it does.</summary>
    public bool IsHalted { get; private set; }

    /// <summary>True where no head was shown yet, or the newest one is signed by this key.</summary>
    public static bool IsSignedBy(string folder, NoteKey key)
    {
        var path = Path.Combine(folder, "head");
        return !File.Exists(path) || Checkpoint.Open(File.ReadAllText(path), [key]).IsOk;
    }

    /// <summary>A witness has seen another log than this one. Only a new start with another database lifts it.</summary>
    public void Contradicted(string why) => (_contradiction, IsHalted) = (why, true);

    /// <summary>Another's newest head of this log, as witnesses and clients tell it. It binds like an own one.</summary>
    /// <returns>False where it is not signed by a key of this log.</returns>
    public async Task<bool> Heard(string note, CancellationToken cancel)
    {
        var heard = Checkpoint.Open(note, keys.Public);
        if (!heard.IsOk)
            return false;
        await _one.WaitAsync(cancel);
        try
        {
            Remember(heard.Value, own: false);
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The newest head of the database, remembered, to be shown; null where there is none yet.</summary>
    /// <exception cref="LogHaltedException">The database does not lead to a head that was published.</exception>
    /// <exception cref="HeadNotKeptException">The disk does not take it.</exception>
    public async Task<SignedCheckpoint?> Publish(CancellationToken cancel)
    {
        await using var db = database.Open();
        var newest = await LogReader.Newest(db, cancel);
        await MustFollow(db, newest, cancel);
        if (newest is null)
            return null;
        var lines = await db.LogCosignatures.AsNoTracking().Where(row => row.Size == newest.Size).Select(row => row.Line).ToListAsync(cancel);
        var opened = Checkpoint.Open(LogReader.Note(newest, lines), keys.Public);
        if (!opened.IsOk || opened.Value.Head.Size != newest.Size)
            throw new LogHaltedException($"the head in the database, at {newest.Size} entries, is not signed by this log");
        await _one.WaitAsync(cancel);
        try
        {
            Remember(opened.Value, own: true);
            return opened.Value;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Holds the database's newest head against the newest that was published.</summary>
    /// <exception cref="LogHaltedException">It does not lead there.</exception>
    public async Task MustFollow(WritDb db, LogHeadRow? newest, CancellationToken cancel)
    {
        if (_contradiction is { } contradiction)
            throw new LogHaltedException(contradiction);
        await _one.WaitAsync(cancel);
        try
        {
            if (Known() is not { Head: var known } || (_agrees && newest?.Size >= known.Size))
                return;
            // Others publish meanwhile: what was read before they did is no sign that anything was rolled back.
            if (newest is null || newest.Size < known.Size)
                newest = await LogReader.Newest(db, cancel);
            IsHalted = true;
            if (newest is null || newest.Size < known.Size)
            {
                throw new LogHaltedException(
                    $"the database has {newest?.Size ?? 0} entries, and {known.Size} were published: it was restored from a copy, or rolled back");
            }

            if (known.Size > 0 && await TileStore.Tree(db, newest.Size, cancel).Root(known.Size) != known.Root)
                throw new LogHaltedException($"the first {known.Size} entries of the database are not those that were published");
            (_agrees, IsHalted) = (true, false);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private SignedCheckpoint? Known()
    {
        if (_read)
            return _head;
        if (File.Exists(FilePath))
        {
            var opened = Checkpoint.Open(File.ReadAllText(FilePath), keys.Public);
            _head = opened.IsOk ? opened.Value : throw new LogHaltedException($"{FilePath} is damaged: {opened.Refusal.Message}");
        }

        _read = true;
        return _head;
    }

    private void Remember(SignedCheckpoint seen, bool own)
    {
        if (Known() is { } known && known.Head.Size >= seen.Head.Size)
        {
            if (known.Head.Size == seen.Head.Size && known.Head.Root != seen.Head.Root)
                throw new LogHaltedException($"there are two heads at {seen.Head.Size} entries");
            return;
        }

        try
        {
            Directory.CreateDirectory(folder, Private | UnixFileMode.UserExecute);
            DurableFile.Replace(FilePath, seen.Note.ToString(), Private);
        }
        catch (IOException full)
        {
            throw new HeadNotKeptException(full);
        }

        // What was heard elsewhere is held against the database before anything more is signed.
        _agrees = own;
        _head = seen;
    }
}
