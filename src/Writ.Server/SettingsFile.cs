using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Writ.Proof.Errors;

namespace Writ.Server;

/// <summary>A JSON file by which the operator tells the server of another one: of a mail server, an app, a source.</summary>
internal static class SettingsFile
{
    /// <summary>Reads it; the first thing that is wrong is told, and never a value that could be a secret.</summary>
    /// <param name="path">The file's name, for people.</param>
    /// <param name="text">What stands in it.</param>
    /// <param name="type">Its shape.</param>
    /// <param name="wrong">What is wrong with what was read, or null.</param>
    /// <param name="nothing">What there is too little of where the text is <c>null</c>.</param>
    /// <param name="page">The page that says what stands in it.</param>
    public static Result<T> Parse<T>(string path, string text, JsonTypeInfo<T> type, Func<T, string?> wrong, string nothing, string page)
        where T : class
    {
        T? read;
        try
        {
            read = JsonSerializer.Deserialize(text, type);
        }
        catch (JsonException malformed)
        {
            return new Refusal(ErrorCode.InvalidInput, $"{path}: malformed at {malformed.Path ?? "$"}, line {(malformed.LineNumber ?? 0) + 1}", $"see {page}");
        }

        var problem = read is null ? nothing : wrong(read);
        return problem is null ? read! : new Refusal(ErrorCode.InvalidInput, $"{path}: {problem}", $"see {page}");
    }
}
