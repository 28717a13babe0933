using System.Globalization;
using Writ.Core.Policy;
using Writ.Proof.Errors;

namespace Writ.Core.Notices;

/// <summary>The hours of each day in which somebody is not told what can wait.</summary>
public static class QuietHours
{
    private static readonly IReadOnlySet<DayOfWeek> EveryDay = Enum.GetValues<DayOfWeek>().ToHashSet();

    /// <summary>Reads <c>22:00-07:00</c> in a time zone of the IANA database.</summary>
    public static Result<Hours> Read(string hours, string zone)
    {
        if (HoursReader.Interval(hours) is not { } interval)
            return new Refusal(ErrorCode.InvalidInput, $"'{OneLine.Of(hours, 40)}' are no quiet hours", "write 22:00-07:00");
        if (interval is (0, 1440))
            return new Refusal(ErrorCode.InvalidInput, "quiet hours that never end would keep everything from you", "turn mail off instead: writ notices set --mail off");
        // By its own name alone: a time zone of the machine, or one in a file, is another one elsewhere.
        return zone.Length <= 64 && zone.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '_' or '-' or '+') && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found)
            ? new Hours(EveryDay, interval.From, interval.To, found)
            : new Refusal(ErrorCode.InvalidInput, $"no time zone is named '{OneLine.Of(zone, 40)}'", "use a name of the IANA database, such as Europe/Berlin or UTC");
    }

    /// <summary><c>22:00-07:00</c>.</summary>
    public static string Text(Hours hours) => string.Create(CultureInfo.InvariantCulture, $"{hours.From / 60:00}:{hours.From % 60:00}-{hours.To / 60:00}:{hours.To % 60:00}");
}
