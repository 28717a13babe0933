using System.Text;

namespace Writ.Server.Witness;

/// <summary>The one call of a witness, as HTTP.</summary>
internal static class WitnessListener
{
    /// <summary>Proofs and checkpoints are small.</summary>
    private const int LargestBody = 64 << 10;

    public static WebApplication Build(string url, WitnessBook book)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            if (url.StartsWith("unix://", StringComparison.Ordinal))
            {
                File.Delete(url["unix://".Length..]);
                kestrel.ListenUnixSocket(url["unix://".Length..]);
            }
            else
            {
                kestrel.Listen(ServerSettings.Bind(new Uri(url)), new Uri(url).Port);
            }
        });
        var app = builder.Build();
        app.MapPost("/add-checkpoint", async (HttpContext context, CancellationToken cancel) =>
        {
            using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
            var reply = await book.Add(await body.ReadToEndAsync(cancel), cancel);
            context.Response.StatusCode = reply.Status;
            context.Response.ContentType = reply.Type;
            await context.Response.WriteAsync(reply.Body, cancel);
        });
        return app;
    }
}
