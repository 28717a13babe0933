using System.Globalization;

namespace Writ.Core.Policy;

/// <summary>
/// Hours of the week in a time zone. An interval belongs to the day on which it begins, so <c>22:00-06:00</c> on Friday
/// ends on Saturday morning. Half-open: at the end it is over.
/// </summary>
/// <param name="Days">The days on which an interval begins, at least one.</param>
/// <param name="From">Minutes after midnight at which it begins, 0 to 1439.</param>
/// <param name="To">Minutes after midnight at which it ends, 1 to 1440; not after <see cref="From"/> means the next day.</param>
/// <param name="Zone">The time zone, of the IANA database.</param>
public sealed record Hours(IReadOnlySet<DayOfWeek> Days, int From, int To, TimeZoneInfo Zone)
{
    /// <summary>The first day on which an interval begins; null for no first.</summary>
    public DateOnly? FirstDay { get; init; }

    /// <summary>The first day on which none begins any more; null where they never end.</summary>
    public DateOnly? EndDay { get; init; }

    /// <summary>
    /// The end of the interval in which the moment lies, or null when it lies in none. Intervals that touch are one;
    /// one that never ends (every day, all day) has its end a week ahead.
    /// </summary>
    public DateTimeOffset? EndAt(DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, Zone).DateTime);
        DateTimeOffset? end = null;
        for (var day = today.AddDays(-1); day <= today.AddDays(7); day = day.AddDays(1))
        {
            if (!Days.Contains(day.DayOfWeek) || day < FirstDay || day >= EndDay)
                continue;
            var first = Instant(day, From, end: false);
            var last = Instant(To > From ? day : day.AddDays(1), To, end: true);
            if (end is null ? first <= now && now < last : first <= end && end < last)
                end = last;
        }

        return end;
    }

    /// <summary><c>mon-fri 08:00-18:00 Europe/Berlin</c>.</summary>
    public override string ToString()
    {
        var days = string.Join(',', Names.Where(name => Days.Contains(name.Value)).Select(name => name.Key));
        return string.Create(CultureInfo.InvariantCulture,
            $"{(days == string.Join(',', Names.Keys) ? "every day" : days)} {From / 60:00}:{From % 60:00}-{To / 60:00}:{To % 60:00} {Zone.Id}{(FirstDay is { } first ? $" from {first:yyyy-MM-dd}" : "")}{(EndDay is { } end ? $" until {end:yyyy-MM-dd}" : "")}");
    }

    /// <summary>The days of the week as the policy file spells them, Monday first.</summary>
    internal static readonly IReadOnlyDictionary<string, DayOfWeek> Names = new Dictionary<string, DayOfWeek>
    {
        ["mon"] = DayOfWeek.Monday, ["tue"] = DayOfWeek.Tuesday, ["wed"] = DayOfWeek.Wednesday, ["thu"] = DayOfWeek.Thursday,
        ["fri"] = DayOfWeek.Friday, ["sat"] = DayOfWeek.Saturday, ["sun"] = DayOfWeek.Sunday,
    };

    /// <summary>
    /// The instant of a local time. Where clocks change, the stricter reading: what an hour that comes twice begins, it
    /// begins the second time, and what it ends, it ends the first time; an hour that is left out is where it would have been.
    /// </summary>
    private DateTimeOffset Instant(DateOnly day, int minutes, bool end)
    {
        var local = day.ToDateTime(TimeOnly.MinValue).AddMinutes(minutes);
        if (Zone.IsAmbiguousTime(local))
        {
            var offsets = Zone.GetAmbiguousTimeOffsets(local);
            return new(local, end ? offsets.Max() : offsets.Min());
        }

        return Zone.IsInvalidTime(local)
            ? new(local, Zone.GetUtcOffset(local.AddHours(-3)))
            : new(local, Zone.GetUtcOffset(local));
    }
}
