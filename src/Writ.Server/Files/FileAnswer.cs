namespace Writ.Server.Files;

/// <summary>Bytes of somebody's as an answer: a browser saves them and never shows or runs them.</summary>
internal static class FileAnswer
{
    public const string Type = "application/octet-stream";

    public static IResult Of(HttpContext context, byte[] bytes, string type = Type)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentDisposition = "attachment";
        return Results.Bytes(bytes, type);
    }
}
