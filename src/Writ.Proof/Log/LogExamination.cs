namespace Writ.Proof.Log;

/// <summary>
/// Holds the entries of a log against what it signed. It believes nothing but hashes and signed heads: every root is
/// derived anew from the entries.
/// </summary>
/// <param name="entries">The entries that there are: position and hash, in order of position.</param>
public sealed class LogExamination(IReadOnlyList<(long Position, LogHash Hash)> entries)
{
    private readonly LogHash[] _found = [.. entries.Select(entry => entry.Hash)];

    /// <summary>Every difference to the newest head, and to another that was seen of the same log.</summary>
    /// <param name="newest">The newest head.</param>
    /// <param name="tiles">The hashes of the entries as the tree's lowest tiles have them.</param>
    /// <param name="seen">A head that was seen before, or null.</param>
    public IReadOnlyList<LogFinding> Against(Checkpoint newest, IReadOnlyList<LogHash> tiles, Checkpoint? seen)
    {
        var findings = new List<LogFinding>();
        var whole = _found.Length == newest.Size && RootOf(_found, _found.Length) == newest.Root;
        if (tiles.Count == newest.Size && RootOf(tiles, tiles.Count) == newest.Root)
        {
            findings.AddRange(LogComparison.Differences(tiles, _found).Select(finding => finding with { Position = Position(finding) }));
            // Positions that are not their place, where the entries themselves are whole.
            if (findings.Count == 0 && entries.Index().FirstOrDefault(entry => entry.Item.Position != entry.Index, (-1, default)) is { Index: >= 0 } moved)
                findings.Add(new(LogDamage.Reordered, moved.Index));
        }
        else
        {
            findings.Add(whole ? new(LogDamage.Tiles, tiles.Zip(_found).TakeWhile(pair => pair.First == pair.Second).Count()) : new(LogDamage.Rehashed, 0));
        }

        if (seen is not null && seen.Size > newest.Size)
            findings.Add(new(LogDamage.Truncated, newest.Size));
        else if (seen is not null && whole && RootOf(_found, seen.Size) != seen.Root)
            findings.Add(new(LogDamage.Forked, seen.Size));
        return findings;
    }

    /// <summary>
    /// Where what was signed and what is there part: the last head that still follows from the entries, and the first that
    /// does not. Heads are in order of size.
    /// </summary>
    public (Checkpoint? Last, Checkpoint? First) Parting(IEnumerable<Checkpoint> heads)
    {
        Checkpoint? last = null;
        var edge = new TreeEdge();
        foreach (var head in heads)
        {
            while (edge.Size < head.Size && edge.Size < _found.Length)
                edge.Append(_found[edge.Size], static (_, _) => { });
            if (edge.Size != head.Size || edge.Root() != head.Root)
                return (last, head);
            last = head;
        }

        return (last, null);
    }

    /// <summary>The root over the first so many hashes, or null where there are not as many.</summary>
    private static LogHash? RootOf(IReadOnlyList<LogHash> hashes, long size)
    {
        if (size > hashes.Count)
            return null;
        var edge = new TreeEdge();
        for (var at = 0; at < size; at++)
            edge.Append(hashes[at], static (_, _) => { });
        return edge.Root();
    }

    private long Position(LogFinding finding) =>
        finding.Damage == LogDamage.Inserted ? entries[(int)finding.Position].Position : finding.Position;
}
