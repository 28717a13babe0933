using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Contracts;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Proof.Statements;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Templates;

namespace Writ.Server.Series;

/// <summary>The request of one run of a series: what was decided, with what is of the moment. Nobody asked for it, and nobody is asked.</summary>
internal static class OccurrenceRequest
{
    public static RequestRow Of(
        WriteScope scope, RequestRow decided, Statement statement, SeriesId series, DateTimeOffset due, string inventory, Evaluation found, PolicyDocument policy)
    {
        var id = RequestId.New(scope.Now);
        var bytes = StatementOf.Occurrence(statement, decided.StatementDigest, id, due, inventory, found, policy).ToBytes();
        // Those who may decide on it may know of it; they have decided on all of them.
        var evaluation = RequestViews.Of(found, policy.Hash) with { Verdict = VerdictText.Of(Verdict.Allow), Reasons = [$"{series} was approved as a series: {decided.Id}"] };
        return new()
        {
            Id = id,
            State = RequestState.Pending,
            ActorId = decided.ActorId,
            Tool = decided.Tool,
            Command = decided.Command,
            Reason = decided.Reason,
            Ticket = decided.Ticket,
            Duration = decided.Duration,
            Uses = 1,
            RunnerId = decided.RunnerId,
            InventoryDigest = inventory,
            PolicyHash = policy.Hash,
            Plan = decided.Plan,
            Evaluation = JsonSerializer.Serialize(evaluation, WritJson.Default.EvaluationView),
            Statement = bytes,
            StatementDigest = Statement.DigestOf(bytes),
            Names = decided.Names,
            CreatedAt = scope.Now,
            ExpiresAt = scope.Now + Occur.Grace,
            Template = decided.Template,
            TemplateVersion = decided.TemplateVersion,
            TemplateDigest = decided.TemplateDigest,
            TemplateParameters = decided.TemplateParameters,
            Series = series,
            DueAt = due,
        };
    }

    public static void Record(WriteScope scope, RequestRow row, Evaluation found)
    {
        scope.Record(new(AuditType.RequestCreated, AuditActor.System, row.Id, new()
        {
            ["request"] = row.Id.ToString(),
            ["command"] = AuditEvent.Texts(row.Command),
            ["template"] = TemplateVersions.Entry(row),
            ["reason"] = row.Reason,
            ["ticket"] = row.Ticket,
            ["statement"] = row.StatementDigest,
            ["inputs"] = new JsonArray(),
            ["for"] = row.ActorId.ToString(),
            ["series"] = new JsonObject { ["id"] = row.Series.ToString(), ["due"] = row.DueAt!.Value.ToString("O") },
        }));
        scope.Record(new(AuditType.RequestEvaluated, AuditActor.System, row.Id, new()
        {
            ["request"] = row.Id.ToString(),
            ["policy"] = row.PolicyHash,
            ["verdict"] = VerdictText.Of(Verdict.Allow),
            ["reasons"] = AuditEvent.Texts(RequestViews.Evaluation(row).Reasons),
            ["rules"] = AuditEvent.Texts(found.Rules),
            ["zones"] = AuditEvent.Texts(found.Zones),
        }));
    }
}
