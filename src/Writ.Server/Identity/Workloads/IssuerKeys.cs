using System.Collections.Concurrent;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Writ.Server.Identity.Workloads;

/// <summary>
/// The keys that issuers publish (OpenID Connect Discovery), of issuers that the policy names and no others. They are
/// fetched when a token needs them and kept for some hours; a key that is not known yet makes it look once more, at most
/// every half minute, whoever asks how often.
/// </summary>
internal sealed class IssuerKeys(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Kept = TimeSpan.FromHours(6);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private const int LargestDocument = 1 << 20;

    private readonly ConcurrentDictionary<string, Fetched> _fetched = new(StringComparer.Ordinal);
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        // Where an issuer's keys are is in the policy, and nowhere that an answer leads to.
        AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = Patience, MaxResponseContentBufferSize = LargestDocument,
    };

    /// <summary>The keys of an issuer that the policy names.</summary>
    /// <param name="issuer">As the policy names it.</param>
    /// <param name="anew">True to look again for a key that was not among them.</param>
    /// <param name="cancel">Gives it up.</param>
    /// <returns>The keys; none where the issuer cannot be asked, or says that it is another.</returns>
    public async Task<IReadOnlyList<SecurityKey>> Of(string issuer, bool anew, CancellationToken cancel)
    {
        var known = _fetched.GetOrAdd(issuer, _ => new());
        if (Knows(known, anew))
            return Good(known);
        await known.Turn.WaitAsync(cancel);
        try
        {
            if (Knows(known, anew))
                return Good(known);
            // An issuer that is away keeps the keys that it had, for as long as they would have been kept.
            if (await Fetch(issuer, cancel) is { Count: > 0 } keys)
                (known.Keys, known.FetchedAt) = (keys, time.GetTimestamp());
            known.AskedAt = time.GetTimestamp();
            return Good(known);
        }
        finally
        {
            known.Turn.Release();
        }
    }

    private bool Knows(Fetched known, bool anew) => IsWithin(known.AskedAt, Pause) || (!anew && IsWithin(known.FetchedAt, Kept));

    private IReadOnlyList<SecurityKey> Good(Fetched known) => IsWithin(known.FetchedAt, Kept) ? known.Keys : [];

    private bool IsWithin(long? at, TimeSpan span) => at is { } then && time.GetElapsedTime(then) < span;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<IReadOnlyList<SecurityKey>> Fetch(string issuer, CancellationToken cancel)
    {
        try
        {
            var documents = new HttpDocumentRetriever(_http) { RequireHttps = !new Uri(issuer).IsLoopback };
            var metadata = await OpenIdConnectConfigurationRetriever.GetAsync($"{issuer.TrimEnd('/')}/.well-known/openid-configuration", documents, cancel);
            return metadata.Issuer == issuer ? [.. metadata.SigningKeys.Where(IsStrong)] : [];
        }
        catch (Exception unknown) when (unknown is IOException or HttpRequestException or OperationCanceledException or ArgumentException or InvalidOperationException
            or System.Text.Json.JsonException or SecurityTokenException && !cancel.IsCancellationRequested)
        {
            return [];
        }
    }

    private static bool IsStrong(SecurityKey key) => key switch
    {
        X509SecurityKey certificate => certificate.PublicKey.KeySize >= 2048 || certificate.PublicKey is System.Security.Cryptography.ECDsa,
        RsaSecurityKey => key.KeySize >= 2048,
        ECDsaSecurityKey => true,
        JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.RSA } => key.KeySize >= 2048,
        JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.EllipticCurve } => true,
        _ => false,
    };

    private sealed class Fetched
    {
        public SemaphoreSlim Turn { get; } = new(1);
        public IReadOnlyList<SecurityKey> Keys { get; set; } = [];
        public long? FetchedAt { get; set; }
        public long? AskedAt { get; set; }
    }
}
