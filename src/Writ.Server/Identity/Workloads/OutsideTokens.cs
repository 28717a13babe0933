using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Server.Policy;
using Writ.Server.Storage;

namespace Writ.Server.Identity.Workloads;

/// <summary>
/// JWTs of others, held against the policy in force.
/// <list type="number">
/// <item>Read it; what cannot be read without doubt is refused.</item>
/// <item>The issuer that it claims chooses among those of the policy, and means nothing else yet.</item>
/// <item>One of that issuer's keys signed it, for this audience alone, and it lives, and not for long.</item>
/// <item>Subject and claims fit exactly one workload.</item>
/// </list>
/// </summary>
internal sealed class OutsideTokens(Database database, PolicyInForce policies, IssuerKeys issuers, TimeProvider time)
{
    /// <summary>Clocks differ by so much.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private const int Longest = 16 << 10;
    private static readonly TimeSpan LongestLife = TimeSpan.FromHours(24);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = Longest };

    // Never none, and never one with a shared secret: a public key would serve as that.
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    /// <param name="jwt">The token.</param>
    /// <param name="named">The workload that is meant, where several could be; or null.</param>
    /// <param name="cancel">Gives it up.</param>
    public async Task<Result<PresentedToken>> Check(string jwt, string? named, CancellationToken cancel)
    {
        if (Read(jwt) is not { } read) // 1
            return Refuse("the token is no JWT that can be read");
        using var payload = read.Payload;
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        var candidates = policy.Value.Workloads.Values
            .Where(workload => workload.Token is { } token && token.Issuer == read.Token.Issuer && (named is null || workload.Name == named)).ToArray(); // 2
        if (candidates.Length == 0)
            return Refuse(named is null ? "no workload of the policy has the token's issuer" : "the policy names no such workload with the token's issuer");

        Refusal? nearest = null;
        var fitting = new List<Workload>();
        foreach (var workload in candidates)
        {
            if (await Wrong(workload.Token!, jwt, read.Token, payload.RootElement, cancel) is { } wrong) // 3, 4
                nearest ??= wrong;
            else
                fitting.Add(workload);
        }

        return fitting switch
        {
            [] => nearest!,
            [var one] => Presented(one, read.Token, payload.RootElement),
            _ => Refuse($"the token fits more than one workload: {string.Join(", ", fitting.Select(workload => workload.Name))}; name one"),
        };
    }

    private static (JsonWebToken Token, JsonDocument Payload)? Read(string jwt)
    {
        if (jwt.Length is 0 or > Longest || jwt.Count(letter => letter == '.') != 2)
            return null;
        try
        {
            var parts = jwt.Split('.');
            using var header = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(parts[0]), Strict);
            var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(parts[1]), Strict);
            return header.RootElement.ValueKind == JsonValueKind.Object && payload.RootElement.ValueKind == JsonValueKind.Object ? (new(jwt), payload) : null;
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private async Task<Refusal?> Wrong(WorkloadToken expected, string jwt, JsonWebToken token, JsonElement payload, CancellationToken cancel)
    {
        var pinned = expected.Keys.Count > 0;
        var found = await Validate(expected, jwt, pinned ? [.. expected.Keys.Select(KeyOf)] : await issuers.Of(expected.Issuer, anew: false, cancel));
        if (!pinned && found.Exception is SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException)
            found = await Validate(expected, jwt, await issuers.Of(expected.Issuer, anew: true, cancel));
        if (!found.IsValid)
        {
            return Refuse(found.Exception switch
            {
                SecurityTokenInvalidAudienceException => "the token is not for this server alone",
                SecurityTokenExpiredException => "the token is over",
                SecurityTokenNotYetValidException => "the token's time has not begun",
                SecurityTokenInvalidLifetimeException or SecurityTokenNoExpirationException => "the token has no end, or lives longer than 24 hours",
                SecurityTokenInvalidAlgorithmException => "the token is signed by an algorithm that is not taken",
                SecurityTokenInvalidTypeException => "the token is of another kind",
                _ => "the token is not signed by a key of its issuer",
            });
        }

        if (Text(payload, "sub") is not { } subject || !expected.Subject.Fits(subject))
            return Refuse("the token's subject fits no workload");
        foreach (var (name, values) in expected.Claims)
        {
            if (!payload.TryGetProperty(name, out var claim) || Scalar(claim) is not { } value || !values.Contains(value))
                return Refuse($"the token's claim '{name}' is not the one of the workload");
        }

        return expected.Person is { } person && PersonOf(payload, person) is null ? Refuse($"the token does not name the person for whom it acts, in '{person.Claim}'") : null;
    }

    private Task<TokenValidationResult> Validate(WorkloadToken expected, string jwt, IReadOnlyList<SecurityKey> keys) => Handler.ValidateTokenAsync(jwt, new()
    {
        ValidIssuer = expected.Issuer,
        IssuerSigningKeys = keys,
        ValidAlgorithms = Algorithms,
        RequireSignedTokens = true,
        ValidTypes = null,
        TypeValidator = static (type, _, _) => type is null or "" || type.Equals("JWT", StringComparison.OrdinalIgnoreCase) || type.Equals("JOSE", StringComparison.OrdinalIgnoreCase)
            ? type ?? "" : throw new SecurityTokenInvalidTypeException("another kind"),
        // One that is for others as well could be brought here by them.
        AudienceValidator = (audiences, _, _) => audiences?.ToArray() is [var only] && only == expected.Audience,
        LifetimeValidator = (begin, end, _, _) => IsAlive(begin, end),
    });

    private bool IsAlive(DateTime? begin, DateTime? end)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (end is null || end - now > LongestLife)
            throw new SecurityTokenInvalidLifetimeException("no end, or too far away");
        if (end + Skew <= now)
            throw new SecurityTokenExpiredException("over");
        return begin is null || begin <= now + Skew ? true : throw new SecurityTokenNotYetValidException("not yet");
    }

    private static PresentedToken Presented(Workload workload, JsonWebToken token, JsonElement payload)
    {
        var expected = workload.Token!;
        // Without an id of its own, what was signed is the id: its bytes cannot be other ones under the same signature.
        var once = Text(payload, "jti") is { Length: > 0 } id ? $"jti\n{id}" : $"sha256\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{token.EncodedHeader}.{token.EncodedPayload}")))}";
        return new(workload.Name, expected.Issuer, Text(payload, "sub")!, once, new DateTimeOffset(token.ValidTo, TimeSpan.Zero) + Skew,
            expected.Person is { } person ? PersonOf(payload, person) : null, expected.Person?.Issuer);
    }

    private static string? PersonOf(JsonElement payload, PersonClaim person) =>
        payload.TryGetProperty(person.Claim, out var claim) && Scalar(claim) is { Length: > 0 and <= 255 } subject ? subject : null;

    private static string? Text(JsonElement payload, string name) =>
        payload.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.String ? claim.GetString() : null;

    private static string? Scalar(JsonElement claim) => claim.ValueKind switch
    {
        JsonValueKind.String => claim.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => claim.GetRawText(),
        _ => null,
    };

    private static SecurityKey KeyOf(byte[] publicKey)
    {
        var curve = ECDsa.Create();
        try
        {
            curve.ImportSubjectPublicKeyInfo(publicKey, out _);
            return new ECDsaSecurityKey(curve);
        }
        catch (CryptographicException)
        {
            curve.Dispose();
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(publicKey, out _);
            return new RsaSecurityKey(rsa.ExportParameters(false));
        }
    }

    private static Refusal Refuse(string message) => new(ErrorCode.NotSignedIn, message);
}
