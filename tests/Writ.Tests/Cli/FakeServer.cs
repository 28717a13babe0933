using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Writ.Contracts;
using Writ.Contracts.Errors;
using Writ.Contracts.Runs;

namespace Writ.Tests.Cli;

/// <summary>A call that the fake server got.</summary>
internal sealed record Call(string Method, string Path, string Query, string Body, string? Token, string? Key, string Connection);

/// <summary>A server that answers as told, on a real socket.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> _routes = new();

    private FakeServer(WebApplication app) => _app = app;

    public ConcurrentQueue<Call> Calls { get; } = new();

    public string Address { get; private set; } = "";

    public IEnumerable<string> Asked => Calls.Select(call => $"{call.Method} {call.Path}");

    public static async Task<FakeServer> StartAsync(string? socket = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (socket is not null)
                kestrel.ListenUnixSocket(socket);
            else
                kestrel.Listen(System.Net.IPAddress.Loopback, 0);
        });
        var app = builder.Build();
        var server = new FakeServer(app);
        app.UseWebSockets();
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        server.Address = socket is not null
            ? $"unix://{socket}"
            : app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return server;
    }

    public FakeServer On(string methodAndPath, Func<HttpContext, Task> answer)
    {
        _routes[methodAndPath] = answer;
        return this;
    }

    public FakeServer Json<T>(string methodAndPath, T value, JsonTypeInfo<T> type, int status = 200) =>
        On(methodAndPath, context => Write(context, value, type, status));

    public FakeServer Problem(string methodAndPath, Problem problem) =>
        On(methodAndPath, context => Write(context, problem, WritJson.Default.Problem, problem.Status, "application/problem+json"));

    public FakeServer Attach(Func<WebSocket, long, Task> follow) => On($"GET /v1/runs/{Samples.RunId}/attach", async context =>
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await follow(socket, long.Parse(context.Request.Query["from"]!, System.Globalization.CultureInfo.InvariantCulture));
    });

    public static Task Write<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = 200, string contentType = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, type)).AsTask();
    }

    public static Task Send(WebSocket socket, byte[] bytes) => socket.SendAsync(bytes, WebSocketMessageType.Binary, true, CancellationToken.None);

    public static Task Send(WebSocket socket, AttachMessage message) => socket.SendAsync(
        JsonSerializer.SerializeToUtf8Bytes(message, WritJson.Default.AttachMessage), WebSocketMessageType.Text, true, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        using var reader = new StreamReader(request.Body);
        var body = await reader.ReadToEndAsync();
        request.Body = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(body));
        Calls.Enqueue(new(request.Method, request.Path, request.QueryString.Value ?? "", body,
            request.Headers.Authorization, request.Headers["Idempotency-Key"], context.Connection.Id));
        if (_routes.TryGetValue($"{request.Method} {request.Path}", out var answer))
            await answer(context);
        else
            context.Response.StatusCode = 404;
    }
}
