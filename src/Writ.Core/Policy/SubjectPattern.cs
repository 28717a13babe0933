namespace Writ.Core.Policy;

/// <summary>
/// Which subjects are meant: a text in which each <c>*</c> stands for one or more characters that are neither <c>:</c> nor
/// <c>/</c>, the characters by which issuers join what a subject is made of. So a star never reaches into a part that
/// somebody else decides on.
/// </summary>
public sealed class SubjectPattern
{
    private const int Longest = 1024;
    private readonly string[] _parts;

    private SubjectPattern(string text) => (Text, _parts) = (text, text.Split('*'));

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>A pattern, or null where it would fit everybody's subject, or is of a form that means nothing.</summary>
    public static SubjectPattern? Parse(string text) =>
        text.Length is 0 or > Longest || text[0] == '*' || text.Contains("**", StringComparison.Ordinal) ? null : new(text);

    /// <summary>True where the subject is one of those.</summary>
    public bool Fits(string subject)
    {
        if (subject.Length is 0 or > Longest || !subject.StartsWith(_parts[0], StringComparison.Ordinal))
            return false;
        // Where what was matched so far may end: all places at once, so that no subject makes this slow.
        var ends = new bool[subject.Length + 1];
        ends[_parts[0].Length] = true;
        foreach (var part in _parts.AsSpan(1))
            ends = After(ends, subject, part);
        return ends[^1];
    }

    private static bool[] After(bool[] ends, string subject, string part)
    {
        var next = new bool[ends.Length];
        for (var end = 0; end < subject.Length; end++)
        {
            if (!ends[end])
                continue;
            for (var at = end; at < subject.Length && subject[at] is not (':' or '/'); at++)
            {
                if (subject.AsSpan(at + 1).StartsWith(part, StringComparison.Ordinal))
                    next[at + 1 + part.Length] = true;
            }
        }

        return next;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
