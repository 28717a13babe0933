namespace Writ.Server.Streams;

/// <summary>Messages one by one to a channel's incoming webhook.</summary>
internal sealed class ChatSink(EventPost post) : IEventSink
{
    public long? Confirmed { get; private set; }

    public async Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel)
    {
        foreach (var happened in events)
        {
            await post.Send(happened.Json, "application/json", _ => { }, cancel);
            Confirmed = happened.Position;
        }
    }

    public ValueTask DisposeAsync()
    {
        post.Dispose();
        return ValueTask.CompletedTask;
    }
}
