using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Core.Notices;
using Writ.Proof.Errors;
using Writ.Server.Streams;

namespace Writ.Server.Notices;

/// <summary>The mail server by which people are told, as the operator has it in a file.</summary>
/// <param name="Host">Its name, which its certificate has to have.</param>
/// <param name="From">The address that mails come from.</param>
/// <param name="Port">587 with <c>starttls</c>, 465 with <c>implicit</c> and 25 with <c>none</c> unless told.</param>
/// <param name="Tls"><c>starttls</c>, <c>implicit</c>, or <c>none</c> on this machine alone.</param>
/// <param name="CaFile">PEM file of the only authorities to trust, or null for the system's.</param>
/// <param name="User">Whom to sign in as, or null for nobody.</param>
/// <param name="PasswordFile">The file with the password.</param>
/// <param name="PasswordCredential">Or the name under which systemd hands it over (<c>LoadCredential=</c>).</param>
internal sealed record MailSettings(
    string Host, string From, int? Port = null, string Tls = "starttls", string? CaFile = null, string? User = null, string? PasswordFile = null, string? PasswordCredential = null)
{
    /// <summary>The port in use.</summary>
    [JsonIgnore]
    public int PortOrUsual => Port ?? Tls switch { "implicit" => 465, "none" => 25, _ => 587 };

    /// <summary>Whose mails they are: what their ids end with.</summary>
    [JsonIgnore]
    public string Domain => From[(From.IndexOf('@', StringComparison.Ordinal) + 1)..];

    /// <summary>Reads the file; the first thing that is wrong is told, and never a value that could be a secret.</summary>
    public static Result<MailSettings> Parse(string path, string text) => SettingsFile.Parse(path, text, MailJson.Default.MailSettings, read => read.Check(), "it names no mail server", "docs/notices.md");

    /// <summary>The password; read anew for each connection, so that its file can be replaced.</summary>
    /// <exception cref="IOException">It cannot be read; the message holds nothing of it.</exception>
    public string Password()
    {
        var file = SecretFile.Of(PasswordFile, PasswordCredential, "mail password");
        return StreamTarget.Lines(file, 1).FirstOrDefault("") is { Length: > 0 } password ? password : throw new IOException($"{file} holds no password");
    }

    private string? Check()
    {
        if (Uri.CheckHostName(Host) is UriHostNameType.Unknown or UriHostNameType.Basic)
            return "host is no name or address of a mail server";
        if (!MailAddress.Is(From))
            return "from is no mail address";
        if (Port is < 1 or > 65535)
            return "port is none from 1 to 65535";
        if (Tls is not ("starttls" or "implicit" or "none"))
            return "tls is starttls, implicit or none";
        if (Tls == "none" && !IsLoopback)
            return "tls: none would carry what is told in the clear; it is for a mail server on this machine";
        if (SecretFile.Problem(PasswordFile, PasswordCredential, "password", isNeeded: false) is { } wrong)
            return wrong;
        if ((User is not null) != (PasswordFile is not null || PasswordCredential is not null))
            return "user and its password go together";
        return User is { Length: 0 or > 255 } || User?.Any(char.IsControl) == true ? "user is not 1 to 255 characters" : null;
    }

    private bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}

/// <summary>The file's shape.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(MailSettings))]
internal sealed partial class MailJson : JsonSerializerContext;
