using System.Collections.Concurrent;
using Writ.Proof.Identity;

namespace Writ.Server.Runs;

/// <summary>
/// The newest durable bytes of recordings, so that those who follow a run that prints fast need not read back what was
/// written a moment ago. Holds so much of each run, and so much in all; whoever asks for what is not here reads the database.
/// </summary>
internal sealed class RecentBytes
{
    /// <summary>The most of one run, in bytes: what its runner sends before it waits for an acknowledgement.</summary>
    internal const long MostOfRun = 8 << 20;
    /// <summary>The most pieces of one run.</summary>
    internal const int MostPieces = 128;
    /// <summary>The most of all runs together, in bytes.</summary>
    internal const long MostOfAll = 64 << 20;
    private readonly ConcurrentDictionary<RunId, Tail> _tails = new();
    private long _held;

    /// <summary>How many bytes are held.</summary>
    internal long Held => Interlocked.Read(ref _held);

    /// <summary>Takes what has just become durable.</summary>
    public void Add(RunId run, long offset, ReadOnlyMemory<byte> bytes)
    {
        var tail = _tails.GetOrAdd(run, static _ => new());
        lock (tail)
        {
            // Never a gap: what does not follow begins anew.
            if (tail.End != offset)
                Drop(tail, 0);
            tail.Pieces.Enqueue((offset, bytes));
            (tail.End, tail.Size) = (offset + bytes.Length, tail.Size + bytes.Length);
            Interlocked.Add(ref _held, bytes.Length);
            Drop(tail, Held > MostOfAll ? 0 : MostOfRun);
        }
    }

    /// <summary>The bytes from this offset on, as far as they lie together; empty where they are not here.</summary>
    public ReadOnlyMemory<byte> At(RunId run, long offset)
    {
        if (!_tails.TryGetValue(run, out var tail))
            return default;
        lock (tail)
        {
            foreach (var (begins, bytes) in tail.Pieces)
            {
                if (offset >= begins && offset < begins + bytes.Length)
                    return bytes[(int)(offset - begins)..];
            }
        }

        return default;
    }

    /// <summary>The run is over: nothing more follows.</summary>
    public void Forget(RunId run)
    {
        if (!_tails.TryRemove(run, out var tail))
            return;
        lock (tail)
            Drop(tail, 0);
    }

    private void Drop(Tail tail, long most)
    {
        while (tail.Size > most || tail.Pieces.Count > MostPieces)
        {
            var oldest = tail.Pieces.Dequeue().Bytes.Length;
            tail.Size -= oldest;
            Interlocked.Add(ref _held, -oldest);
        }
    }

    private sealed class Tail
    {
        public Queue<(long Offset, ReadOnlyMemory<byte> Bytes)> Pieces { get; } = new();
        public long End { get; set; }
        public long Size { get; set; }
    }
}
