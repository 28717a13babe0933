using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Proof.Identity;
using Writ.Server.Retention;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>A part of a run's recording, as a runner sends it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Offset">Where it begins in the recording.</param>
/// <param name="Bytes">The bytes as they were recorded.</param>
/// <param name="Packed">The same, packed; empty where they did not come packed.</param>
internal readonly record struct RecordedPiece(RunId Run, long Offset, ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Packed = default);

/// <summary>
/// Step 7 of the lifecycle: recordings in the database, in pieces that follow one another without gaps. What is here is
/// durable; only then is it acknowledged, and only then does a viewer see it.
/// </summary>
internal sealed class RecordingStore(Database database, WriteTransaction writes, Changes changes, ILogger<RecordingStore> log)
{
    // A row: what comes in small pieces is stored in few of them. No larger, so that none lies where only a full collection frees it.
    private const int MostRow = 64 * 1024;
    private readonly ConcurrentDictionary<RunId, Growing> _growing = new();
    private readonly RecentBytes _recent = new();

    /// <summary>How many bytes of the run's recording are durable.</summary>
    public async Task<long> Size(RunId run, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.Runs.Where(row => row.Id == run).Select(row => (long?)row.RecordingBytes).SingleOrDefaultAsync(cancel) ?? 0;
    }

    /// <summary>
    /// Appends pieces, each at the offset that follows what is there; what overlaps is passed over, what would leave a gap
    /// is not taken. Answers how many bytes of each run are durable then; nothing of a run that is not this runner's. The bytes are kept as they are
    /// given, so they never change.
    /// </summary>
    public async Task<IReadOnlyDictionary<RunId, long>> Append(RunnerId runner, IReadOnlyList<RecordedPiece> pieces)
    {
        var sizes = new Dictionary<RunId, long>();
        var appended = new List<RecordedPiece>();
        await writes.Append(async db =>
        {
            sizes.Clear();
            appended.Clear();
            foreach (var ofRun in pieces.GroupBy(piece => piece.Run))
            {
                if (await Grow(db, runner, ofRun.Key, [.. ofRun]) is not { } grown)
                    continue;
                foreach (var row in Rows(grown.News))
                {
                    db.RecordingPieces.Add(RowOf(row));
                    appended.Add(row);
                }

                sizes[ofRun.Key] = grown.Size;
            }
        });
        foreach (var piece in appended)
            _recent.Add(piece.Run, piece.Offset, piece.Bytes);
        foreach (var run in sizes.Keys)
            changes.Happened(GrowthOf(run));
        foreach (var ofRun in appended.GroupBy(piece => piece.Run))
            await _growing.GetOrAdd(ofRun.Key, static _ => new Growing()).Add([.. ofRun]);
        return sizes;
    }

    /// <summary>Moves the size of a run's recording on; what of the pieces is new, or null where the runner has no such run.</summary>
    private async Task<(long Size, List<RecordedPiece> News)?> Grow(WritDb db, RunnerId runner, RunId run, List<RecordedPiece> pieces)
    {
        // What this server has appended itself need not be read: where another has appended since, either nothing follows it or the guard tells.
        if (_growing.TryGetValue(run, out var growing) && News(growing.Durable, pieces) is { News.Count: > 0 } known && await Moved(db, runner, run, growing.Durable, known.Size))
            return known;

        if (await db.Runs.Where(row => row.Id == run && row.RunnerId == runner).Select(row => (long?)row.RecordingBytes).SingleOrDefaultAsync() is not { } before)
            return null;
        // What comes of a run that was given up long ago is not kept anew.
        if (await db.Deletions.AnyAsync(row => row.RunId == run && row.Kind == RetentionKind.Recordings))
            return (Math.Max(before, pieces.Max(piece => piece.Offset + piece.Bytes.Length)), []);
        var (size, news) = News(before, pieces);
        if (news.Count > 0 && !await Moved(db, runner, run, before, size))
            throw new DbUpdateConcurrencyException("another connection has appended to the recording; it is tried again");
        return (size, news);
    }

    /// <summary>What of the pieces follows the size, and the size with it.</summary>
    private static (long Size, List<RecordedPiece> News) News(long size, List<RecordedPiece> pieces)
    {
        var news = new List<RecordedPiece>(pieces.Count);
        foreach (var piece in pieces)
        {
            var skip = size - piece.Offset;
            if (skip < 0 || skip >= piece.Bytes.Length)
                continue;
            news.Add(skip == 0 ? piece : new(piece.Run, size, piece.Bytes[(int)skip..]));
            size += piece.Bytes.Length - skip;
        }

        return (size, news);
    }

