using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Proof.Errors;

namespace Writ.Cli.Server;

/// <summary>
/// The API. One handler and HTTP/1.1, so that the WebSocket of a run takes over the very connection on which the run was
/// asked for.
/// </summary>
internal sealed class WritServer : IDisposable
{
    private const int LargestAnswer = 128 << 20;

    private readonly HttpMessageInvoker _http;
    private readonly string? _token;
    private readonly TimeProvider _time;

    /// <param name="address">Where.</param>
    /// <param name="token">The bearer token, or null for the few calls without one.</param>
    /// <param name="ca">The PEM file of the only CA to trust, or null for the system's.</param>
    /// <param name="time">The clock.</param>
    public WritServer(ServerAddress address, string? token, string? ca, TimeProvider time)
    {
        (Address, _token, _time) = (address, token, time);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            // A redirect would carry the token to another origin.
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
        };
        if (!string.IsNullOrEmpty(ca) && address.Base.StartsWith("https:", StringComparison.Ordinal))
            handler.SslOptions.CertificateChainPolicy = Trust.Only(ca);
        if (address.Socket is { } path)
            handler.ConnectCallback = (_, cancel) => DialAsync(path, cancel);
        _http = new HttpMessageInvoker(handler);
    }

    /// <summary>Where.</summary>
    public ServerAddress Address { get; }

    /// <summary>Whether calls carry a token.</summary>
    public bool HasToken => _token is not null;

    /// <summary>How long an answer may take, beyond what a call asks the server to wait.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    public Task<Answer<T>> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel, TimeSpan longPoll = default)
        where T : class => SendAsync(HttpMethod.Get, path, null, type, null, Patience + longPoll, cancel);

    /// <summary>What is no JSON: tiles, checkpoints, proofs, files.</summary>
    public Task<Answer<byte[]>> GetRawAsync(string path, CancellationToken cancel, TimeSpan longPoll = default, string? accept = null) =>
        SendAsync(HttpMethod.Get, path, null, static bytes => bytes, null, Patience + longPoll, cancel, accept);

    /// <summary>A piece of the exported log, the position after which the next one begins, and whether there is one.</summary>
    /// <exception cref="Stop">The server says no.</exception>
    public async Task<(byte[] Events, long Next, bool More)> ExportAsync(string path, CancellationToken cancel)
    {
        using var request = Get(path);
        using var response = await _http.SendAsync(request, cancel);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancel);
        if (!response.IsSuccessStatusCode)
        {
            var problem = ReadProblem(response, bytes);
            throw Stop.Of(problem, ExitCode.OfProblem(problem));
        }

        return response.Headers.TryGetValues("Writ-Next", out var next) && long.TryParse(next.First(), out var after)
            ? (bytes, after, response.Headers.TryGetValues("Writ-More", out var more) && more.First() == "true")
            : throw new Stop(ExitCode.Failed, "the server's answer cannot be read", "is WRIT_SERVER a writ server of the same version?");
    }

    /// <summary>The body of an answer as it comes, of any length.</summary>
    /// <exception cref="Stop">The server says no.</exception>
    public async Task<Stream> OpenAsync(string path, CancellationToken cancel)
    {
        using var request = Get(path);
        var response = await _http.SendAsync(request, cancel);
        if (response.IsSuccessStatusCode)
            return await response.Content.ReadAsStreamAsync(cancel);
        using (response)
        {
            var problem = ReadProblem(response, await response.Content.ReadAsByteArrayAsync(cancel));
            throw Stop.Of(problem, ExitCode.OfProblem(problem));
        }
    }

    public Task<Answer<T>> PostAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class => SendAsync(HttpMethod.Post, path, JsonSerializer.SerializeToUtf8Bytes(body, bodyType), type, null, Patience, cancel);

    /// <summary>A POST that creates something. Sent again after a broken connection, it creates nothing twice.</summary>
    public async Task<Answer<T>> CreateAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        var key = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, bodyType);
        try
        {
            return await SendAsync(HttpMethod.Post, path, bytes, type, key, Patience, cancel);
        }
        catch (HttpRequestException broken) when (broken.HttpRequestError == HttpRequestError.ResponseEnded)
        {
            return await SendAsync(HttpMethod.Post, path, bytes, type, key, Patience, cancel);
        }
    }

    public Task<Answer<T>> PutAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class => SendAsync(HttpMethod.Put, path, JsonSerializer.SerializeToUtf8Bytes(body, bodyType), type, null, Patience, cancel);

    /// <summary>Opens the WebSocket of a run at a byte of its recording.</summary>
    /// <exception cref="AttachRefusedException">The server answered, and said no.</exception>
    /// <exception cref="WebSocketException">There is no connection.</exception>
    public async Task<WebSocket> AttachAsync(string run, long from, string mode, CancellationToken cancel)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        // A cut link says nothing: ask, and take silence for an answer.
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(5);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(10);
        if (_token is not null)
            socket.Options.SetRequestHeader("Authorization", $"Bearer {_token}");
        try
        {
            await socket.ConnectAsync(Address.WebSocket($"/v1/runs/{run}/attach?from={from}&mode={mode}"), _http, cancel);
            return socket;
        }
        catch (WebSocketException) when (socket.HttpStatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
        {
            var status = (int)socket.HttpStatusCode;
            socket.Dispose();
            throw new AttachRefusedException(status);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Get(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Address.Http(path)) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (_token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        return request;
    }

    private static async ValueTask<Stream> DialAsync(string path, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Task<Answer<T>> SendAsync<T>(
        HttpMethod method, string path, byte[]? body, JsonTypeInfo<T> type, string? key, TimeSpan patience, CancellationToken cancel)
        where T : class => SendAsync(method, path, body, bytes => Read(bytes, type), key, patience, cancel);

    private async Task<Answer<T>> SendAsync<T>(
        HttpMethod method, string path, byte[]? body, Func<byte[], T> read, string? key, TimeSpan patience, CancellationToken cancel,
        string? accept = null)
        where T : class
    {
        using var request = new HttpRequestMessage(method, Address.Http(path))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (_token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using var limit = new CancellationTokenSource(patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            using var response = await _http.SendAsync(request, both.Token);
            // To its very end, so that the connection is used again.
            await response.Content.LoadIntoBufferAsync(LargestAnswer, both.Token);
            var bytes = await response.Content.ReadAsByteArrayAsync(both.Token);
            return response.IsSuccessStatusCode
                ? new(read(bytes), bytes)
                : new(ReadProblem(response, bytes));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"no answer within {patience.TotalSeconds:0} s");
        }
    }

    private static T Read<T>(byte[] bytes, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            if (JsonSerializer.Deserialize(bytes, type) is { } value)
                return value;
        }
        catch (JsonException)
        {
            // Told below.
        }

        throw new Stop(ExitCode.Failed, "the server's answer cannot be read", "is WRIT_SERVER a writ server of the same version?");
    }

    private static Problem ReadProblem(HttpResponseMessage response, byte[] bytes)
    {
        var status = (int)response.StatusCode;
        try
        {
            if (response.Content.Headers.ContentType?.MediaType == "application/problem+json" &&
                JsonSerializer.Deserialize(bytes, WritJson.Default.Problem) is { } problem)
                return problem;
        }
        catch (JsonException)
        {
            // A proxy's answer, not ours.
        }

        return status == 401
            ? new(ErrorCode.NotSignedIn, "the server does not take this token", status)
            : new(ErrorCode.Internal, $"the server answered {status}", status);
    }
}

/// <summary>The server does not let this caller attach.</summary>
/// <param name="status">The HTTP status.</param>
internal sealed class AttachRefusedException(int status) : Exception($"attach refused: {status}")
{
    /// <summary>The HTTP status, 400 to 499.</summary>
    public int Status { get; } = status;
}
