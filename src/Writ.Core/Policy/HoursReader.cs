using System.Globalization;

namespace Writ.Core.Policy;

/// <summary>Reads <c>when</c>.</summary>
internal sealed class HoursReader(string what, Action<int, string, string?> problem)
{
    private static readonly string[] Week = [.. Hours.Names.Keys];

    /// <summary>The hours, or null after reporting a problem.</summary>
    public Hours? Read(PolicyNode node)
    {
        var fields = new FieldReader(node, $"'when' of {what}", ["days", "hours", "from", "until", "tz"], problem);
        if (fields.IsBroken)
            return null;
        if (fields.Find("days") is null && fields.Find("hours") is null && fields.Find("from") is null && fields.Find("until") is null)
            problem(node.Line, $"'when' of {what} names neither days nor hours nor dates", "write { days: mon-fri, hours: \"08:00-18:00\", tz: Europe/Berlin }");
        var zone = TimeZoneInfo.Utc;
        if (fields.Text("tz") is { } name && !TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone!))
        {
            problem(fields.Find("tz")!.Line, $"no time zone is named '{PolicyReader.Visible(name)}'", "use a name of the IANA database, such as Europe/Berlin or UTC");
            zone = TimeZoneInfo.Utc;
        }

        var (from, to) = Times(fields);
        var (first, end) = (Date(fields, "from"), Date(fields, "until"));
        if (first >= end)
            problem(fields.Find("until")!.Line, $"'when' of {what} ends before it begins", "'until' is the first day on which it applies no more");
        return new(Days(fields), from, to, zone) { FirstDay = first, EndDay = end };
    }

    private DateOnly? Date(FieldReader fields, string key)
    {
        if (fields.Text(key) is not { } text)
            return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date.Year is >= 2000 and < 2200)
            return date;
        problem(fields.Find(key)!.Line, $"'{PolicyReader.Visible(text)}' is no date", "write 2026-03-02");
        return null;
    }

    private HashSet<DayOfWeek> Days(FieldReader fields)
    {
        IReadOnlyList<PolicyScalar>? parts = fields.Find("days") switch
        {
            null => [new(fields.Line, "mon-sun")],
            PolicyScalar one => [new(one.Line, one.Value)],
            _ => fields.Texts("days"),
        };
        var days = new HashSet<DayOfWeek>();
        foreach (var part in parts ?? [])
        {
            var ends = part.Value.Split('-');
            var first = Array.IndexOf(Week, ends[0]);
            var last = Array.IndexOf(Week, ends[^1]);
            if (ends.Length > 2 || first < 0 || last < 0)
            {
                problem(part.Line, $"'{PolicyReader.Visible(part.Value)}' is no day or range of days", "write mon-fri or [mon, wed, fri]");
                continue;
            }

            // fri-mon goes over the weekend.
            for (var day = first; ; day = (day + 1) % 7)
            {
                days.Add(Hours.Names[Week[day]]);
                if (day == last)
                    break;
            }
        }

        return days;
    }

    private (int From, int To) Times(FieldReader fields)
    {
        if (fields.Text("hours") is not { } text)
            return (0, 1440);
        if (Interval(text) is { } read)
            return read;
        problem(fields.Find("hours")!.Line, $"'{PolicyReader.Visible(text)}' are no hours", "write \"08:00-18:00\", or \"22:00-06:00\" over midnight");
        return (0, 1440);
    }

    /// <summary>Minutes after midnight of <c>08:00-18:00</c>; null for what is no hours.</summary>
    internal static (int From, int To)? Interval(string text)
    {
        var ends = text.Split('-');
        return ends.Length == 2 && Minutes(ends[0]) is { } from and < 1440 && Minutes(ends[1]) is { } to && from != to && (from, to) != (0, 0)
            ? (from, to == 0 ? 1440 : to)
            : null;
    }

    private static int? Minutes(string text) =>
        text.Length == 5 && text[2] == ':'
        && int.TryParse(text.AsSpan(0, 2), NumberStyles.None, CultureInfo.InvariantCulture, out var hour)
        && int.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var minute)
        && minute < 60 && hour * 60 + minute <= 1440 ? hour * 60 + minute : null;
}
