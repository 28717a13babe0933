using Writ.Contracts.Requests;
using Writ.Contracts.Templates;

namespace Writ.Contracts.Series;

/// <summary>That a template shall run again and again, in <c>POST /v1/requests</c>.</summary>
/// <param name="Cron">Five fields: minute, hour, day of the month, month, day of the week.</param>
/// <param name="TimeZone">The time zone that they are of, by its IANA name.</param>
/// <param name="Until">Nothing of it runs at this instant or later; at most 365 days from now.</param>
public sealed record SeriesAsk(string Cron, string TimeZone, DateTimeOffset Until);

/// <summary>What a request has to do with a series.</summary>
/// <param name="Id"><c>ser_…</c></param>
/// <param name="Cron">When it runs.</param>
/// <param name="TimeZone">The time zone of that.</param>
/// <param name="Until">Its end.</param>
/// <param name="Runs">How many runs it has at most.</param>
/// <param name="Owner">The person who answers for it.</param>
/// <param name="Due">When this one run of it was due; null for a request for the series itself.</param>
/// <param name="Next">Of a request for the series itself: when it would run next.</param>
public sealed record SeriesTermsView(string Id, string Cron, string TimeZone, DateTimeOffset Until, int Runs, ActorView Owner, DateTimeOffset? Due, IReadOnlyList<DateTimeOffset> Next);

/// <summary>A series, from the decision on.</summary>
/// <param name="Id"><c>ser_…</c></param>
/// <param name="State"><c>active</c>, <c>suspended</c> or <c>ended</c>.</param>
/// <param name="Reason">Why it is suspended or ended, or null.</param>
/// <param name="MayResume">Whether a person can let it go on; false where it must be decided anew.</param>
/// <param name="Request">The request by which it was decided.</param>
/// <param name="Actor">Whose runs they are.</param>
/// <param name="Owner">The person who answers for it.</param>
/// <param name="Template">What runs.</param>
/// <param name="Argv">The canonical argv of each run.</param>
/// <param name="DurationSeconds">How long a run lasts at most.</param>
/// <param name="Next">When it runs next; empty where it does not.</param>
/// <param name="Occurrences">What came of its latest runs, newest first.</param>
public sealed record SeriesView(
    string Id, string State, string? Reason, bool MayResume, string Request, ActorView Actor, ActorView Owner, TemplateUseView Template, IReadOnlyList<string> Argv, string? Runner,
    string Cron, string TimeZone, DateTimeOffset Until, double DurationSeconds, DateTimeOffset DecidedAt, IReadOnlyList<DateTimeOffset> Next, IReadOnlyList<OccurrenceView> Occurrences);

/// <summary>What came of a run of a series.</summary>
/// <param name="Due">When it was due.</param>
/// <param name="Outcome"><c>started</c>, <c>late</c>, <c>missed</c>, <c>overlapping</c>, <c>no-runner</c>, <c>suspended</c>, <c>held-up</c> or <c>failed</c>.</param>
/// <param name="At">When that was known.</param>
/// <param name="Message">Why, or null.</param>
/// <param name="Run">The run, or null where there is none.</param>
/// <param name="RunState">Where the run stands, or null.</param>
/// <param name="Further">How many more were missed after it in one go.</param>
public sealed record OccurrenceView(DateTimeOffset Due, string Outcome, DateTimeOffset At, string? Message, string? Run, string? RunState, int Further);

/// <summary>Holds a series up, lets it go on, or ends it. <c>POST /v1/series/{id}/suspend</c>, <c>/resume</c>, <c>/end</c></summary>
public sealed record SeriesReason(string? Reason = null);
