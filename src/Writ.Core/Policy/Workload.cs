namespace Writ.Core.Policy;

/// <summary>A process that signs in by what it has: a JWT of its surroundings, or a key of its own.</summary>
/// <param name="Name">Unique in the policy; roles name it.</param>
/// <param name="Owner">The name of the user who answers for it, and never decides on what it asks; null for nobody.</param>
/// <param name="MaxSignIn">How long one sign-in is renewed at most.</param>
/// <param name="Token">Which JWT shows who it is; null for a workload with a key.</param>
/// <param name="Key">The DER bytes (SubjectPublicKeyInfo) of its public key, of P-256; null for a workload with a JWT.</param>
public sealed record Workload(string Name, string? Owner, TimeSpan MaxSignIn, WorkloadToken? Token, byte[]? Key)
{
    /// <summary>Unless the policy says otherwise.</summary>
    public static readonly TimeSpan DefaultSignIn = TimeSpan.FromHours(1);

    /// <summary>The most that a policy may say.</summary>
    public static readonly TimeSpan LongestSignIn = TimeSpan.FromHours(24);

    /// <summary>The line of the whole policy on which it begins, from 1.</summary>
    public int Line { get; init; }
}

/// <summary>The JWTs that one workload signs in by.</summary>
/// <param name="Issuer">Who signs them; compared as it stands, with the <c>iss</c> claim.</param>
/// <param name="Audience">For whom they are; it must be their only <c>aud</c>.</param>
/// <param name="Subject">Whose they are: a pattern of the <c>sub</c> claim.</param>
/// <param name="Claims">Further claims, each with the values of which it must have one.</param>
/// <param name="Keys">
/// The DER bytes (SubjectPublicKeyInfo) of the issuer's public keys, of which one must have signed; none where those count
/// that the issuer publishes (OpenID Connect Discovery).
/// </param>
/// <param name="Person">Where they name the person on whose behalf the workload acts; null where they name none.</param>
public sealed record WorkloadToken(
    string Issuer,
    string Audience,
    SubjectPattern Subject,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Claims,
    IReadOnlyList<byte[]> Keys,
    PersonClaim? Person);

/// <summary>The claim of a JWT that names a person.</summary>
/// <param name="Claim">Its name; its value is the person's subject.</param>
/// <param name="Issuer">At which provider the person signs in with that subject.</param>
public sealed record PersonClaim(string Claim, string Issuer);
