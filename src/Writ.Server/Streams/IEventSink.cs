namespace Writ.Server.Streams;

/// <summary>An event on its way: the position of its entry, what a line of syslog says of it, and its JSON without a line feed.</summary>
internal sealed record StreamEvent(long Position, DateTimeOffset Time, string Type, int Severity, byte[] Json);

/// <summary>Where a stream's events end. One worker's alone.</summary>
internal interface IEventSink : IAsyncDisposable
{
    /// <summary>How many events are sent together, so that they arrive together or not.</summary>
    int AtOnce => int.MaxValue;

    /// <summary>Sends events, in order. What was sent may come again after any failure.</summary>
    /// <exception cref="IOException">It cannot be told that all of them arrived; the message is for the log and holds no secret.</exception>
    Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel);

    /// <summary>The position up to which everything has surely arrived, of what was sent through this sink; null for nothing yet.</summary>
    /// <exception cref="IOException">It turned out that this cannot be told any more.</exception>
    long? Confirmed { get; }
}
