using System.Globalization;

namespace Writ.Server.WebConsole.History;

/// <summary>A piece of time that somebody looks at: a whole year, month, week, day, hour or minute of their own zone.</summary>
/// <param name="Name">Which of these.</param>
/// <param name="Since">Its beginning.</param>
/// <param name="Until">Its end, which does not belong to it.</param>
/// <param name="Zone">The viewer's zone.</param>
internal sealed record Zoom(string Name, DateTimeOffset Since, DateTimeOffset Until, TimeZoneInfo Zone)
{
    /// <summary>From the widest to the narrowest.</summary>
    public static readonly IReadOnlyList<string> Names = ["year", "month", "week", "day", "hour", "minute"];

    public const string Day = "day";

    /// <summary>The one that an instant lies in.</summary>
    public static Zoom Around(string? name, DateTimeOffset at, TimeZoneInfo zone)
    {
        var kind = Names.Contains(name) ? name! : Day;
        var begin = Floor(kind, TimeZoneInfo.ConvertTime(at, zone).DateTime);
        return new(kind, At(begin, zone), At(Step(kind, begin, 1), zone), zone);
    }

    /// <summary>The one before or after it.</summary>
    public Zoom Moved(int by) => Around(Name, At(Step(Name, Floor(Name, TimeZoneInfo.ConvertTime(Since, Zone).DateTime), by), Zone), Zone);

    /// <summary>Where an instant stands in it, in percent.</summary>
    public double Percent(DateTimeOffset at) => (at - Since) / (Until - Since) * 100;

    /// <summary>An interval in percent, cut to what is shown, and never too narrow to be seen; null where nothing of it is.</summary>
    public (double From, double Width)? Bar(DateTimeOffset from, DateTimeOffset to)
    {
        if (from >= Until || to <= Since)
            return null;
        var (left, right) = (Math.Max(0, Percent(from)), Math.Min(100, Percent(to)));
        return (Math.Min(left, 99.85), Math.Max(0.15, right - left));
    }

    /// <summary>The marks of the axis, the first one at the left edge.</summary>
    public IReadOnlyList<(double Percent, string Text)> Marks()
    {
        var local = TimeZoneInfo.ConvertTime(Since, Zone).DateTime;
        IEnumerable<(DateTime At, string Form)> marks = Name switch
        {
            "year" => Enumerable.Range(0, 12).Select(month => (local.AddMonths(month), "MMM")),
            "month" => Enumerable.Range(0, 5).Select(week => (local.AddDays(week * 7), "d MMM")),
            "week" => Enumerable.Range(0, 7).Select(day => (local.AddDays(day), "ddd d")),
            "hour" => Enumerable.Range(0, 6).Select(ten => (local.AddMinutes(ten * 10), "HH:mm")),
            "minute" => Enumerable.Range(0, 6).Select(ten => (local.AddSeconds(ten * 10), "HH:mm:ss")),
            _ => Enumerable.Range(0, 8).Select(three => (local.AddHours(three * 3), "HH:mm")),
        };
        return [.. marks.Select(mark => (Percent(At(mark.At, Zone)), mark.At.ToString(mark.Form, CultureInfo.InvariantCulture))).Where(mark => mark.Item1 is >= 0 and < 99.9)];
    }

    /// <summary>What it is called: <c>Thursday 12 March 2026</c>.</summary>
    public string Title => TimeZoneInfo.ConvertTime(Since, Zone).ToString(Name switch
    {
        "year" => "yyyy",
        "month" => "MMMM yyyy",
        "week" => "'week from' d MMMM yyyy",
        "hour" => "dddd d MMMM yyyy, HH:mm",
        "minute" => "d MMMM yyyy, HH:mm",
        _ => "dddd d MMMM yyyy",
    }, CultureInfo.InvariantCulture);

    /// <summary>An instant as links carry it.</summary>
    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static DateTime Floor(string name, DateTime local) => name switch
    {
        "year" => new(local.Year, 1, 1),
        "month" => new(local.Year, local.Month, 1),
        "week" => local.Date.AddDays(-(((int)local.DayOfWeek + 6) % 7)),
        "hour" => local.Date.AddHours(local.Hour),
        "minute" => local.Date.AddHours(local.Hour).AddMinutes(local.Minute),
        _ => local.Date,
    };

    private static DateTime Step(string name, DateTime local, int by) => name switch
    {
        "year" => local.AddYears(by),
        "month" => local.AddMonths(by),
        "week" => local.AddDays(7 * by),
        "hour" => local.AddHours(by),
        "minute" => local.AddMinutes(by),
        _ => local.AddDays(by),
    };

    // A time that the clock was put forward over begins when it was.
    private static DateTimeOffset At(DateTime local, TimeZoneInfo zone)
    {
        var plain = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        if (zone.IsInvalidTime(plain))
            plain = plain.AddHours(1);
        return new(plain, zone.GetUtcOffset(plain));
    }
}