    /// <summary>Guarded: a size that another connection has moved on in between must never go back, and of what was deleted nothing is kept anew.</summary>
    private static async Task<bool> Moved(WritDb db, RunnerId runner, RunId run, long before, long after) =>
        await db.Runs.Where(row => row.Id == run && row.RunnerId == runner && row.RecordingBytes == before && !db.Deletions.Any(gone => gone.RunId == run && gone.Kind == RetentionKind.Recordings))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RecordingBytes, after)) > 0;

    /// <summary>Ends when more of the run's recording is durable, by this server's hand. Take it before reading.</summary>
    public Task Grown(RunId run) => changes.Next(GrowthOf(run));

    /// <summary>The SHA-256 of the run's whole recording: as it grew, or read once more where this server did not see it grow.</summary>
    public async Task<byte[]> Seal(RunId run, CancellationToken cancel)
    {
        _recent.Forget(run);
        _growing.TryRemove(run, out var growing);
        using var grown = growing;
        if (grown is not null && await grown.Finish(await Size(run, cancel)) is { } digest)
            return digest;
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            await foreach (var bytes in Read(run, 0, cancel))
                whole.AppendData(bytes.Span);
        }
        catch (InvalidDataException)
        {
            // A run ends all the same; its entry says that this is not what its runner recorded.
        }

        return whole.GetHashAndReset();
    }

    /// <summary>The durable bytes from an offset on.</summary>
    /// <exception cref="InvalidDataException">They are not what was written.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> Read(RunId run, long from, [EnumeratorCancellation] CancellationToken cancel)
    {
        const int batch = 16;
        while (true)
        {
            if (_recent.At(run, from) is { IsEmpty: false } recent)
            {
                from += recent.Length;
                yield return recent;
                continue;
            }

            List<RecordingPieceRow> pieces;
            await using (var db = database.Open())
            {
                var first = await db.RecordingPieces.Where(row => row.RunId == run && row.Offset <= from)
                    .MaxAsync(row => (long?)row.Offset, cancel) ?? 0;
                pieces = await db.RecordingPieces.AsNoTracking().Where(row => row.RunId == run && row.Offset >= first)
                    .OrderBy(row => row.Offset).Take(batch).ToListAsync(cancel);
            }

            var any = false;
            foreach (var piece in pieces)
            {
                var skip = from - piece.Offset;
                var bytes = BytesOf(piece);
                if (skip >= bytes.Length)
                    continue;
                any = true;
                from = piece.Offset + bytes.Length;
                yield return bytes.AsMemory((int)skip);
            }

            if (!any)
                yield break;
        }
    }

    /// <exception cref="InvalidDataException">The row was changed since it was written.</exception>
    private byte[] BytesOf(RecordingPieceRow piece)
    {
        try
        {
            return piece.Unpacked == 0 ? piece.Bytes : PackedBytes.Unpack(piece.Bytes, piece.Unpacked);
        }
        catch (InvalidDataException damaged)
        {
            log.LogError("the recording of {Run} is damaged at byte {Offset}: {Why}", piece.RunId, piece.Offset, damaged.Message);
            throw new InvalidDataException($"the recording of {piece.RunId} is damaged at byte {piece.Offset}", damaged);
        }
    }

    private static string GrowthOf(RunId run) => $"recording of {run}";

    private static IEnumerable<RecordedPiece> Rows(List<RecordedPiece> pieces)
    {
        for (var i = 0; i < pieces.Count;)
        {
            var (first, size) = (i, 0);
            do
                size += pieces[i++].Bytes.Length;
            while (i < pieces.Count && size + pieces[i].Bytes.Length <= MostRow);
            if (i - first == 1)
            {
                yield return pieces[first];
                continue;
            }

            var row = new byte[size];
            var at = 0;
            foreach (var piece in pieces[first..i])
            {
                piece.Bytes.CopyTo(row.AsMemory(at));
                at += piece.Bytes.Length;
            }

            yield return new(pieces[first].Run, pieces[first].Offset, row);
        }
    }

    private static RecordingPieceRow RowOf(RecordedPiece piece)
    {
        var room = ArrayPool<byte>.Shared.Rent(PackedBytes.Room(piece.Bytes.Length));
        try
        {
            var packed = !piece.Packed.IsEmpty ? piece.Packed : PackedBytes.TryPack(piece.Bytes.Span, room, out var length) ? room.AsMemory(0, length) : default;
            return packed.IsEmpty
                ? new() { RunId = piece.Run, Offset = piece.Offset, Bytes = piece.Bytes.ToArray() }
                : new() { RunId = piece.Run, Offset = piece.Offset, Bytes = packed.ToArray(), Unpacked = piece.Bytes.Length };
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(room);
        }
    }

    /// <summary>
    /// The digest of a recording as it grows, computed beside what is written next: of one part at a time, which the next waits for.
    /// </summary>
    private sealed class Growing : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private Task _adding = Task.CompletedTask;
        private long _size;

        /// <summary>How many bytes of the recording were durable when this server last appended to it.</summary>
        public long Durable { get; private set; }

        /// <summary>Takes what follows, once what came before is in the digest; passed over where it does not follow, and then there is no digest in the end.</summary>
        public async Task Add(IReadOnlyList<RecordedPiece> pieces)
        {
            await _adding;
            Durable = pieces[^1].Offset + pieces[^1].Bytes.Length;
            _adding = Task.Run(() =>
            {
                foreach (var piece in pieces.SkipWhile(piece => piece.Offset != _size))
                {
                    _hash.AppendData(piece.Bytes.Span);
                    _size += piece.Bytes.Length;
                }
            });
        }

        /// <summary>The digest of all of it; null where this server did not see all.</summary>
        public async Task<byte[]?> Finish(long size)
        {
            await _adding;
            return _size == size ? _hash.GetHashAndReset() : null;
        }

        public void Dispose() => _hash.Dispose();
    }
}
