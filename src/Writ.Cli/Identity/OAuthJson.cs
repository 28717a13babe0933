using System.Text.Json.Serialization;

namespace Writ.Cli.Identity;

/// <summary>What the token endpoint answers: tokens (RFC 6749, 5.1) or an error (5.2).</summary>
/// <param name="AccessToken">For the next calls.</param>
/// <param name="RefreshToken">For the next tokens, once; or null where there will be none.</param>
/// <param name="ExpiresIn">The access token's life in seconds.</param>
/// <param name="Error">The code of the error, or null.</param>
/// <param name="ErrorDescription">What the server says about it.</param>
internal sealed record TokenAnswer(
    string? AccessToken = null, string? RefreshToken = null, int? ExpiresIn = null, string? Error = null, string? ErrorDescription = null);

/// <summary>What the device endpoint answers (RFC 8628, 3.2).</summary>
internal sealed record DeviceAnswer(
    string? DeviceCode = null, string? UserCode = null, string? VerificationUri = null, int? ExpiresIn = null, int? Interval = null,
    string? Error = null, string? ErrorDescription = null);

/// <summary>What the server says about itself (RFC 8414), as far as it matters here.</summary>
internal sealed record ServerMetadata(string? Issuer = null);

/// <summary>A sign-in as it is kept on this computer.</summary>
/// <param name="Server">The address that it is for, as given.</param>
/// <param name="Actor">The id of the one who signed in.</param>
/// <param name="Name">Their name.</param>
/// <param name="AccessToken">For the next calls.</param>
/// <param name="AccessNotAfter">When the access token ends.</param>
/// <param name="RefreshToken">For the next tokens, once; null where there are none.</param>
internal sealed record KeptSignIn(
    string Server, string Actor, string Name, string AccessToken, DateTimeOffset AccessNotAfter, string? RefreshToken);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(DeviceAnswer))]
[JsonSerializable(typeof(ServerMetadata))]
[JsonSerializable(typeof(KeptSignIn))]
internal sealed partial class OAuthJson : JsonSerializerContext;
