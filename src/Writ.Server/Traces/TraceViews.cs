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
        var runs = (await RunViews.Load(db, [.. answer.Findings.Select(found => found.Run).OfType<RunRow>()], cancel)).ToDictionary(run => run.Id);
        var requests = answer.Findings.Select(found => found.Request.Id).Distinct().ToArray();
        var decisions = (await db.Decisions.AsNoTracking().Where(row => requests.Contains(row.RequestId) && row.Approved).OrderBy(row => row.At).ToListAsync(cancel)).ToLookup(row => row.RequestId);
        ActorId[] people =
        [
            .. answer.Findings.SelectMany(found => new[] { found.Request.ActorId, found.Request.OnBehalfOf }).Concat(decisions.SelectMany(group => group).Select(row => row.ActorId))
                .OfType<ActorId>().Distinct(),
        ];
        var actors = await db.Actors.AsNoTracking().Where(row => people.Contains(row.Id)).ToDictionaryAsync(row => row.Id, RequestViews.Of, cancel);
        var findings = new List<TraceFindingView>();
        foreach (var found in answer.Findings)
        {
            var told = found.Run is { } run && question.Address is { } to ? await TraceFound.Load(db, caller, question, to, run, cancel) : TraceFound.Nothing;
            findings.Add(new(
                Text(found.Touch), found.Run is { } its ? runs[its.Id.ToString()] : null, found.Grant.Id.ToString(), found.Request.Id.ToString(), found.Grant.NotBefore, found.Grant.NotAfter,
                actors[found.Request.ActorId], found.Request.OnBehalfOf is { } person ? actors[person] : null, found.Request.Reason, found.Request.Ticket, found.Run?.Command ?? found.Request.Command,
                [
                    .. decisions[found.Request.Id].Where(row => row.Revision == found.Request.Revision)
                        .Select(row => new DecisionView(row.Id.ToString(), row.ActorId is { } by ? actors[by] : null, true, row.Comment, row.At, row.Revision)),
                ],
                found.Run?.Sources ?? [], found.Run?.HasSharedSource ?? false, found.Run?.PacketsPassed, found.Run?.LastPacketAt,
                [.. found.Refused.Take(MostRefused).Select(Of)],
                told.Results, told.Host, [.. found.Run is { } of ? Gaps(of) : [], .. told.Deleted is { } deleted ? [deleted] : (string[])[]]));
        }

        return new(
            question.Address?.ToString(), question.Port, question.Port is null ? null : FenceViews.Protocol(question.Protocol!.Value), question.From?.ToString(), question.Since, question.Until,
            findings, [.. answer.Gaps.Select(run => new TraceGapView(run.Id.ToString(), string.Join("; ", Gaps(run))))], answer.More, caller.ReadsAll);
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
