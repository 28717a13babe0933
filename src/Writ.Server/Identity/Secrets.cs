using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Writ.Server.Identity;

/// <summary>
/// Secrets that Writ makes: a prefix that tells scanners and people what it is, then 256 random bits in base64url. Only
/// the SHA-256 is ever stored; with so much entropy a slow hash would add nothing.
/// </summary>
internal static class Secrets
{
    /// <summary>An access token.</summary>
    public const string Token = "wrt_";
    /// <summary>A runner's enrolment.</summary>
    public const string Enrolment = "wre_";
    /// <summary>A browser's cookie.</summary>
    public const string Session = "wrb_";
    /// <summary>A directory.</summary>
    public const string Directory = "wrd_";
    /// <summary>The first start, or a one-time link.</summary>
    public const string SetUp = "wrs_";

    public static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
