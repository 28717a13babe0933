using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Writ.Server.Identity.Accounts;

/// <summary>Secrets of authenticator apps, sealed: in the database for good, in a form for as long as somebody sets theirs up.</summary>
internal sealed class TotpSecrets(IDataProtectionProvider seals)
{
    private readonly IDataProtector _kept = seals.CreateProtector("writ totp secret");
    private readonly ITimeLimitedDataProtector _offered = seals.CreateProtector("writ totp offer").ToTimeLimitedDataProtector();

    public string Keep(byte[] secret) => Convert.ToBase64String(_kept.Protect(secret));

    /// <exception cref="CryptographicException">It was sealed with another server's key.</exception>
    public byte[] Read(string kept) => _kept.Unprotect(Convert.FromBase64String(kept));

    public string Offer(byte[] secret) => Convert.ToBase64String(_offered.Protect(secret, TimeSpan.FromMinutes(30)));

    /// <summary>The secret that was offered; null where it was not, or too long ago.</summary>
    public byte[]? Accept(string offered)
    {
        try
        {
            return _offered.Unprotect(Convert.FromBase64String(offered));
        }
        catch (Exception forged) when (forged is CryptographicException or FormatException)
        {
            return null;
        }
    }
}
