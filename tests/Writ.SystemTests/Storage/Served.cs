using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace Writ.SystemTests.Storage;

/// <summary>A world's API on a Unix socket, as any program calls it.</summary>
internal sealed class Served(World world, HttpClient http) : IAsyncDisposable
{
    public World World => world;

    public HttpClient Http => http;

    /// <summary>Another server of the world, which answers on a socket in its folder.</summary>
    public static async Task<Served> Of(World world, bool ticks = true, string name = "api")
    {
        var socket = Path.Combine(world.Folder, name);
        var served = await world.Beside(socket, ticks);
        await served.Serve();
        return new(served, new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                return new NetworkStream(connection, ownsSocket: true);
            },
        }) { BaseAddress = new("http://writ") });
    }

    /// <summary>A call, with a token and a JSON body where there are any.</summary>
    public async Task<(HttpStatusCode Status, string Body, HttpResponseHeaders Headers)> Send(
        HttpMethod method, string path, string? token, string? body = null, string type = "application/json", Action<HttpRequestMessage>? with = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        with?.Invoke(request);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), answer.Headers);
    }

    /// <summary>Opens a WebSocket; the status where there is none.</summary>
    public async Task<(HttpStatusCode Status, ClientWebSocket? Socket)> Open(string path, string? token)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (token is not null)
            socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        try
        {
            await socket.ConnectAsync(new Uri($"ws://writ{path}"), http, TestContext.Current.CancellationToken);
            return (HttpStatusCode.SwitchingProtocols, socket);
        }
        catch (WebSocketException)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            return (status, null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await world.DisposeAsync();
    }
}
