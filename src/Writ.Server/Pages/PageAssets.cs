using Writ.Server.Identity;
using Writ.Core.Identity;
using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Writ.Server.Pages;

/// <summary>Stylesheet and scripts, which lie inside the program. Their addresses name their content, so browsers keep them.</summary>
internal static class PageAssets
{
    private static readonly FrozenDictionary<string, Asset> ByPath = Load();

    /// <summary>The address of an asset.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public static string Path(string name) => ByPath.Single(asset => asset.Value.Name == name).Key;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/assets/{digest}/{name}", (HttpContext context) =>
    {
        if (!ByPath.TryGetValue(context.Request.Path.Value!, out var asset))
            return Results.NotFound();
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return Results.Bytes(asset.Content, asset.Type, entityTag: new EntityTagHeaderValue($"\"{asset.Digest}\""));
    }).ExcludeFromDescription().Needs(Access.Open);

    private static FrozenDictionary<string, Asset> Load()
    {
        const string folder = "pages/";
        var assembly = typeof(PageAssets).Assembly;
        var assets = new Dictionary<string, Asset>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(folder, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            var name = resource[folder.Length..];
            var digest = Convert.ToHexStringLower(SHA256.HashData(content))[..16];
            assets[$"/assets/{digest}/{name}"] = new(name, digest, content, TypeOf(name));
        }

        return assets.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string TypeOf(string name) => System.IO.Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"an asset of the kind {other}"),
    };

    private sealed record Asset(string Name, string Digest, byte[] Content, string Type);
}
