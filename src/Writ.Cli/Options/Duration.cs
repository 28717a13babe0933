using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;

namespace Writ.Cli.Options;

/// <summary>Durations as they are typed: <c>90s</c>, <c>30m</c>, <c>8h</c>, <c>1h30m</c>, <c>2d</c>.</summary>
internal static class Duration
{
    private const string Units = "dhms";
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    /// <summary>Reads a positive duration of at most 366 days: numbers with units, larger units first, none twice.</summary>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        if (string.IsNullOrEmpty(text))
            return false;
        long seconds = 0;
        var lastUnit = -1;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i]))
                i++;
            if (i == start || i - start > 9 || i == text.Length)
                return false;
            var unit = Units.IndexOf(text[i], StringComparison.Ordinal);
            if (unit <= lastUnit)
                return false;
            lastUnit = unit;
            var count = long.Parse(text.AsSpan(start, i - start), NumberStyles.None, CultureInfo.InvariantCulture);
            seconds += count * (unit switch { 0 => 86_400, 1 => 3_600, 2 => 60, _ => 1 });
            i++;
        }

        if (seconds <= 0 || seconds > (long)Longest.TotalSeconds)
            return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    /// <summary>Writes a duration the way it is typed, cut to whole seconds (below one second: milliseconds).</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, duration.TotalMilliseconds):0} ms");
        var text = new StringBuilder();
        Part(duration.Days, 'd');
        Part(duration.Hours, 'h');
        Part(duration.Minutes, 'm');
        Part(duration.Seconds, 's');
        return text.ToString();

        void Part(int count, char unit)
        {
            if (count > 0)
                text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
        }
    }

    /// <summary>The one or two largest units only.</summary>
    public static string Rough(TimeSpan duration) => Format(duration switch
    {
        { TotalDays: >= 1 } => TimeSpan.FromHours(Math.Floor(duration.TotalHours)),
        { TotalHours: >= 1 } => TimeSpan.FromMinutes(Math.Floor(duration.TotalMinutes)),
        _ => duration,
    });

    /// <summary>The clock of a status line, for example <c>0:42</c> or <c>1:02:03</c>.</summary>
    public static string Clock(TimeSpan elapsed) =>
        elapsed.ToString(elapsed.TotalHours >= 1 ? @"h\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture);

    /// <summary>The value of a duration option.</summary>
    public static TimeSpan? OfOption(ArgumentResult result)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";
        if (TryParse(text, out var duration))
            return duration;
        result.AddError($"'{text}' is no duration; write it like 90s, 30m, 8h or 1h30m");
        return null;
    }
}
