using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Traces;
using Writ.Core.Identity;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Traces;

/// <summary>Answers as the API shows them.</summary>
internal static class TraceViews
{
    private const int MostRefused = 20;

    public static async Task<TraceView> Load(WritDb db, Caller caller, TraceQuestion question, TraceAnswer answer, CancellationToken cancel)
    {
        RunId[] runIds = [.. answer.Findings.Select(found => found.Run).OfType<RunId>(), .. answer.Gaps];
        var rows = await db.Runs.AsNoTracking().Where(row => runIds.Contains(row.Id)).ToDictionaryAsync(row => row.Id, cancel);
        var runs = (await RunViews.Load(db, [.. answer.Findings.Select(found => found.Run).OfType<RunId>().Select(run => rows[run])], cancel)).ToDictionary(run => run.Id);
        GrantId[] grantIds = [.. answer.Findings.Select(found => found.Grant).Distinct()];
        var stories = await (
            from grant in db.Grants.AsNoTracking()
            join request in db.Requests.AsNoTracking() on grant.RequestId equals request.Id
            where grantIds.Contains(grant.Id)
            select new { grant, request }).ToDictionaryAsync(row => row.grant.Id, row => (row.grant, row.request), cancel);
        RequestId[] requests = [.. stories.Values.Select(story => story.request.Id)];
        var decisions = (await db.Decisions.AsNoTracking().Where(row => requests.Contains(row.RequestId) && row.Approved).OrderBy(row => row.At).ToListAsync(cancel)).ToLookup(row => row.RequestId);
        ActorId[] people =
        [
            .. stories.Values.SelectMany(story => new[] { story.request.ActorId, story.request.OnBehalfOf }).Concat(decisions.SelectMany(group => group).Select(row => row.ActorId))
                .OfType<ActorId>().Distinct(),
        ];
        var actors = await db.Actors.AsNoTracking().Where(row => people.Contains(row.Id)).ToDictionaryAsync(row => row.Id, RequestViews.Of, cancel);
        // Of most runs nothing is kept that could be told: they are not asked for one by one.
        var kept = (await db.Results.AsNoTracking().Where(row => runIds.Contains(row.RunId)).Select(row => row.RunId)
            .Union(db.Deletions.AsNoTracking().Where(row => runIds.Contains(row.RunId)).Select(row => row.RunId)).ToListAsync(cancel)).ToHashSet();
        var findings = new List<TraceFindingView>();
        foreach (var found in answer.Findings)
        {
            var (grant, request) = stories[found.Grant];
            var run = found.Run is { } id ? rows[id] : null;
            var told = run is not null && question.Address is { } to && (kept.Contains(run.Id) || RunStates.Live.Contains(run.State)) ? await TraceFound.Load(db, caller, question, to, run, cancel) : TraceFound.Nothing;
            findings.Add(new(
                Text(found.Touch), run is null ? null : runs[run.Id.ToString()], grant.Id.ToString(), request.Id.ToString(), grant.NotBefore, grant.NotAfter,
                actors[request.ActorId], request.OnBehalfOf is { } person ? actors[person] : null, request.Reason, request.Ticket, run?.Command ?? request.Command,
                [
                    .. decisions[request.Id].Where(row => row.Revision == request.Revision)
                        .Select(row => new DecisionView(row.Id.ToString(), row.ActorId is { } by ? actors[by] : null, true, row.Comment, row.At, row.Revision, row.PasskeyId?.ToString(), row.ActorId is null ? RequestViews.Evaluation(request).Rules : null)),
                ],
                run?.Sources ?? [], run?.HasSharedSource ?? false, run?.PacketsPassed, run?.LastPacketAt, [.. found.Refused.Take(MostRefused).Select(Of)],
                told.Results, told.Host, [.. run is not null ? Gaps(run) : [], .. told.Deleted is { } deleted ? [deleted] : (string[])[]]));
        }

        return new(
            question.To?.ToString(), question.Port, question.Port is null ? null : FenceViews.Protocol(question.Protocol!.Value), question.From?.ToString(), question.Since, question.Until,
            findings, [.. answer.Gaps.Select(run => new TraceGapView(run.ToString(), string.Join("; ", Gaps(rows[run]))))], answer.More, caller.ReadsAll);
    }

    public static string Text(Touch touch) => touch switch
    {
        Touch.Did => "did",
        Touch.Tried => "tried",
        Touch.Could => "could",
        Touch.None => "none",
    };

    /// <summary>What is not known of a run.</summary>
    private static IEnumerable<string> Gaps(RunRow run)
    {
        if (run.EndReason == RunEndCause.RunnerLost)
            yield return "its runner was lost: what it sent until its deadline is not known";
        else if (run is { EndedAt: not null, PacketsPassed: null })
            yield return "its fence could not be read at the end, or there was none: what it sent is not known";
        if (run.RefusedUnlisted > 0)
            yield return $"{run.RefusedUnlisted} packets out of scope went to destinations that were not listed one by one";
        if (run.EndReason == RunEndCause.RecordingFailed || run.IsRecordingWhole == false)
            yield return "its recording is not whole";
    }

    private static TraceRefusedView Of(RefusedRow row) => new(
        new Address(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(row.Address)).ToString(), FenceViews.Protocol(row.Protocol), row.Port, row.Packets, row.FirstAt, row.LastAt);
}
