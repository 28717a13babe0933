using System.Globalization;

namespace Writ.Server.WebConsole.Series;

/// <summary>Five fields of cron in words, for the schedules that people write. What is not one of these has no words: its fields are shown as they are.</summary>
internal static class ScheduleWords
{
    private static readonly string[] Days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] Months = ["", .. CultureInfo.InvariantCulture.DateTimeFormat.MonthNames.Take(12)];

    /// <summary>As in <c>at 02:00, Monday to Friday</c>; null where there are no words.</summary>
    public static string? Of(string cron)
    {
        if (cron.Split(' ') is not [var minute, var hour, var day, var month, var weekday] || Clock(minute, hour) is not { } clock || Which(day, weekday) is not { } days || In(month) is not { } months)
            return null;
        return $"{clock}{(days.Length > 0 ? $", {days}" : "")}{months}";
    }

    private static string? Clock(string minute, string hour)
    {
        if (Step(minute) is { } minutes && hour == "*")
            return 60 % minutes == 0 ? $"every {Printable.Count(minutes, "minute")}" : null;
        if (Number(minute, 0, 59) is not { } at)
            return null;
        if (hour == "*")
            return $"every hour at :{at:00}";
        if (Step(hour) is { } hours)
            return 24 % hours == 0 ? $"every {Printable.Count(hours, "hour")} at :{at:00}" : null;
        return List(hour, 0, 23) is { } all ? $"at {And([.. all.Select(each => $"{each:00}:{at:00}")])}" : null;
    }

    // Where both are said, both must be true: that has no short words.
    private static string? Which(string day, string weekday) => (day, weekday) switch
    {
        ("*", "*") => "every day",
        ("*", _) => Range(weekday, 0, 7) is var (from, to) ? $"{Days[from]} to {Days[to]}" : List(weekday, 0, 7) is { } named ? $"on {And([.. named.Select(each => Days[each])])}" : null,
        ("L", "*") => "on the last day of the month",
        (_, "*") => List(day, 1, 31) is { } days ? $"on day {And([.. days.Select(each => each.ToString(CultureInfo.InvariantCulture))])} of the month" : null,
        _ => null,
    };

    private static string? In(string month) => month == "*" ? ""
        : Range(month, 1, 12) is var (from, to) ? $", {Months[from]} to {Months[to]}" : List(month, 1, 12) is { } months ? $", in {And([.. months.Select(each => Months[each])])}" : null;

    private static string And(string[] words) => words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} and {words[^1]}";

    private static int? Step(string field) => field.StartsWith("*/", StringComparison.Ordinal) ? Number(field[2..], 2, 59) : null;

    private static (int From, int To)? Range(string field, int least, int most) =>
        field.Split('-') is [var from, var to] && Number(from, least, most) is { } first && Number(to, least, most) is { } last && first < last ? (first, last) : null;

    private static int[]? List(string field, int least, int most)
    {
        var numbers = field.Split(',').Select(each => Number(each, least, most)).ToList();
        return numbers.All(each => each is not null) ? [.. numbers.Select(each => each!.Value)] : null;
    }

    private static int? Number(string text, int least, int most) =>
        text.Length is 1 or 2 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;
}
