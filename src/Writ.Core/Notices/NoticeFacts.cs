namespace Writ.Core.Notices;

/// <summary>What a notice is made of. Commands and addresses are not among it: they are on the page, behind a sign-in.</summary>
/// <param name="Kind">What is told.</param>
/// <param name="Who">Whose request it is.</param>
/// <param name="Tool">With which tool.</param>
/// <param name="Zones">In which zones.</param>
/// <param name="Duration">For how long.</param>
/// <param name="Link">The page to look at and, where one may, to decide on.</param>
public sealed record NoticeFacts(NoticeKind Kind, string Who, string Tool, IReadOnlyList<string> Zones, TimeSpan Duration, Uri Link)
{
    /// <summary>Whether it is the reader's own request; else they answer for it.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Whether it is more time for a live run.</summary>
    public bool IsMoreTime { get; init; }

    /// <summary>Whether it is a series of runs.</summary>
    public bool IsSeries { get; init; }

    /// <summary>What its requester, or whoever ended it, wrote; null for nothing.</summary>
    public string? Said { get; init; }

    /// <summary>Who decided, reviewed, revoked or killed; null where it is not one person.</summary>
    public string? By { get; init; }

    /// <summary>Of a review: what was found.</summary>
    public bool Justified { get; init; }

    /// <summary>Until when it can be decided, or null.</summary>
    public DateTimeOffset? Closes { get; init; }

    /// <summary>Whom the reader stands in for, or null.</summary>
    public string? StandsInFor { get; init; }

    /// <summary>The clock by which instants are written.</summary>
    public TimeZoneInfo Clock { get; init; } = TimeZoneInfo.Utc;
}
