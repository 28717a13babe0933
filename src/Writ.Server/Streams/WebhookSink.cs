using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Writ.Server.Streams;

/// <summary>
/// Events one by one, each signed as the Standard Webhooks say. An event's id stays the same when it is sent again; its time is that of
/// the attempt, so that a receiver which takes no old ones takes a late one and no replay. The keys are read anew for each event.
/// </summary>
internal sealed class WebhookSink(EventPost post, string log, string keyFile, TimeProvider time) : IEventSink
{
    // Positions are the same in every log, ids are nobody else's. A dot would end the id in what is signed.
    private readonly string _log = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(log)))[..16];

    public long? Confirmed { get; private set; }

    public async Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel)
    {
        foreach (var happened in events)
        {
            var (id, now) = (string.Create(CultureInfo.InvariantCulture, $"msg_{_log}_{happened.Position}"), time.GetUtcNow());
            var signature = StandardWebhook.Read(keyFile).Sign(id, now, happened.Json);
            await post.Send(happened.Json, "application/cloudevents+json", head =>
            {
                head.Add(StandardWebhook.IdHeader, id);
                head.Add(StandardWebhook.TimestampHeader, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
                head.Add(StandardWebhook.SignatureHeader, signature);
            }, cancel);
            Confirmed = happened.Position;
        }
    }

    public ValueTask DisposeAsync()
    {
        post.Dispose();
        return ValueTask.CompletedTask;
    }
}
