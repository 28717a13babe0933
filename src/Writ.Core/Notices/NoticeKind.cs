namespace Writ.Core.Notices;

/// <summary>What a person is told. The zero value is nothing.</summary>
public enum NoticeKind
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>To those who may decide: a request waits for them.</summary>
    Asked,
    /// <summary>To those who may decide: its time is nearly over.</summary>
    Reminder,
    /// <summary>To those who review: somebody broke the glass.</summary>
    GlassBroken,
    /// <summary>To those who asked: people said yes.</summary>
    Approved,
    /// <summary>To those who asked: it was denied.</summary>
    Denied,
    /// <summary>To those who asked: nobody decided in time.</summary>
    Expired,
    /// <summary>To the one who broke the glass: another person reviewed it.</summary>
    GlassReviewed,
    /// <summary>To the holder: somebody else took their grant away.</summary>
    GrantRevoked,
    /// <summary>To whom a run is of: somebody else ended it.</summary>
    RunKilled,
    /// <summary>To those whose series it is: what was decided on has changed, and nothing of it is started any more.</summary>
    SeriesSuspended,
}

/// <summary>What becomes of a notice. The zero value is sent nowhere.</summary>
public enum NoticeState
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>It is sent, now or when its time comes.</summary>
    Waiting,
    /// <summary>A mail server, or the push service of a browser, took it.</summary>
    Sent,
    /// <summary>There is nothing to tell any more: it was decided, the person is disabled, or does not want it.</summary>
    Void,
    /// <summary>It was never taken, and is not tried again.</summary>
    GivenUp,
}

/// <summary>By which way a notice goes. The zero value is none.</summary>
public enum NoticeChannel
{
    /// <summary>None.</summary>
    None,
    /// <summary>A mail to the person's address.</summary>
    Mail,
    /// <summary>A message to the person's browsers.</summary>
    Push,
}
