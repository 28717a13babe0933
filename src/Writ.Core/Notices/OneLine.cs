using System.Globalization;
using System.Text;

namespace Writ.Core.Notices;

/// <summary>
/// What people wrote, for a mail: one line of so many characters, in which nothing is invisible, turns the line around, begins a header or
/// becomes a link. The only address that can be followed from a mail is Writ's own.
/// </summary>
public static class OneLine
{
    /// <summary>The text; what is cut ends with an ellipsis.</summary>
    public static string Of(string? text, int most)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        var (line, count) = (new StringBuilder(), 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (count++ == most)
                return $"{Still(line).TrimEnd()}…";
            line.Append(rune switch
            {
                { Value: '\r' or '\n' or '\t' } => " ",
                // Half of a pair comes as U+FFFD already.
                _ when IsHidden(rune) => "\uFFFD",
                _ => rune.ToString(),
            });
        }

        return Still(line);
    }

    private static string Still(StringBuilder line) => line.ToString().Trim()
        .Replace("://", ":/ /", StringComparison.Ordinal).Replace("www.", "www .", StringComparison.OrdinalIgnoreCase).Replace("mailto:", "mailto :", StringComparison.OrdinalIgnoreCase);

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate;
}
