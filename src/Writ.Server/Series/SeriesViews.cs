using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Series;
using Writ.Core;
using Writ.Core.Series;
using Writ.Proof;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Series;

/// <summary>Series as the API shows them.</summary>
internal static class SeriesViews
{
    private const int Next = 3;

    /// <summary>A series with the request by which it was decided.</summary>
    public sealed record Decided(SeriesRow Series, RequestRow Request);

    public static string State(SeriesState state) => state switch
    {
        SeriesState.None => "none",
        SeriesState.Active => "active",
        SeriesState.Suspended => "suspended",
        SeriesState.Ended => "ended",
    };

    public static SeriesState? ParseState(string text) =>
        Enum.GetValues<SeriesState>().Where(state => state != SeriesState.None && State(state) == text).Select(state => (SeriesState?)state).FirstOrDefault();

    public static string Outcome(OccurrenceOutcome outcome) => outcome switch
    {
        OccurrenceOutcome.None => "none",
        OccurrenceOutcome.Started => "started",
        OccurrenceOutcome.Late => "late",
        OccurrenceOutcome.Missed => "missed",
        OccurrenceOutcome.Overlapping => "overlapping",
        OccurrenceOutcome.NoRunner => "no-runner",
        OccurrenceOutcome.Suspended => "suspended",
        OccurrenceOutcome.HeldUp => "held-up",
        OccurrenceOutcome.Failed => "failed",
    };

    /// <summary>The views of these, with so many of the latest occurrences of each.</summary>
    public static async Task<IReadOnlyList<SeriesView>> Load(WritDb db, IReadOnlyList<Decided> rows, int latest, CancellationToken cancel)
    {
        ActorId[] people = [.. rows.SelectMany(row => new[] { row.Series.ActorId, row.Series.OwnerId }).Distinct()];
        var actors = await db.Actors.AsNoTracking().Where(row => people.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
        var runners = await db.Runners.AsNoTracking().ToDictionaryAsync(row => row.Id, row => row.Name, cancel);
        var views = new List<SeriesView>();
        foreach (var (series, request) in rows)
        {
            var occurrences = await db.Occurrences.AsNoTracking().Where(row => row.SeriesId == series.Id).OrderByDescending(row => row.DueAt).Take(latest).ToListAsync(cancel);
            RunId[] ids = [.. occurrences.Select(row => row.RunId).OfType<RunId>()];
            var states = await db.Runs.AsNoTracking().Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.State, cancel);
            var statement = Statement.Read(request.Statement).Value;
            var terms = statement.Series!;
            views.Add(new(
                series.Id.ToString(), State(series.State), series.Reason, series is { State: SeriesState.Suspended, SuspendedBy: not null }, request.Id.ToString(),
                RequestViews.Of(actors[series.ActorId]), RequestViews.Of(actors[series.OwnerId]), TemplateVersions.View(request)!, statement.Argv!, runners.GetValueOrDefault(request.RunnerId),
                terms.Cron, terms.TimeZone, series.Until, UnixMicroseconds.ToDuration(statement.Duration).TotalSeconds, series.DecidedAt,
                series.NextAt is { } next ? [next, .. SeriesTerms.ScheduleOf(terms).Between(next, series.Until).Take(Next - 1)] : [],
                [.. occurrences.Select(row => new OccurrenceView(row.DueAt, Outcome(row.Outcome), row.At, row.Message, row.RunId?.ToString(), row.RunId is { } run ? RunStates.Text(states[run]) : null, row.Further))]));
        }

        return views;
    }
}
