namespace Writ.Server.Policy;

/// <summary>A line of a difference.</summary>
/// <param name="Change"><c>+</c>, <c>-</c>, a blank for a line that stayed, or <c>…</c> for lines that were left out.</param>
/// <param name="Number">The line's number in the newer text, in the older one where it is gone.</param>
public sealed record DiffLine(char Change, int Number, string Text);

/// <summary>What differs between two texts, line by line, with a few lines around it.</summary>
internal static class LineDiff
{
    private const int Around = 3;
    /// <summary>Beyond so many pairs of lines the changed part is shown as gone and come, without looking for what stayed in it.</summary>
    private const int MostPairs = 4_000_000;

    public static IReadOnlyList<DiffLine> Of(string older, string newer)
    {
        string[] before = older.Split('\n'), after = newer.Split('\n');
        var (head, tail) = (0, 0);
        while (head < before.Length && head < after.Length && before[head] == after[head])
            head++;
        while (tail < before.Length - head && tail < after.Length - head && before[^(tail + 1)] == after[^(tail + 1)])
            tail++;
        var all = new List<DiffLine>(after.Length);
        for (var index = 0; index < head; index++)
            all.Add(new(' ', index + 1, after[index]));
        all.AddRange(Middle(before[head..(before.Length - tail)], after[head..(after.Length - tail)], head));
        for (var index = after.Length - tail; index < after.Length; index++)
            all.Add(new(' ', index + 1, after[index]));
        return Near(all);
    }

    private static IEnumerable<DiffLine> Middle(string[] before, string[] after, int from)
    {
        var common = (long)before.Length * after.Length > MostPairs ? null : Common(before, after);
        var (old, now) = (0, 0);
        while (old < before.Length || now < after.Length)
        {
            if (common is not null && old < before.Length && now < after.Length && before[old] == after[now])
            {
                yield return new(' ', from + now + 1, after[now]);
                (old, now) = (old + 1, now + 1);
            }
            else if (old < before.Length && (now == after.Length || common is null || common[old + 1, now] >= common[old, now + 1]))
                yield return new('-', from + old + 1, before[old++]);
            else
                yield return new('+', from + now + 1, after[now++]);
        }
    }

    /// <summary>For each pair of places, how many lines the rests have in common.</summary>
    private static int[,] Common(string[] before, string[] after)
    {
        var common = new int[before.Length + 1, after.Length + 1];
        for (var old = before.Length - 1; old >= 0; old--)
        {
            for (var now = after.Length - 1; now >= 0; now--)
                common[old, now] = before[old] == after[now] ? common[old + 1, now + 1] + 1 : Math.Max(common[old + 1, now], common[old, now + 1]);
        }

        return common;
    }

    private static List<DiffLine> Near(List<DiffLine> all)
    {
        var near = new bool[all.Count];
        for (var index = 0; index < all.Count; index++)
        {
            if (all[index].Change == ' ')
                continue;
            for (var other = Math.Max(0, index - Around); other <= Math.Min(all.Count - 1, index + Around); other++)
                near[other] = true;
        }

        var shown = new List<DiffLine>();
        for (var index = 0; index < all.Count; index++)
        {
            if (near[index])
                shown.Add(all[index]);
            else if (shown.Count > 0 && shown[^1].Change != '…' && near.AsSpan(index).Contains(true))
                shown.Add(new('…', 0, ""));
        }

        return shown;
    }
}
