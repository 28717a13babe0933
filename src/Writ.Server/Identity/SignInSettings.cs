using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Proof.Errors;

namespace Writ.Server.Identity;

/// <summary>How people sign in, as the operator has it in a file.</summary>
/// <param name="Providers">Where they have an account: one button each on the sign-in page.</param>
/// <param name="LocalAccounts">Whether accounts of this server let in too.</param>
/// <param name="KeepBoxTokens">Whether tokens that were made on the box go on opening <c>/v1</c>.</param>
internal sealed record SignInSettings(IReadOnlyList<ProviderSettings> Providers, bool LocalAccounts = true, bool KeepBoxTokens = false)
{
    private const int MostProviders = 20;

    /// <summary>Accounts of this server alone.</summary>
    public static SignInSettings None { get; } = new([]);

    /// <summary>Reads the file; the first thing that is wrong is told with where it stands.</summary>
    public static Result<SignInSettings> Parse(string path, string text)
    {
        SignInSettings? read;
        try
        {
            read = JsonSerializer.Deserialize(text, SignInJson.Default.SignInSettings);
        }
        catch (JsonException malformed)
        {
            return new Refusal(ErrorCode.InvalidInput, $"{path}: malformed at {malformed.Path ?? "$"}, line {(malformed.LineNumber ?? 0) + 1}", "see docs/operations.md");
        }

        if (read?.Providers is null)
            return new Refusal(ErrorCode.InvalidInput, $"{path}: it has no list of providers", "see docs/operations.md");
        if (read.Providers.Count > MostProviders)
            return new Refusal(ErrorCode.InvalidInput, $"{path}: more than {MostProviders} providers");
        if (read.Providers.Count == 0 && !read.LocalAccounts)
            return new Refusal(ErrorCode.InvalidInput, $"{path}: nobody could sign in", "name a provider, or leave local_accounts as it is");
        foreach (var provider in read.Providers)
        {
            if (provider.Check() is { } wrong)
                return new Refusal(ErrorCode.InvalidInput, $"{path}: {wrong}");
        }

        // Two of one issuer could not be told apart by what they assert.
        foreach (var (what, names) in new[] { ("name", read.Providers.Select(provider => provider.Name)), ("issuer", read.Providers.Select(provider => provider.Issuer)) })
        {
            if (names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
                return new Refusal(ErrorCode.InvalidInput, $"{path}: two providers have the {what} '{twice.Key}'");
        }

        return read;
    }
}

/// <summary>A provider of OpenID Connect.</summary>
/// <param name="Name">Stands in addresses: lower-case letters, digits and hyphens.</param>
/// <param name="Title">Stands on the button.</param>
/// <param name="Issuer">Exactly as the provider's tokens name it.</param>
/// <param name="ClientId">What the provider knows this server as.</param>
/// <param name="ClientSecretFile">The file with the secret, or null where the client is public.</param>
/// <param name="GroupsClaim">The claim with the groups that the policy's roles name.</param>
/// <param name="NameClaim">The claim by which a person is shown; who they are is issuer and subject.</param>
/// <param name="Scopes">What is asked for beside <c>openid</c> and <c>profile</c>.</param>
internal sealed record ProviderSettings(
    string Name, string Title, string Issuer, string ClientId, string? ClientSecretFile = null,
    string GroupsClaim = "groups", string NameClaim = "preferred_username", IReadOnlyList<string>? Scopes = null)
{
    /// <summary>What is wrong, or null.</summary>
    public string? Check()
    {
        if (Name.Length is 0 or > 40 || !Name.All(letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
            return $"the provider's name '{Requests.RequestAccess.Shown(Name)}' is not made of lower-case letters, digits and hyphens";
        if (Title.Length is 0 or > 80 || Title.Any(char.IsControl))
            return $"the title of {Name} is not 1 to 80 characters";
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) || issuer.Query.Length > 0 || issuer.Fragment.Length > 0 || issuer.UserInfo.Length > 0)
            return $"the issuer of {Name} is no address";
        if (issuer.Scheme != "https" && !(issuer.Scheme == "http" && issuer.IsLoopback))
            return $"the issuer of {Name} is not reached by https";
        return ClientId.Length is 0 or > 200 ? $"the client_id of {Name} is not 1 to 200 characters" : null;
    }
}

/// <summary>The file's shape.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(SignInSettings))]
internal sealed partial class SignInJson : JsonSerializerContext;
