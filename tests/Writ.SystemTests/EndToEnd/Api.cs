using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Grants;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Proof.Recordings;

namespace Writ.SystemTests.EndToEnd;

/// <summary>What <c>/v1</c> answered: a value or a problem.</summary>
internal sealed record Reply<T>(HttpStatusCode Status, T? Value, Problem? Problem)
    where T : class
{
    public T Ok => Value ?? throw new ShouldAssertException($"HTTP {(int)Status}: {Problem}; {string.Join("; ", Problem?.Reasons ?? [])}");
}

/// <summary>A run's recording as a watcher gets it.</summary>
internal sealed record Recorded(byte[] Bytes, byte[] Output, byte[] Error)
{
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Bytes));
}

/// <summary>One actor at <c>/v1</c>, as any program would be.</summary>
internal sealed class Api(HttpClient http, Uri address, string token)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Task<Reply<T>> Get<T>(string path, JsonTypeInfo<T> type)
        where T : class => Send(HttpMethod.Get, path, null, type);

    public Task<Reply<T>> Post<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type)
        where T : class => Send(HttpMethod.Post, path, JsonSerializer.SerializeToUtf8Bytes(body, bodyType), type);

    public async Task<Reply<T>> Send<T>(HttpMethod method, string path, byte[]? body, JsonTypeInfo<T> type)
        where T : class
    {
        using var request = new HttpRequestMessage(method, new Uri(address, path));
        request.Headers.Authorization = new("Bearer", token);
        // A large body is sent when the server wants it, as curl does: else the connection breaks before the answer is read.
        request.Headers.ExpectContinue = body?.Length > 1 << 20;
        if (body is not null)
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var response = await http.SendAsync(request, Cancel);
        var answered = await response.Content.ReadAsByteArrayAsync(Cancel);
        return response.IsSuccessStatusCode
            ? new(response.StatusCode, JsonSerializer.Deserialize(answered, type), null)
            : new(response.StatusCode, null, JsonSerializer.Deserialize(answered, WritJson.Default.Problem));
    }

    public async Task<RequestView> Request(string id) => (await Get($"/v1/requests/{id}", WritJson.Default.RequestView)).Ok;

    public async Task<GrantView> Grant(string id) => (await Get($"/v1/grants/{id}", WritJson.Default.GrantView)).Ok;

    public async Task<RunView> Run(string id) => (await Get($"/v1/runs/{id}", WritJson.Default.RunView)).Ok;

    public async Task<IReadOnlyList<RunView>> RunsOf(string grant) => (await Get($"/v1/runs?limit=200&grant={grant}", WritJson.Default.PageRunView)).Ok.Items;

    public Task<Reply<RequestView>> Decide(RequestView shown, bool approve) =>
        Post($"/v1/requests/{shown.Id}/{(approve ? "approve" : "deny")}", new Decide(shown.StatementDigest!), WritJson.Default.Decide, WritJson.Default.RequestView);

    /// <summary>The audit log, oldest first: all of it, or a request's story.</summary>
    public async Task<IReadOnlyList<JsonElement>> Audit(string? request = null)
    {
        var entries = new List<JsonElement>();
        for (long after = -1; ;)
        {
            var page = (await Get($"/v1/audit?limit=1000&after={after}{(request is null ? "" : $"&correlation={request}")}", WritJson.Default.PageAuditEntryView)).Ok;
            entries.AddRange(page.Items.Select(item => item.Entry));
            if (page.Next is null)
                return entries;
            after = page.Items[^1].Position;
        }
    }

    /// <summary>The WebSocket of a run, from its first byte.</summary>
    public async Task<ClientWebSocket> Attach(string run)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        await socket.ConnectAsync(new UriBuilder(new Uri(address, $"/v1/runs/{run}/attach?from=0&mode=watch")) { Scheme = "ws" }.Uri, Cancel);
        return socket;
    }

    /// <summary>Watches a run to its end, from the first byte.</summary>
    public async Task<Recorded> Recording(string run)
    {
        using var socket = await Attach(run);
        using var bytes = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (await socket.ReceiveAsync(buffer.AsMemory(), Cancel) is var received && received.MessageType != WebSocketMessageType.Close)
        {
            if (received.MessageType == WebSocketMessageType.Binary)
                bytes.Write(buffer, 0, received.Count);
        }

        using var output = new MemoryStream();
        using var error = new MemoryStream();
        var reader = new RecordingReader();
        reader.Append(bytes.ToArray());
        while (reader.TryRead(out var frame))
        {
            var stream = frame.Stream switch { RecordingStream.Output => output, RecordingStream.Error => error, _ => null };
            if (stream is null)
                continue;
            frame.Offset.ShouldBe(stream.Length, "the recording has a gap");
            stream.Write(frame.Bytes.Span);
        }

        return new(bytes.ToArray(), output.ToArray(), error.ToArray());
    }
}
