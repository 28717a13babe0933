using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Statements;
using Writ.Server.Audit;
using Writ.Server.Errors;
using Writ.Server.Files;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Requests;

/// <summary>A file that a request's command reads, whole, as those see it who may know of the request: byte by byte what is decided on.</summary>
internal static class ShowInput
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/requests/{id}/inputs/{number:int}", async (
            string id, int number, Database database, RequestAccess access, EvidenceViews views, HttpContext context, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var found = await access.Find(db, context.Caller(), id);
            if (!found.IsOk)
                return found.Refusal.ToHttp();
            if (Statement.Read(found.Value.Statement) is not { IsOk: true, Value: var statement } || number < 0 || number >= statement.Inputs.Count)
                return new Refusal(ErrorCode.NotFound, $"request {id} has no input {number}", "its plan lists them, from 0").ToHttp();
            var sha256 = statement.Inputs[number].Sha256;
            if (await KeptFiles.Deleted(db, sha256, cancel) is { } deleted)
                return deleted.ToHttp();
            if (await KeptFiles.Read(db, sha256, cancel) is not { } bytes)
                return new Refusal(ErrorCode.NotFound, "the file is not kept", "the files of a denied request are on the record by their digests alone").ToHttp();
            await views.Record(context.Caller(), AuditType.FileViewed, $"{id} {number}", found.Value.Id, new() { ["request"] = id, ["input"] = number, ["sha256"] = sha256 });
            return FileAnswer.Of(context, bytes);
        }).WithName("ShowInput").Needs(Access.SignedIn).Produces(StatusCodes.Status200OK, contentType: FileAnswer.Type).Evidence();
}
