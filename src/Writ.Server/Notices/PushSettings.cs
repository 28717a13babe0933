using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Core.Notices;
using Writ.Proof.Errors;

namespace Writ.Server.Notices;

/// <summary>That people may be told in their browsers, as the operator has it in a file.</summary>
/// <param name="Contact">Whom the push services write to when something is wrong: <c>mailto:</c> an address, or an https page (RFC 8292, 2.1).</param>
/// <param name="PrivateKeyFile">The file with the key by which push services know this server; <c>writ-server push key</c> makes it.</param>
/// <param name="PrivateKeyCredential">Or the name under which systemd hands it over (<c>LoadCredential=</c>).</param>
/// <param name="CaFile">PEM file of the only authorities to trust, or null for the system's: for a push service of one's own.</param>
/// <param name="AllowPrivate">Whether a push service may be inside a network of one's own, at any port.</param>
internal sealed record PushSettings(string Contact, string? PrivateKeyFile = null, string? PrivateKeyCredential = null, string? CaFile = null, bool AllowPrivate = false)
{
    private const int LongestContact = 300;

    /// <summary>Reads the file; the first thing that is wrong is told, and never a value that could be a secret.</summary>
    public static Result<PushSettings> Parse(string path, string text) => SettingsFile.Parse(path, text, PushJson.Default.PushSettings, read => read.Check(), "it names no key", "docs/notices.md");

    /// <summary>The key; read anew each time, so that a server that lost its file says so.</summary>
    /// <exception cref="IOException">It cannot be read, or is none; the message holds nothing of it.</exception>
    public VapidKey Key() => VapidKey.Read(SecretFile.Of(PrivateKeyFile, PrivateKeyCredential, "push key"));

    private string? Check()
    {
        var isMail = Contact.StartsWith("mailto:", StringComparison.Ordinal) && MailAddress.Is(Contact["mailto:".Length..]);
        var isPage = Contact.Length <= LongestContact && Contact.All(char.IsAscii) && Uri.TryCreate(Contact, UriKind.Absolute, out var page) && page is { Scheme: "https", UserInfo: "" };
        return !isMail && !isPage ? "contact is mailto: and a mail address, or an https address" : SecretFile.Problem(PrivateKeyFile, PrivateKeyCredential, "private_key");
    }
}

/// <summary>The file's shape.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(PushSettings))]
internal sealed partial class PushJson : JsonSerializerContext;
