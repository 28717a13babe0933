using Writ.Contracts.Traces;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Traces;

/// <summary>
/// Who touched an address, as far as the caller may know. What comes back holds what runs have found, so each question is an entry
/// of the audit log, and there is no answer without it.
/// </summary>
internal sealed class ShowTrace(Database database, TraceSearch search, WriteTransaction writes)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/trace", async (
            string? address, int? port, string? protocol, string? from, DateTimeOffset? since, DateTimeOffset? until, int? limit,
            ShowTrace verb, TimeProvider time, HttpContext context, CancellationToken cancel) =>
        {
            var question = TraceQuestion.Read(address, port, protocol, from, since, until, limit, time.GetUtcNow());
            return question.IsOk ? Results.Ok(await verb.Answer(context.Caller(), question.Value, cancel)) : question.Refusal.ToHttp();
        }).WithName("ShowTrace").Needs(Access.SignedIn).Produces<TraceView>().Evidence();

    /// <summary>Answers, and records that it was asked.</summary>
    public async Task<TraceView> Answer(Caller caller, TraceQuestion question, CancellationToken cancel)
    {
        TraceView view;
        await using (var db = database.Open())
            view = await TraceViews.Load(db, caller, question, await search.Answer(db, caller, question, cancel), cancel);
        var recorded = await writes.Commit<bool>(scope =>
        {
            scope.Record(new(AuditType.TraceAnswered, caller.Audit, null, new()
            {
                ["address"] = view.Address,
                ["port"] = view.Port,
                ["protocol"] = view.Protocol,
                ["from"] = view.From,
                ["since"] = view.Since?.ToString("O"),
                ["until"] = view.Until.ToString("O"),
                ["told"] = AuditEvent.Texts(view.Findings.Select(found => found.Run?.Id ?? found.Grant)),
            }, caller.SourceAddress));
            return Task.FromResult<Result<bool>>(true);
        });
        _ = recorded.Value;
        return view;
    }
}
