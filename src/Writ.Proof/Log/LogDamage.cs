namespace Writ.Proof.Log;

/// <summary>What was done to a log.</summary>
public enum LogDamage
{
    /// <summary>Nothing is said; no finding has it.</summary>
    None = 0,
    /// <summary>An entry is not the one that was signed.</summary>
    Edited = 1,
    /// <summary>An entry that was signed is gone.</summary>
    Removed = 2,
    /// <summary>An entry stands among those that were signed and was not.</summary>
    Inserted = 3,
    /// <summary>Entries that were signed stand in another order.</summary>
    Reordered = 4,
    /// <summary>The newest entries that were signed are gone.</summary>
    Truncated = 5,
    /// <summary>Two signed heads tell different stories: the signing key was used against its own log.</summary>
    Forked = 6,
    /// <summary>The tree's own hashes were changed along with entries, so that it cannot be told entry by entry.</summary>
    Rehashed = 7,
    /// <summary>The entries are those that were signed; the tree's hashes that prove them are damaged or missing.</summary>
    Tiles = 8,
}

/// <summary>One finding.</summary>
/// <param name="Damage">What.</param>
/// <param name="Position">Where: the position that was signed; of an inserted entry, where it stands now.</param>
public readonly record struct LogFinding(LogDamage Damage, long Position);

/// <summary>Compares the entries that a log has with those that it promised, by their hashes.</summary>
public static class LogComparison
{
    /// <summary>Every difference, in order of position; none where there is none.</summary>
    /// <param name="promised">The hashes of the entries that were promised, in order.</param>
    /// <param name="found">The hashes of the entries that there are, in order.</param>
    public static IReadOnlyList<LogFinding> Differences(IReadOnlyList<LogHash> promised, IReadOnlyList<LogHash> found)
    {
        var findings = new List<LogFinding>();
        var (wanted, had) = (Count(promised), Count(found));
        var (at, now) = (0, 0);
        while (at < promised.Count || now < found.Count)
        {
            if (at < promised.Count && now < found.Count && promised[at] == found[now])
            {
                (at, now) = (at + 1, now + 1);
                continue;
            }

            var gone = at < promised.Count && had.GetValueOrDefault(promised[at]) < wanted[promised[at]];
            var alien = now < found.Count && wanted.GetValueOrDefault(found[now]) < had[found[now]];
            if (gone && alien)
            {
                findings.Add(new(LogDamage.Edited, at));
                wanted[promised[at++]]--;
                had[found[now++]]--;
            }
            else if (gone)
            {
                var tail = now == found.Count;
                findings.Add(new(tail ? LogDamage.Truncated : LogDamage.Removed, at));
                if (tail)
                    break;
                wanted[promised[at++]]--;
            }
            else if (alien)
            {
                findings.Add(new(LogDamage.Inserted, now));
                had[found[now++]]--;
            }
            else
            {
                // Both are there, elsewhere.
                findings.Add(new(LogDamage.Reordered, at));
                (at, now) = (at + 1, now + 1);
            }
        }

        return findings;
    }

    private static Dictionary<LogHash, int> Count(IReadOnlyList<LogHash> hashes)
    {
        var counts = new Dictionary<LogHash, int>(hashes.Count);
        foreach (var hash in hashes)
            counts[hash] = counts.GetValueOrDefault(hash) + 1;
        return counts;
    }
}
