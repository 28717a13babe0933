using System.Net.Http.Headers;

namespace Writ.Server.Streams;

/// <summary>
/// POSTs to one address. A status of 2xx says that what was sent arrived, and nothing else does. No redirect is followed: it would
/// carry the token and the record elsewhere.
/// </summary>
internal sealed class EventPost : IDisposable
{
    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(30);
    private readonly Uri _address;
    private readonly HttpClient _http;

    /// <param name="address">Where.</param>
    /// <param name="caFile">PEM file of the only authorities to trust, or null for the system's.</param>
    /// <param name="isPublicAlone">Whether an address inside a network of one's own is refused.</param>
    /// <param name="patience">How long an answer may take; 30 s unless told.</param>
    public EventPost(Uri address, string? caFile, bool isPublicAlone = false, TimeSpan? patience = null)
    {
        _address = address;
        _http = new(OutwardHttp.Handler(caFile, isPublicAlone)) { Timeout = patience ?? UsualPatience, MaxResponseContentBufferSize = 64 << 10 };
    }

    /// <exception cref="IOException">It cannot be told that it arrived; the message is for the log and holds no secret.</exception>
    public async Task Send(byte[] body, string type, Action<HttpRequestHeaders> head, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new(type);
        head(request.Headers);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!answer.IsSuccessStatusCode)
                throw new IOException(OutwardHttp.Told(answer.StatusCode));
            // To its end, so that the connection is used again; what it says is nothing to us.
            await answer.Content.LoadIntoBufferAsync(cancel);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException("it does not answer");
        }
        catch (HttpRequestException failed)
        {
            throw new IOException(OutwardHttp.Told(failed), failed);
        }
    }

    public void Dispose() => _http.Dispose();
}
