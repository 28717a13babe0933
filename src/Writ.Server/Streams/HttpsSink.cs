using System.Net.Http.Headers;

namespace Writ.Server.Streams;

/// <summary>
/// Batches of lines, POSTed. A status of 2xx says that they arrived, and nothing else does. No redirect is followed: it would
/// carry the token and the record elsewhere. The token is read anew for each batch, so that its file can be replaced.
/// </summary>
internal sealed class HttpsSink : IEventSink
{
    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(30);
    private readonly Uri _address;
    private readonly string? _tokenFile;
    private readonly HttpClient _http;

    /// <param name="address">Where.</param>
    /// <param name="caFile">PEM file of the only authorities to trust, or null for the system's.</param>
    /// <param name="tokenFile">The file with the bearer token, or null for none.</param>
    /// <param name="patience">How long an answer may take; 30 s unless told.</param>
    public HttpsSink(Uri address, string? caFile, string? tokenFile, TimeSpan? patience = null)
    {
        (_address, _tokenFile) = (address, tokenFile);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10), PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        handler.SslOptions.CertificateChainPolicy = StreamTarget.Trust(caFile);
        _http = new(handler) { Timeout = patience ?? UsualPatience, MaxResponseContentBufferSize = 64 << 10 };
    }

    public long? Confirmed { get; private set; }

    public async Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel)
    {
        using var lines = new MemoryStream();
        foreach (var happened in events)
        {
            lines.Write(happened.Json);
            lines.WriteByte((byte)'\n');
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = new ByteArrayContent(lines.ToArray()) };
        request.Content.Headers.ContentType = new("application/x-ndjson");
        if (_tokenFile is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", StreamTarget.Token(_tokenFile));
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!answer.IsSuccessStatusCode)
                throw new IOException($"it answered {(int)answer.StatusCode}{((int)answer.StatusCode is >= 300 and < 400 ? ", and no redirect is followed" : "")}");
            // To its end, so that the connection is used again; what it says is nothing to us.
            await answer.Content.LoadIntoBufferAsync(cancel);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException("it does not answer");
        }
        catch (HttpRequestException failed)
        {
            throw new IOException(failed.InnerException is System.Security.Authentication.AuthenticationException ? "its certificate is not to be trusted" : failed.Message, failed);
        }

        Confirmed = events[^1].Position;
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }
}
