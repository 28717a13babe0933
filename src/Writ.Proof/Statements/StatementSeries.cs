namespace Writ.Proof.Statements;

/// <summary>When a command runs again and again, once it was decided on as a whole.</summary>
/// <param name="Id">The series, <c>ser_…</c>.</param>
/// <param name="Cron">Five fields: minute, hour, day of the month, month, day of the week.</param>
/// <param name="TimeZone">The time zone that they are of, by its IANA name.</param>
/// <param name="Until">Nothing of it runs at this instant or later, in Unix microseconds.</param>
/// <param name="Runs">How many times that is at most, from when it was asked on.</param>
/// <param name="Owner">The person who answers for it.</param>
/// <param name="Template">What makes the command.</param>
public sealed record StatementSeries(string Id, string Cron, string TimeZone, long Until, int Runs, StatementActor Owner, StatementTemplate Template)
{
    /// <summary>The longest time from a decision on a series to its end, in microseconds: 365 days.</summary>
    public const long Longest = 365L * 86_400 * 1_000_000;

    /// <summary>The most runs of a series: one every five minutes for all of that time.</summary>
    public const int MostRuns = 365 * 288;

    /// <summary>True where each member is one that a series can have.</summary>
    public bool IsValid() => Id.Length > 0 && Cron.Length > 0 && TimeZone.Length > 0 && Owner.Id.Length > 0 && Runs is > 0 and <= MostRuns;
}

/// <summary>A version of a template with the values in its places.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">The version's number, from 1.</param>
/// <param name="Sha256">The digest of its text.</param>
/// <param name="Values">By parameter, in the template's order.</param>
public sealed record StatementTemplate(string Name, int Version, string Sha256, IReadOnlyList<StatementValue> Values);

/// <summary>A value in a template's place.</summary>
public sealed record StatementValue(string Parameter, string Value);

/// <summary>One run of a series.</summary>
/// <param name="Series">The series, <c>ser_…</c>.</param>
/// <param name="Statement">The digest of the statement by which it was decided.</param>
/// <param name="At">The instant at which it is due, in Unix microseconds.</param>
public sealed record StatementOccurrence(string Series, string Statement, long At)
{
    /// <summary>How much later than it is due a run is started at most, in microseconds: 15 minutes. What is later is not made up for.</summary>
    public const long Grace = 15L * 60 * 1_000_000;
}
