using System.Net;
using System.Net.Http.Headers;
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
/// asked for. A call whose token is over gets another one and is made once more; where the server asks for a fresh sign-in,
/// there is one, and the call is made once more.
/// </summary>
/// <param name="address">Where.</param>
/// <param name="http">How it is reached.</param>
/// <param name="credential">Who calls, or null for the few calls without anybody.</param>
/// <param name="time">The clock.</param>
internal sealed class WritServer(ServerAddress address, HttpMessageInvoker http, Credential? credential, TimeProvider time)
{
    private const int LargestAnswer = 128 << 20;

    /// <summary>Where.</summary>
    public ServerAddress Address { get; } = address;

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
        using var response = await CallAsync(() => Request(HttpMethod.Get, path), http.SendAsync, cancel);
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
        var response = await CallAsync(() => Request(HttpMethod.Get, path), http.SendAsync, cancel);
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

    /// <summary>A POST that says nothing but its path.</summary>
    public Task<Answer<T>> PostAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class => SendAsync(HttpMethod.Post, path, null, type, null, Patience, cancel);

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

    public Task<Answer<T>> DeleteAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class => SendAsync(HttpMethod.Delete, path, null, type, null, Patience, cancel);

    /// <summary>Opens the WebSocket of a run at a byte of its recording.</summary>
    /// <exception cref="AttachRefusedException">The server answered, and said no.</exception>
    /// <exception cref="WebSocketException">There is no connection.</exception>
    public async Task<WebSocket> AttachAsync(string run, long from, string mode, CancellationToken cancel)
    {
        if (credential is null || await credential.TokenAsync(cancel) is not { } token)
            throw new AttachRefusedException((int)HttpStatusCode.Unauthorized, credential?.MayReturn == true);
        try
        {
            return await AttachAsync(run, from, mode, token, cancel);
        }
        catch (AttachRefusedException refused) when (refused.IsSignedOut)
        {
            if (await credential.InPlaceOfAsync(token, cancel) is not { } another)
                throw;
            return await AttachAsync(run, from, mode, another, cancel);
        }
    }

    private async Task<WebSocket> AttachAsync(string run, long from, string mode, string token, CancellationToken cancel)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        // A cut link says nothing: ask, and take silence for an answer.
        socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(5);
        socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(10);
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        try
        {
            await socket.ConnectAsync(Address.WebSocket($"/v1/runs/{run}/attach?from={from}&mode={mode}"), http, cancel);
            return socket;
        }
        catch (WebSocketException) when (socket.HttpStatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
        {
            var status = (int)socket.HttpStatusCode;
            socket.Dispose();
            throw new AttachRefusedException(status, status == (int)HttpStatusCode.Unauthorized && credential!.MayReturn);
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
        using var response = await CallAsync(Make, Once, cancel);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancel);
        return response.IsSuccessStatusCode ? new(read(bytes), bytes) : new(ReadProblem(response, bytes));

        HttpRequestMessage Make()
        {
            var request = Request(method, path);
            if (key is not null)
                request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
            if (accept is not null)
                request.Headers.Accept.ParseAdd(accept);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }

            return request;
        }

        async Task<HttpResponseMessage> Once(HttpRequestMessage request, CancellationToken called)
        {
            using var limit = new CancellationTokenSource(patience, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, called);
            try
            {
                var answer = await http.SendAsync(request, both.Token);
                // To its very end, so that the connection is used again.
                await answer.Content.LoadIntoBufferAsync(LargestAnswer, both.Token);
                return answer;
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !called.IsCancellationRequested)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, $"no answer within {patience.TotalSeconds:0} s");
            }
        }
    }

    /// <summary>
    /// Makes a call as the one who is signed in. A server that answers 401 has done nothing: with another token the call is
    /// made again, once after a token that was over, and once after a fresh sign-in.
    /// </summary>
    private async Task<HttpResponseMessage> CallAsync(
        Func<HttpRequestMessage> make, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancel)
    {
        var token = credential is null ? null : await credential.TokenAsync(cancel);
        if (credential is not null && token is null)
            return new(HttpStatusCode.Unauthorized);
        var (renewed, fresh) = (false, false);
        while (true)
        {
            using var request = make();
            if (token is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var response = await send(request, cancel);
            if (response.StatusCode != HttpStatusCode.Unauthorized || credential is null)
                return response;
            var challenge = Challenge.Of(response.Headers.WwwAuthenticate);
            if (challenge is null ? renewed : fresh)
                return response;
            var another = challenge is null ? await credential.InPlaceOfAsync(token!, cancel) : await credential.FreshAsync(challenge, cancel);
            if (another is null)
                return response;
            (renewed, fresh) = (renewed || challenge is null, fresh || challenge is not null);
            response.Dispose();
            token = another;
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path) =>
        new(method, Address.Http(path)) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

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

    private Problem ReadProblem(HttpResponseMessage response, byte[] bytes)
    {
        var status = (int)response.StatusCode;
        var problem = ReadProblem(response.Content.Headers.ContentType?.MediaType, bytes) ?? (status == 401
            ? new(ErrorCode.NotSignedIn, "the server does not take this token", status)
            : new(ErrorCode.Internal, $"the server answered {status}", status));
        return status == 401 && credential is not null && Challenge.Of(response.Headers.WwwAuthenticate) is null ? credential.SignedOut(problem) : problem;
    }

    private static Problem? ReadProblem(string? mediaType, byte[] bytes)
    {
        try
        {
            return mediaType == "application/problem+json" ? JsonSerializer.Deserialize(bytes, WritJson.Default.Problem) : null;
        }
        catch (JsonException)
        {
            // A proxy's answer, not ours.
            return null;
        }
    }
}

/// <summary>The server does not let this caller attach.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="mayReturn">Whether a new sign-in may come while this process waits.</param>
internal sealed class AttachRefusedException(int status, bool mayReturn = false) : Exception($"attach refused: {status}")
{
    /// <summary>The HTTP status, 400 to 499.</summary>
    public int Status { get; } = status;

    /// <summary>True where nobody is signed in any more.</summary>
    public bool IsSignedOut => Status == (int)HttpStatusCode.Unauthorized;

    /// <summary>True where a new sign-in may take up what this one had begun.</summary>
    public bool MayReturn => mayReturn;
}
