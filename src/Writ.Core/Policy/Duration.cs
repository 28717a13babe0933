using System.Globalization;

namespace Writ.Core.Policy;

/// <summary>
/// Durations as people write them: whole numbers with <c>d</c>, <c>h</c>, <c>m</c>, <c>s</c>, each at most once and in
/// this order: <c>30m</c>, <c>90s</c>, <c>1h30m</c>.
/// </summary>
public static class Duration
{
    private static readonly (char Unit, int Seconds)[] Units = [('d', 86400), ('h', 3600), ('m', 60), ('s', 1)];

    /// <summary>The longest that is read: a year of 366 days.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>Reads a duration of more than nothing and at most <see cref="Longest"/>.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        long seconds = 0;
        var (at, unit) = (0, 0);
        while (at < text.Length)
        {
            var start = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
                at++;
            if (at == start || at - start > 8 || at == text.Length)
                return false;
            while (unit < Units.Length && Units[unit].Unit != text[at])
                unit++;
            if (unit == Units.Length)
                return false;
            seconds += long.Parse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture) * Units[unit++].Seconds;
            at++;
        }

        if (seconds == 0 || seconds > Longest.TotalSeconds)
            return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    /// <summary>Writes what <see cref="TryParse"/> reads; fractions of a second are cut off.</summary>
    public static string Format(TimeSpan duration)
    {
        var rest = (long)duration.TotalSeconds;
        var text = "";
        foreach (var (unit, seconds) in Units)
        {
            if (rest >= seconds)
                text += string.Create(CultureInfo.InvariantCulture, $"{rest / seconds}{unit}");
            rest %= seconds;
        }

        return text.Length == 0 ? "0s" : text;
    }
}
