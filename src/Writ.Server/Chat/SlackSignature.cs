using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Writ.Server.Chat;

/// <summary>
/// Whether a call is Slack's: version 0 of its signatures, HMAC-SHA256 by the app's secret over <c>v0:TIMESTAMP:BODY</c> in
/// <c>X-Slack-Signature</c>, with the timestamp of <c>X-Slack-Request-Timestamp</c>, which is of the last five minutes.
/// </summary>
internal static class SlackSignature
{
    public const string Header = "X-Slack-Signature", Timestamp = "X-Slack-Request-Timestamp";

    /// <summary>How far a call's timestamp may be from the clock. Within it each signature counts once.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const string Version = "v0";

    /// <summary>Why the call is not to be believed, or null.</summary>
    public static string? Problem(string secret, string? timestamp, string? signature, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (timestamp is null || signature is null)
            return "it is not signed";
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > 253_402_300_799)
            return "its timestamp is none";
        // The signature first: whoever has no secret learns nothing of this clock.
        var expected = Encoding.ASCII.GetBytes(Of(secret, timestamp, body));
        if (!CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(signature)))
            return "its signature does not hold";
        return (DateTimeOffset.FromUnixTimeSeconds(seconds) - now).Duration() > Window ? "it is older than five minutes, or of the future" : null;
    }

    /// <summary>The signature of a body.</summary>
    public static string Of(string secret, string timestamp, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.ASCII.GetBytes($"{Version}:{timestamp}:"));
        hash.AppendData(body);
        return $"{Version}={Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }
}
