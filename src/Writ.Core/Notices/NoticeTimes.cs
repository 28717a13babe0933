using Writ.Core.Policy;

namespace Writ.Core.Notices;

/// <summary>When somebody is told. Pure: every instant is given.</summary>
public static class NoticeTimes
{
    /// <summary>What is told later than so long before the end cannot be acted on.</summary>
    public static readonly TimeSpan LastMoment = TimeSpan.FromMinutes(1);

    /// <summary>How long it is tried to tell somebody.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(3);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <summary>When those are reminded who may decide: three quarters of the time are over, and a minute is left. Null where there is no such moment.</summary>
    public static DateTimeOffset? ReminderAt(DateTimeOffset asked, DateTimeOffset closes)
    {
        var (quarter, last) = (asked + (closes - asked) * 0.75, closes - LastMoment);
        var at = quarter < last ? quarter : last;
        return at > asked ? at : null;
    }

    /// <summary>What somebody who may decide is told of a waiting request at this moment, as far as they were not told already.</summary>
    /// <param name="asked">When it was asked.</param>
    /// <param name="closes">When its time to be decided is over.</param>
    /// <param name="after">How long after it was asked the person's turn to be told comes.</param>
    /// <param name="now">The moment.</param>
    /// <param name="told">What they were told of it.</param>
    public static NoticeKind Due(DateTimeOffset asked, DateTimeOffset closes, TimeSpan after, DateTimeOffset now, IReadOnlyCollection<NoticeKind> told)
    {
        if (now >= closes || told.Contains(NoticeKind.Reminder))
            return NoticeKind.None;
        // A reminder is for everybody, also those whose turn has not come: there is no later one.
        if (ReminderAt(asked, closes) <= now && now <= closes - LastMoment)
            return NoticeKind.Reminder;
        return now >= asked + after && !told.Contains(NoticeKind.Asked) ? NoticeKind.Asked : NoticeKind.None;
    }

    /// <summary>Until when a notice is held by the person's quiet hours, or null for not at all.</summary>
    /// <param name="kind">Broken glass is never held.</param>
    /// <param name="quiet">The person's quiet hours, or null.</param>
    /// <param name="closes">When what it is about is over, or null; it is not held until it would be too late.</param>
    /// <param name="now">The moment.</param>
    public static DateTimeOffset? HeldUntil(NoticeKind kind, Hours? quiet, DateTimeOffset? closes, DateTimeOffset now) =>
        kind != NoticeKind.GlassBroken && quiet?.EndAt(now) is { } end && !(end + LastMoment > closes) ? end : null;

    /// <summary>How long after so many failures in a row it is tried again.</summary>
    public static TimeSpan Pause(int failures) =>
        failures >= 8 ? LongestPause : TimeSpan.FromTicks(Math.Min(FirstPause.Ticks << Math.Max(0, failures - 1), LongestPause.Ticks));
}
