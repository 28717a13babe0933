using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Server.Retention;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// Step 7 of the lifecycle: recordings in the database, in pieces that follow one another without gaps. What is here is
/// durable; only then is it acknowledged, and only then does a viewer see it.
/// </summary>
internal sealed class RecordingStore(Database database, WriteTransaction writes)
{
    // A row: output that comes fast is stored in few of them.
    private const int MostRow = 512 * 1024;
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
    /// is not taken. Answers how many bytes of each run are durable then.
    /// </summary>
    public async Task<IReadOnlyDictionary<RunId, long>> Append(IReadOnlyList<(RunId Run, long Offset, ReadOnlyMemory<byte> Bytes)> pieces)
    {
        var sizes = new Dictionary<RunId, long>();
        var appended = new List<(RunId Run, long Offset, byte[] Bytes)>();
        await writes.Append(async db =>
        {
            sizes.Clear();
            appended.Clear();
            var fresh = new Dictionary<RunId, List<ReadOnlyMemory<byte>>>();
            foreach (var (run, offset, bytes) in pieces)
            {
                if (!sizes.TryGetValue(run, out var size))
                {
                    if (await db.Runs.Where(row => row.Id == run).Select(row => (long?)row.RecordingBytes).SingleOrDefaultAsync() is not { } known)
                        continue;
                    (size, fresh[run]) = (sizes[run] = known, []);
                }

                // What comes of a run that was given up long ago is not kept anew.
                if (await db.Deletions.AnyAsync(row => row.RunId == run && row.Kind == RetentionKind.Recordings))
                {
                    sizes[run] = Math.Max(size, offset + bytes.Length);
                    continue;
                }

                var skip = size - offset;
                if (skip < 0 || skip >= bytes.Length)
                    continue;
                fresh[run].Add(bytes[(int)skip..]);
                sizes[run] = size + bytes.Length - skip;
            }

            foreach (var (run, news) in fresh)
            {
                var offset = sizes[run] - news.Sum(bytes => (long)bytes.Length);
                foreach (var row in Rows(news))
                {
                    db.RecordingPieces.Add(new RecordingPieceRow { RunId = run, Offset = offset, Bytes = row });
                    appended.Add((run, offset, row));
                    offset += row.Length;
                }
            }

            foreach (var grown in appended.GroupBy(piece => piece.Run))
            {
                // Guarded: a size that another connection has moved on in between must never go back.
                var (before, after) = (grown.First().Offset, sizes[grown.Key]);
                var moved = await db.Runs.Where(row => row.Id == grown.Key && row.RecordingBytes == before)
                    .ExecuteUpdateAsync(set => set.SetProperty(row => row.RecordingBytes, after));
                if (moved == 0)
                    throw new DbUpdateConcurrencyException("another connection has appended to the recording; it is tried again");
            }
        });
        foreach (var (run, offset, bytes) in appended)
        {
            _growing.GetOrAdd(run, static _ => new Growing()).Add(offset, bytes);
            _recent.Add(run, offset, bytes);
        }

        return sizes;
    }

    /// <summary>The SHA-256 of the run's whole recording: as it grew, or read once more where this server did not see it grow.</summary>
    public async Task<byte[]> Seal(RunId run, CancellationToken cancel)
    {
        _recent.Forget(run);
        _growing.TryRemove(run, out var growing);
        using var grown = growing;
        if (grown is not null && grown.Size == await Size(run, cancel))
            return grown.Finish();
        using var whole = new Growing();
        await foreach (var bytes in Read(run, 0, cancel))
            whole.Add(whole.Size, bytes.Span);
        return whole.Finish();
    }

    /// <summary>The durable bytes from an offset on.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> Read(RunId run, long from, [EnumeratorCancellation] CancellationToken cancel)
    {
        const int batch = 2;
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
                if (skip >= piece.Bytes.Length)
                    continue;
                any = true;
                from = piece.Offset + piece.Bytes.Length;
                yield return piece.Bytes.AsMemory((int)skip);
            }

            if (!any)
                yield break;
        }
    }

    private static IEnumerable<byte[]> Rows(List<ReadOnlyMemory<byte>> pieces)
    {
        for (var i = 0; i < pieces.Count;)
        {
            var (first, size) = (i, 0);
            do
                size += pieces[i++].Length;
            while (i < pieces.Count && size + pieces[i].Length <= MostRow);
            var row = new byte[size];
            var at = 0;
            foreach (var piece in pieces[first..i])
            {
                piece.CopyTo(row.AsMemory(at));
                at += piece.Length;
            }

            yield return row;
        }
    }

    /// <summary>The digest of a recording as it grows.</summary>
    private sealed class Growing : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Size { get; private set; }

        /// <summary>Takes what follows; passed over where it does not, and then the sizes differ in the end.</summary>
        public void Add(long offset, ReadOnlySpan<byte> bytes)
        {
            if (offset != Size)
                return;
            _hash.AppendData(bytes);
            Size += bytes.Length;
        }

        public byte[] Finish() => _hash.GetHashAndReset();

        public void Dispose() => _hash.Dispose();
    }
}
