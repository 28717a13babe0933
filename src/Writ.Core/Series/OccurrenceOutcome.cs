namespace Writ.Core.Series;

/// <summary>What came of a run of a series at the time when it was due. The zero value is nothing that ran.</summary>
public enum OccurrenceOutcome
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>It was started when it was due.</summary>
    Started,
    /// <summary>It was started later than a minute after it was due, for example since the server or the runner was away.</summary>
    Late,
    /// <summary>It was not started within its grace, since no server was there; it is not made up for.</summary>
    Missed,
    /// <summary>The run before it was still live: it is left out.</summary>
    Overlapping,
    /// <summary>Its runner was not connected within its grace; it is not made up for.</summary>
    NoRunner,
    /// <summary>What was decided on has changed: the series is suspended, and nothing ran.</summary>
    Suspended,
    /// <summary>Whoever it is for is given nothing before a review of break-glass; it is left out.</summary>
    HeldUp,
    /// <summary>It could not be started, for another reason; it is left out.</summary>
    Failed,
}
