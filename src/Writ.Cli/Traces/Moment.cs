using System.Globalization;
using Writ.Cli.Options;

namespace Writ.Cli.Traces;

/// <summary>
/// A moment as people write it down: <c>14:03</c> is a whole minute, <c>14:03:22</c> a whole second, and without a date the last such
/// one in the viewer's zone. With a date and no offset it is in that zone too.
/// </summary>
/// <param name="Begin">Its beginning.</param>
/// <param name="End">Its end, which does not belong to it.</param>
internal sealed record Moment(DateTimeOffset Begin, DateTimeOffset End)
{
    private static readonly (string Form, TimeSpan Length)[] Times = [("HH:mm", TimeSpan.FromMinutes(1)), ("H:mm", TimeSpan.FromMinutes(1)), ("HH:mm:ss", TimeSpan.FromSeconds(1))];
    private static readonly string[] Between = ["-dd'T'", "-dd' '"];

    /// <summary>Reads a moment; null for what is none, and for one that has not come yet.</summary>
    public static Moment? Parse(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        foreach (var (form, length) in Times)
        {
            if (TimeOnly.TryParseExact(text, form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
                return Last(time, length, now, zone);
            foreach (var between in Between)
            {
                if (DateTime.TryParseExact(text, "yyyy-MM" + between + form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
                    return !zone.IsInvalidTime(local) && Latest(local, now, zone) is { } at ? new(at, at + length) : null;
                if (DateTimeOffset.TryParseExact(text, "yyyy-MM" + between + form + "zzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out var exact)
                    || DateTimeOffset.TryParseExact(text, "yyyy-MM" + between + form + "'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out exact))
                    return exact <= now ? new(exact, exact + length) : null;
            }
        }

        return null;
    }

    /// <summary>Reads the beginning or end of a time: a moment, an instant, or how long ago.</summary>
    public static DateTimeOffset? Edge(string text, DateTimeOffset now, TimeZoneInfo zone, bool isEnd)
    {
        if (Parse(text, now, zone) is { } moment)
            return isEnd ? moment.End : moment.Begin;
        if (Duration.TryParse(text, out var ago))
            return now - ago;
        return Instant.TryParse(text, out var instant) ? instant : null;
    }

    // Yesterday where it has not been today, and earlier where the clock was put forward over it.
    private static Moment? Last(TimeOnly time, TimeSpan length, DateTimeOffset now, TimeZoneInfo zone)
    {
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        for (var back = 0; back < 3; back++)
        {
            var local = today.AddDays(-back).ToDateTime(time);
            if (!zone.IsInvalidTime(local) && Latest(local, now, zone) is { } at)
                return new(at, at + length);
        }

        return null;
    }

    // The later one that has been, where the clock was put back and it came twice.
    private static DateTimeOffset? Latest(DateTime local, DateTimeOffset now, TimeZoneInfo zone)
    {
        var offsets = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local) : [zone.GetUtcOffset(local)];
        return offsets.Select(offset => new DateTimeOffset(local, offset)).Where(at => at <= now).Select(at => (DateTimeOffset?)at).Max();
    }
}
