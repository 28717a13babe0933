using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Proof.Errors;

namespace Writ.Server.Rotas;

/// <summary>The sources that say who is on call, as the operator has them in a file.</summary>
/// <param name="Sources">Each with a name of its own.</param>
internal sealed record SourceSettings(IReadOnlyList<Source> Sources)
{
    private const int Most = 50;

    /// <summary>No source.</summary>
    public static readonly SourceSettings None = new([]);

    /// <summary>Reads the file; the first thing that is wrong is told, and never a value that could be a secret.</summary>
    public static Result<SourceSettings> Parse(string path, string text) => SettingsFile.Parse(path, text, SourceJson.Default.SourceSettings, read => read.Check(), "it names no source", "docs/operations.md#who-is-on-call");

    private string? Check()
    {
        if (Sources.Count is 0 or > Most)
            return $"it names no source, or more than {Most}";
        foreach (var source in Sources)
        {
            if (source is null)
                return "a source is null";
            if (source.Wrong() is { } wrong)
                return wrong;
            if (Sources.Count(other => other?.Name == source.Name) > 1)
                return $"source {source.Name} stands there twice";
        }

        return null;
    }
}

/// <summary>Somebody else's service that says who is on call.</summary>
/// <param name="Name">By which policies name it.</param>
/// <param name="Url">Where it is asked: https.</param>
/// <param name="TokenFile">The file whose first line proves that this server may ask, or null.</param>
/// <param name="TokenScheme">What stands before the token in <c>Authorization</c>.</param>
/// <param name="CaFile">PEM file of the only authorities to trust, or null for the system's.</param>
/// <param name="People">Where in its answer the names are: a JSON pointer in which <c>*</c> is every element.</param>
/// <param name="EverySeconds">How often it is asked.</param>
/// <param name="HoldsSeconds">How long an answer holds, from when it was asked for.</param>
/// <param name="Private">Whether it may be at an address that is not public.</param>
internal sealed record Source(
    string Name, string Url, string? TokenFile = null, string TokenScheme = "Bearer", string? CaFile = null, string People = "/on_call/*", int EverySeconds = 60, int HoldsSeconds = 300, bool Private = false)
{
    [JsonIgnore]
    public TimeSpan Every => TimeSpan.FromSeconds(EverySeconds);

    [JsonIgnore]
    public TimeSpan Holds => TimeSpan.FromSeconds(HoldsSeconds);

    /// <summary>What is wrong with it, or null.</summary>
    public string? Wrong()
    {
        if (Name.Length is 0 or > 64 || !char.IsAsciiLetterOrDigit(Name[0]) || !Name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_'))
            return "name is not 1 to 64 letters, digits, '.', '_' and '-'";
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme != "https" || url.Host.Length == 0 || url.UserInfo.Length > 0 || url.Fragment.Length > 0)
            return $"url of {Name} is no https address without credentials";
        if (TokenFile is { Length: 0 } || CaFile is { Length: 0 })
            return $"token_file and ca_file of {Name} name files";
        if (TokenScheme.Length is 0 or > 40 || !TokenScheme.All(char.IsAsciiLetterOrDigit))
            return $"token_scheme of {Name} is a word, such as Bearer";
        if (EverySeconds is < 10 or > 3_600)
            return $"every_seconds of {Name} is none from 10 to 3600";
        if (HoldsSeconds < 2 * EverySeconds || HoldsSeconds > 86_400)
            return $"holds_seconds of {Name} is at least twice every_seconds, and at most 86400";
        return PeoplePath.Parse(People) is { IsOk: false, Refusal.Message: var unfit } ? $"people of {Name}: {unfit}" : null;
    }
}

/// <summary>The file's shape.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(SourceSettings))]
internal sealed partial class SourceJson : JsonSerializerContext;
