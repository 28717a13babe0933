using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Writ.Server.Streams;

/// <summary>
/// The headers by which a receiver tells an event from here, as the Standard Webhooks say. An event's id stays the same when it is sent
/// again; its time is that of the attempt, so that a receiver which takes no old ones takes a late one and no replay. The keys are read
/// anew for each event.
/// </summary>
internal sealed class WebhookSignature(string log, string keyFile, TimeProvider time)
{
    // Positions are the same in every log, ids are nobody else's. A dot would end the id in what is signed.
    private readonly string _log = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(log)))[..16];

    /// <exception cref="IOException">The keys cannot be read.</exception>
    public void Sign(StreamEvent happened, HttpRequestHeaders head)
    {
        var (id, now) = (string.Create(CultureInfo.InvariantCulture, $"msg_{_log}_{happened.Position}"), time.GetUtcNow());
        head.Add(StandardWebhook.IdHeader, id);
        head.Add(StandardWebhook.TimestampHeader, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        head.Add(StandardWebhook.SignatureHeader, StandardWebhook.Read(keyFile).Sign(id, now, happened.Json));
    }
}
