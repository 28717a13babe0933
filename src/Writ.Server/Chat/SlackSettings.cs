using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Proof.Errors;
using Writ.Server.Streams;

namespace Writ.Server.Chat;

/// <summary>The app in Slack whose buttons decide, as the operator has it in a file.</summary>
/// <param name="Workspaces">The ids of the workspaces whose accounts count, at least one.</param>
/// <param name="SigningSecretFile">The file with the app's signing secret.</param>
/// <param name="SigningSecretCredential">Or the name under which systemd hands it over (<c>LoadCredential=</c>).</param>
/// <param name="Command">The name of the app's slash command.</param>
/// <param name="ReplyHost">The one host to which answers go.</param>
/// <param name="CaFile">PEM file of the only authorities to trust there, or null for the system's.</param>
/// <param name="AllowPrivate">Whether that host may be inside a network of one's own.</param>
internal sealed record SlackSettings(
    IReadOnlyList<string> Workspaces, string? SigningSecretFile = null, string? SigningSecretCredential = null, string Command = "/writ", string ReplyHost = "hooks.slack.com", string? CaFile = null, bool AllowPrivate = false)
{
    private const int ShortestSecret = 32, MostWorkspaces = 100;

    /// <summary>Reads the file; the first thing that is wrong is told, and never a value that could be a secret.</summary>
    public static Result<SlackSettings> Parse(string path, string text) => SettingsFile.Parse(path, text, SlackJson.Default.SlackSettings, read => read.Check(), "it names no app", "docs/chat.md");

    /// <summary>The signing secret; read anew for each call, so that its file can be replaced.</summary>
    /// <exception cref="IOException">It cannot be read, or is too short to be one; the message holds nothing of it.</exception>
    public string SigningSecret()
    {
        var file = SecretFile.Of(SigningSecretFile, SigningSecretCredential, "signing secret");
        return StreamTarget.Token(file) is { Length: >= ShortestSecret } secret ? secret : throw new IOException($"{file} holds fewer than {ShortestSecret} characters, and no signing secret");
    }

    private string? Check()
    {
        if (Workspaces.Count is 0 or > MostWorkspaces || !Workspaces.All(id => IsId(id, 'T')))
            return $"workspaces are 1 to {MostWorkspaces} ids such as T0123ABCD";
        if (SecretFile.Problem(SigningSecretFile, SigningSecretCredential, "signing_secret") is { } wrong)
            return wrong;
        if (Command is not ['/', _, ..] || Command.Length > 32 || !Command.Skip(1).All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_'))
            return "command is the name of a slash command such as /writ";
        return ReplyHost.Contains('/', StringComparison.Ordinal) || !Uri.TryCreate($"https://{ReplyHost}/", UriKind.Absolute, out var host) || host.UserInfo.Length > 0 || !string.Equals(host.Authority, ReplyHost, StringComparison.Ordinal)
            ? "reply_host is a host such as hooks.slack.com" : null;
    }

    /// <summary>Whether it is an id as Slack gives them: a letter for its kind, then capitals and digits.</summary>
    public static bool IsId(string? text, params ReadOnlySpan<char> kinds) =>
        text is { Length: >= 3 and <= 32 } && kinds.Contains(text[0]) && text.All(letter => char.IsAsciiLetterUpper(letter) || char.IsAsciiDigit(letter));
}

/// <summary>The file's shape.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(SlackSettings))]
internal sealed partial class SlackJson : JsonSerializerContext;
