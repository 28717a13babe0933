using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;
using Writ.Core.Identity;
using Writ.Server.Identity;

namespace Writ.Server.Pages;

/// <summary>
/// Stylesheets and scripts, which lie inside the program. Their addresses name their content, so browsers keep them; each is
/// packed once, when it is first asked for.
/// </summary>
internal static class PageAssets
{
    private static readonly FrozenDictionary<string, Asset> ByPath = Load();
    private static readonly FrozenDictionary<string, string> PathOf = ByPath.ToFrozenDictionary(asset => asset.Value.Name, asset => asset.Key, StringComparer.Ordinal);

    /// <summary>The address of an asset.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public static string Path(string name) => PathOf[name];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/assets/{digest}/{name}", Show).ExcludeFromDescription().Needs(Access.Open);
        // A worker speaks for the addresses below its own, so it lies at the root, under one name; browsers ask for it anew by themselves.
        routes.MapGet("/push-worker.js", (HttpContext context) =>
        {
            context.Response.Headers.CacheControl = "no-cache";
            return Results.Bytes(ByPath[Path("push-worker.js")].For("").Content, "text/javascript; charset=utf-8");
        }).ExcludeFromDescription().Needs(Access.Open);
    }

    private static IResult Show(HttpContext context)
    {
        if (!ByPath.TryGetValue(context.Request.Path.Value!, out var asset))
            return Results.NotFound();
        var headers = context.Response.Headers;
        headers.CacheControl = "public, max-age=31536000, immutable";
        headers.XContentTypeOptions = "nosniff";
        headers.Vary = HeaderNames.AcceptEncoding;
        var (content, packing) = asset.For(context.Request.Headers.AcceptEncoding.ToString());
        if (packing is not null)
            headers.ContentEncoding = packing;
        return Results.Bytes(content, asset.Type, entityTag: new EntityTagHeaderValue($"\"{asset.Digest}{(packing is null ? "" : $"-{packing}")}\""));
    }

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

    private sealed class Asset(string name, string digest, byte[] content, string type)
    {
        private readonly Lazy<byte[]> _brotli = new(() => Pack(content, to => new BrotliStream(to, new BrotliCompressionOptions { Quality = 9 })));
        private readonly Lazy<byte[]> _gzip = new(() => Pack(content, to => new GZipStream(to, CompressionLevel.SmallestSize)));

        public string Name => name;

        public string Digest => digest;

        public string Type => type;

        /// <summary>The bytes as this browser takes them, and how they are packed.</summary>
        public (byte[] Content, string? Packing) For(string accepted)
        {
            string[] takes = [.. accepted.Split(',').Select(each => each.Split(';')[0].Trim())];
            return takes.Contains("br") ? (_brotli.Value, "br") : takes.Contains("gzip") ? (_gzip.Value, "gzip") : (content, null);
        }

        private static byte[] Pack(byte[] content, Func<Stream, Stream> packer)
        {
            var packed = new MemoryStream();
            using (var packing = packer(packed))
                packing.Write(content);
            return packed.ToArray();
        }
    }
}
