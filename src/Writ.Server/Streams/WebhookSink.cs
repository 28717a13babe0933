using System.Net.Http.Headers;

namespace Writ.Server.Streams;

/// <summary>Events one by one, each a POST.</summary>
/// <param name="post">Where.</param>
/// <param name="type">The media type of an event.</param>
/// <param name="sign">What signs an event, in the headers of its request; null where its receiver asks for none.</param>
internal sealed class WebhookSink(EventPost post, string type, Action<StreamEvent, HttpRequestHeaders>? sign = null) : IEventSink
{
    public int AtOnce => 1;

    public long? Confirmed { get; private set; }

    public async Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel)
    {
        foreach (var happened in events)
        {
            await post.Send(happened.Json, type, head => sign?.Invoke(happened, head), cancel);
            Confirmed = happened.Position;
        }
    }

    public ValueTask DisposeAsync()
    {
        post.Dispose();
        return ValueTask.CompletedTask;
    }
}
