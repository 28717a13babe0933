using Cronos;
using Writ.Proof.Errors;

namespace Writ.Core.Series;

/// <summary>
/// When a series runs: five fields of cron in a time zone. What a clock that is set forward or back does to it is the library's, which does as
/// Vixie cron does: a time that there is not is made up for at the moment of the change, one that there is twice comes once, and what runs every so many
/// minutes or hours goes on as time does.
/// </summary>
public sealed class Schedule
{
    /// <summary>Two runs of a series lie at least so far apart.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMinutes(5);

    private const int LongestText = 100;

    private readonly CronExpression _cron;
    private readonly TimeZoneInfo _zone;

    private Schedule(string text, CronExpression cron, TimeZoneInfo zone) => (Text, _cron, _zone) = (text, cron, zone);

    /// <summary>The five fields.</summary>
    public string Text { get; }

    /// <summary>The time zone's IANA name.</summary>
    public string TimeZone => _zone.Id;

    /// <summary>Reads both; the refusal says what is wrong with which.</summary>
    public static Result<Schedule> Read(string? cron, string? timeZone)
    {
        var fields = (cron ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var text = string.Join(' ', fields);
        if (fields.Length != 5 || text.Length > LongestText || !text.All(char.IsAscii) || !CronExpression.TryParse(text, CronFormat.Standard, out var parsed))
            return new Refusal(ErrorCode.InvalidInput, "the schedule is not five fields of cron", "minute, hour, day of the month, month, day of the week, for example '0 2 * * 1-5'");
        return string.IsNullOrEmpty(timeZone) || timeZone.Length > LongestText || !TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone) || !zone.HasIanaId
            ? new Refusal(ErrorCode.InvalidInput, "the schedule has no time zone that there is", "use a name of the IANA database, such as Europe/Berlin or UTC")
            : new Schedule(text, parsed, zone);
    }

    /// <summary>When it is due next, after an instant and before another one; null for never.</summary>
    public DateTimeOffset? Next(DateTimeOffset after, DateTimeOffset until) =>
        after < until && _cron.GetNextOccurrence(after.ToUniversalTime(), _zone) is { } next && next < until ? next.ToUniversalTime() : null;

    /// <summary>Every time that it is due between two instants, neither of them counted.</summary>
    public IEnumerable<DateTimeOffset> Between(DateTimeOffset after, DateTimeOffset until)
    {
        for (var at = Next(after, until); at is { } due; at = Next(due, until))
            yield return due;
    }

    /// <summary>How many times it is due between two instants; the refusal where that is never, or more often than <see cref="Shortest"/>.</summary>
    public Result<int> Count(DateTimeOffset after, DateTimeOffset until)
    {
        var count = 0;
        DateTimeOffset? before = null;
        foreach (var at in Between(after, until))
        {
            if (at - before < Shortest)
                return new Refusal(ErrorCode.InvalidInput, "the schedule is due more often than every 5 minutes", "for example '*/15 * * * *'");
            (before, count) = (at, count + 1);
        }

        return count > 0 ? count : new Refusal(ErrorCode.InvalidInput, "the schedule is never due before its end", "name a later end");
    }
}
