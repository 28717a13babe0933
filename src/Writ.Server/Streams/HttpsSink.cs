using System.Net.Http.Headers;

namespace Writ.Server.Streams;

/// <summary>Batches of events, POSTed. The token is read anew for each batch, so that its file can be replaced.</summary>
internal sealed class HttpsSink(EventPost post, StreamForm form, string? tokenFile) : IEventSink
{
    public long? Confirmed { get; private set; }

    public async Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel)
    {
        // CloudEvents has a form of its own for batches (its HTTP binding): a JSON array.
        var (type, before, between, after) = form == StreamForm.CloudEvents ? ("application/cloudevents-batch+json", "[", ",\n", "]\n") : ("application/x-ndjson", "", "\n", "\n");
        using var body = new MemoryStream();
        body.Write(System.Text.Encoding.ASCII.GetBytes(before));
        for (var i = 0; i < events.Count; i++)
        {
            body.Write(events[i].Json);
            body.Write(System.Text.Encoding.ASCII.GetBytes(i < events.Count - 1 ? between : after));
        }

        await post.Send(body.ToArray(), type, head =>
        {
            if (tokenFile is not null)
                head.Authorization = new AuthenticationHeaderValue("Bearer", StreamTarget.Token(tokenFile));
        }, cancel);
        Confirmed = events[^1].Position;
    }

    public ValueTask DisposeAsync()
    {
        post.Dispose();
        return ValueTask.CompletedTask;
    }
}
