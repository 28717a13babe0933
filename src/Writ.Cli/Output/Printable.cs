using System.Globalization;
using System.Text;

namespace Writ.Cli.Output;

/// <summary>
/// Texts of other people (reasons, comments, names, arguments) made safe for a terminal: a control character, an escape
/// sequence or a mark that reverses the direction of text must not rewrite what an approver sees.
/// </summary>
internal static class Printable
{
    /// <summary>The text on one line, with everything that is not plainly visible written as an escape.</summary>
    public static string Line(string? text) => Escape(text ?? "", keepLines: false);

    /// <summary>As <see cref="Line"/>, but lines and tabs stay.</summary>
    public static string Lines(string? text) => Escape(text ?? "", keepLines: true);

    /// <summary>An argv as a shell would have to be given it, so that borders between arguments can be seen.</summary>
    public static string Command(IEnumerable<string> argv) => string.Join(' ', argv.Select(Argument));

    /// <summary>True for what a terminal shows and does not obey.</summary>
    public static bool IsVisible(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or
        UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static string Argument(string argument)
    {
        var plain = argument.Length > 0 && argument.All(c => char.IsAsciiLetterOrDigit(c) || "@%+=:,./-_".Contains(c, StringComparison.Ordinal));
        return plain ? argument : $"'{Line(argument).Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    private static string Escape(string text, bool keepLines)
    {
        var safe = true;
        foreach (var rune in text.EnumerateRunes())
            safe &= IsVisible(rune);
        if (safe)
            return text;

        var built = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsVisible(rune) || (keepLines && rune.Value is '\n' or '\t'))
                built.Append(rune.ToString());
            else if (rune.Value == '\n')
                built.Append("\\n");
            else if (rune.Value == '\t')
                built.Append("\\t");
            else if (rune.Value < 0x100)
                built.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
            else
                built.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
        }

        return built.ToString();
    }
}
