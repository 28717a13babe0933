using System.Globalization;
using System.Text;

namespace Writ.Server.WebConsole;

/// <summary>
/// Texts that a person or a tool wrote, made safe to look at: what would be invisible, or turn the line around, is shown as what
/// it is. Blazor encodes all of it as HTML besides.
/// </summary>
internal static class Printable
{
    /// <summary>The text with its control and format characters shown as <c>\u202e</c>; line ends are kept where asked.</summary>
    public static string Of(string? text, bool lines = false)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        if (text.All(letter => !IsHidden(letter, lines)))
            return text;
        var shown = new StringBuilder(text.Length + 16);
        foreach (var letter in text)
        {
            if (!IsHidden(letter, lines))
                shown.Append(letter);
            else
                shown.Append(letter < 0x80 ? $"\\x{(int)letter:x2}" : $"\\u{(int)letter:x4}");
        }

        return shown.ToString();
    }

    /// <summary>Cut to so many characters, with an ellipsis.</summary>
    public static string Cut(string? text, int most) => Of(text is { } whole && whole.Length > most ? $"{whole[..(most - 1)]}…" : text);

    /// <summary>An id by its kind and its end, where ids differ: <c>req-7q4m2k</c>. Anything else as it is.</summary>
    public static string ShortId(string id)
    {
        var at = id.IndexOf('_', StringComparison.Ordinal);
        return at is > 0 and <= 4 && id.Length > at + 20 ? $"{id[..at]}-{id[^6..]}" : Of(id);
    }

    /// <summary>A number with thousands apart.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A decimal of any size with thousands apart; of what has more than 15 digits the power of two.</summary>
    public static string Number(string number) =>
        long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var small) && small < 1_000_000_000_000_000
            ? Number(small)
            : System.Numerics.BigInteger.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var large) ? $"2^{System.Numerics.BigInteger.Log(large, 2):0.#}" : Of(number);

    /// <summary>A duration in words: <c>30 minutes</c>, <c>2 h 15 min</c>.</summary>
    public static string Words(TimeSpan duration)
    {
        if (duration < TimeSpan.FromMinutes(1))
            return Count((long)Math.Round(duration.TotalSeconds), "second");
        if (duration < TimeSpan.FromHours(1))
            return duration.Seconds == 0 ? Count((long)duration.TotalMinutes, "minute") : string.Create(CultureInfo.InvariantCulture, $"{(long)duration.TotalMinutes} min {duration.Seconds} s");
        if (duration < TimeSpan.FromDays(2))
            return duration.Minutes == 0 ? Count((long)duration.TotalHours, "hour") : string.Create(CultureInfo.InvariantCulture, $"{(long)duration.TotalHours} h {duration.Minutes} min");
        return duration.Hours == 0 ? Count((long)duration.TotalDays, "day") : string.Create(CultureInfo.InvariantCulture, $"{(long)duration.TotalDays} days {duration.Hours} h");
    }

    /// <summary>The same, short: <c>30 min</c>, <c>2 h</c>.</summary>
    public static string Short(TimeSpan duration) => Words(duration)
        .Replace(" minutes", " min", StringComparison.Ordinal).Replace(" minute", " min", StringComparison.Ordinal)
        .Replace(" hours", " h", StringComparison.Ordinal).Replace(" hour", " h", StringComparison.Ordinal)
        .Replace(" seconds", " s", StringComparison.Ordinal).Replace(" second", " s", StringComparison.Ordinal);

    /// <summary><c>1 host</c>, <c>2 hosts</c>.</summary>
    public static string Count(long number, string what) => $"{Number(number)} {what}{(number == 1 ? "" : "s")}";

    /// <summary>A command line as it could be typed.</summary>
    public static string Command(IEnumerable<string> argv) => string.Join(' ', argv.Select(Word));

    /// <summary>A word of a command line as it could be typed.</summary>
    public static string Word(string word) =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:,=@%+*[]~".Contains(letter, StringComparison.Ordinal))
            ? word : $"'{Of(word).Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool IsHidden(char letter, bool lines) =>
        (letter != '\n' || !lines) && (char.IsControl(letter) || CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse);
}
