using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Series;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Series;
using Writ.Core.Templates;
using Writ.Core.Tools;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Series;

/// <summary>When a command shall run again and again: as it is asked for, as a statement has it, and as the API shows it.</summary>
internal static class SeriesTerms
{
    /// <summary>So many of its times are looked at when it is asked, for the hours of its rules.</summary>
    private const int LookedAt = 400;

    private const int Shown = 3;

    private static readonly TimeSpan Longest = UnixMicroseconds.ToDuration(StatementSeries.Longest);

    /// <summary>What is wrong with the call itself, or null.</summary>
    public static Refusal? Malformed(AskForAccess ask) =>
        ask.Series is not { } series ? null
        : ask.Template is null ? new(ErrorCode.InvalidInput, "a series is of a template, and none is given", "writ templates lists them")
        : ask is { BreakGlass: true } or { Start: not null } or { Uses: not (null or 1) } or { Inputs.Count: > 0 } ? new(ErrorCode.InvalidInput, "a series has a schedule, and each of its runs one use, no start of its own and no files", "leave them out")
        : Schedule.Read(series.Cron, series.TimeZone) is { IsOk: false, Refusal: var wrong } ? wrong : null;

    /// <summary>The instant whose hours count: the asked start, or when the series is due first.</summary>
    public static DateTimeOffset When(AskForAccess ask, DateTimeOffset now) =>
        ask.Series is { } series && Schedule.Read(series.Cron, series.TimeZone) is { IsOk: true, Value: var schedule } ? schedule.Next(now, series.Until) ?? now : ask.Start ?? now;

    /// <summary>The same of a request.</summary>
    public static DateTimeOffset When(RequestRow request, DateTimeOffset now) =>
        request is { Series: not null, DueAt: null } && Statement.Read(request.Statement) is { IsOk: true, Value.Series: { } series }
            ? ScheduleOf(series).Next(now, UnixMicroseconds.ToInstant(series.Until)) ?? now : request.Start ?? now;

    /// <summary>When a series that was stated runs.</summary>
    public static Schedule ScheduleOf(StatementSeries series) =>
        Schedule.Read(series.Cron, series.TimeZone) is { IsOk: true, Value: var schedule } ? schedule : throw new InvalidOperationException($"the schedule of {series.Id} cannot be read");

    /// <summary>What is stated of it; null for what is no series.</summary>
    public static async Task<Result<StatementSeries?>> Of(WriteScope scope, Caller caller, AskForAccess ask, TemplateUse? use, TemplateRow? version, Plan plan)
    {
        if (ask.Series is not { } series)
            return (StatementSeries?)null;
        if (caller.OnBehalfOf is not null)
            return new Refusal(ErrorCode.Forbidden, "an agent asks for no series", "the person asks by themselves: writ series request");
        if (plan.Inputs.Count > 0 || plan.Terminal is not null)
            return new Refusal(ErrorCode.InvalidInput, "a run of a series has nobody at it, and the command needs files or a terminal of somebody's");
        if (series.Until > scope.Now + Longest)
            return new Refusal(ErrorCode.DurationTooLong, "a series lasts 365 days at most", $"--until {(scope.Now + Longest).UtcDateTime:yyyy-MM-dd} at the latest");

        // Somebody answers for it: the person who asks, or the workload's owner.
        if ((caller.Kind == ActorKind.User ? caller.Id : caller.Owner) is not { } owner)
            return new Refusal(ErrorCode.Forbidden, $"{caller.Name} has no owner, and nobody would answer for the series", "the policy names one: workloads: { " + caller.Name + ": { owner: … } }");
        var person = await scope.Db.Actors.AsNoTracking().SingleAsync(row => row.Id == owner);
        if (person.DisabledAt is not null)
            return new Refusal(ErrorCode.Forbidden, $"{person.Name}, who would answer for the series, is disabled");

        var schedule = Schedule.Read(series.Cron, series.TimeZone).Value;
        var runs = schedule.Count(scope.Now, series.Until);
        return !runs.IsOk ? runs.Refusal : new StatementSeries(
            SeriesId.New(scope.Now).ToString(), schedule.Text, schedule.TimeZone, UnixMicroseconds.From(series.Until), runs.Value, new(person.Id.ToString(), person.Name),
            new(version!.Name, version.Version, version.Digest, [.. use!.Values.Select(value => new StatementValue(value.Key, value.Value))]));
    }

    /// <summary>The first time at which it would be due outside of the hours of its rules, or null: the answer for one time is not the one for all.</summary>
    public static DateTimeOffset? OutOfHours(StatementSeries series, DateTimeOffset now, Func<DateTimeOffset, Evaluation> evaluate) =>
        ScheduleOf(series).Between(now, UnixMicroseconds.ToInstant(series.Until)).Take(LookedAt).Where(at => evaluate(at).Verdict == Verdict.Deny).Select(at => (DateTimeOffset?)at).FirstOrDefault();

    /// <summary>True where what was asked before was this.</summary>
    public static bool IsSame(RequestRow earlier, AskForAccess ask) =>
        (earlier.Series is null && ask.Series is null)
        || (ask.Series is { } series && Statement.Read(earlier.Statement) is { IsOk: true, Value.Series: { } stated } && Schedule.Read(series.Cron, series.TimeZone) is { IsOk: true, Value: var schedule }
            && stated.Cron == schedule.Text && stated.TimeZone == schedule.TimeZone && stated.Until == UnixMicroseconds.From(series.Until));

    /// <summary>As an entry of the log has it.</summary>
    public static JsonObject Entry(StatementSeries series) => new()
    {
        ["id"] = series.Id, ["cron"] = series.Cron, ["time_zone"] = series.TimeZone, ["until"] = UnixMicroseconds.ToInstant(series.Until).ToString("O"), ["runs"] = series.Runs,
        ["owner"] = new JsonObject { ["id"] = series.Owner.Id, ["name"] = series.Owner.Name },
    };

    /// <summary>What was stated of the series of which these requests are, by the series.</summary>
    public static async Task<IReadOnlyDictionary<SeriesId, StatementSeries>> StatementsOf(WritDb db, IReadOnlyList<RequestRow> rows, CancellationToken cancel)
    {
        SeriesId[] ids = [.. rows.Select(row => row.Series).OfType<SeriesId>().Distinct()];
        if (ids.Length == 0)
            return new Dictionary<SeriesId, StatementSeries>();
        var stated = await db.Requests.AsNoTracking().Where(row => row.Series != null && ids.Contains(row.Series.Value) && row.DueAt == null).Select(row => new { row.Series, row.Statement }).ToListAsync(cancel);
        return stated.ToDictionary(row => row.Series!.Value, row => Statement.Read(row.Statement).Value.Series!);
    }

    /// <summary>As the API shows it on a request; null for what is no series.</summary>
    public static SeriesTermsView? View(RequestRow row, IReadOnlyDictionary<SeriesId, StatementSeries> stated)
    {
        if (row.Series is not { } id)
            return null;
        var series = stated[id];
        var until = UnixMicroseconds.ToInstant(series.Until);
        return new(series.Id, series.Cron, series.TimeZone, until, series.Runs, new(series.Owner.Id, series.Owner.Name, "user"), row.DueAt,
            row.DueAt is null ? [.. ScheduleOf(series).Between(row.CreatedAt, until).Take(Shown)] : []);
    }
}
