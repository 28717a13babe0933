using Writ.Proof.Errors;
using Writ.Proof.Statements;
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
            string id, int number, Database database, RequestAccess access, HttpContext context, CancellationToken cancel) =>
        {
            await using var db = database.Open();
            var found = await access.Find(db, context.Caller(), id);
            if (!found.IsOk)
                return found.Refusal.ToHttp();
            if (Statement.Read(found.Value.Statement) is not { IsOk: true, Value: var statement } || number < 0 || number >= statement.Inputs.Count)
                return new Refusal(ErrorCode.NotFound, $"request {id} has no input {number}", "its plan lists them, from 0").ToHttp();
            return await KeptFiles.Read(db, statement.Inputs[number].Sha256, cancel) is { } bytes
                ? FileAnswer.Of(context, bytes)
                : new Refusal(ErrorCode.NotFound, "the file is not kept", "the files of a denied request are on the record by their digests alone").ToHttp();
        }).WithName("ShowInput").Produces(StatusCodes.Status200OK, contentType: FileAnswer.Type);
}
