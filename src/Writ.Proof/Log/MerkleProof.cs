namespace Writ.Proof.Log;

/// <summary>
/// The two proofs of an append-only log, checked as RFC 9162, sections 2.1.3.2 and 2.1.4.2 tell it: that an entry is in a
/// tree, and that one tree begins with all of another.
/// </summary>
public static class MerkleProof
{
    /// <summary>True when the leaf stands at this index in the tree of this size and root.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="size">How many entries the tree has.</param>
    /// <param name="leaf">The hash of the entry.</param>
    /// <param name="proof">From the leaf's sibling to the root's child.</param>
    /// <param name="root">The root.</param>
    public static bool IsIncluded(long index, long size, LogHash leaf, IReadOnlyList<LogHash> proof, LogHash root) =>
        RootOf(index, size, leaf, proof) == root;

    /// <summary>The root that follows from a leaf and its proof, or null where the proof has another shape.</summary>
    public static LogHash? RootOf(long index, long size, LogHash leaf, IReadOnlyList<LogHash> proof)
    {
        if (index < 0 || index >= size)
            return null;
        var (at, last, hash) = (index, size - 1, leaf);
        foreach (var sibling in proof)
        {
            if (last == 0)
                return null;
            if ((at & 1) == 1 || at == last)
            {
                hash = LogHash.OfNode(sibling, hash);
                while ((at & 1) == 0 && at != 0)
                    (at, last) = (at >> 1, last >> 1);
            }
            else
            {
                hash = LogHash.OfNode(hash, sibling);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 ? hash : null;
    }

    /// <summary>
    /// True when the newer tree begins with all entries of the older one, in the same order. Of an empty older tree there
    /// is nothing to prove, and only an empty tree is held to be consistent with it.
    /// </summary>
    public static bool IsConsistent(long oldSize, long newSize, LogHash oldRoot, LogHash newRoot, IReadOnlyList<LogHash> proof)
    {
        if (oldSize < 0 || oldSize > newSize)
            return false;
        if (oldSize == 0)
            return newSize == 0 && proof.Count == 0 && oldRoot == LogHash.Empty && newRoot == LogHash.Empty;
        if (oldSize == newSize)
            return proof.Count == 0 && oldRoot == newRoot;
        var path = new Queue<LogHash>(proof);
        if (long.IsPow2(oldSize))
            path = new([oldRoot, .. proof]);
        if (!path.TryDequeue(out var start))
            return false;
        var (at, last) = (oldSize - 1, newSize - 1);
        while ((at & 1) == 1)
            (at, last) = (at >> 1, last >> 1);
        var (older, newer) = (start, start);
        while (path.TryDequeue(out var sibling))
        {
            if (last == 0)
                return false;
            if ((at & 1) == 1 || at == last)
            {
                older = LogHash.OfNode(sibling, older);
                newer = LogHash.OfNode(sibling, newer);
                while ((at & 1) == 0 && at != 0)
                    (at, last) = (at >> 1, last >> 1);
            }
            else
            {
                newer = LogHash.OfNode(newer, sibling);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 && older == oldRoot && newer == newRoot;
    }
}
