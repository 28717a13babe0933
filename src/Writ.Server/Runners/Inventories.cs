using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Proof.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>What runners can execute, by digest: each inventory is stored once and never changes.</summary>
internal sealed class Inventories
{
    private readonly ConcurrentDictionary<string, Inventory> _known = new(StringComparer.Ordinal);

    /// <summary>The inventory of this digest, or null.</summary>
    public async Task<Inventory?> Get(WritDb db, string digest)
    {
        if (_known.TryGetValue(digest, out var known))
            return known;
        var content = await db.Inventories.Where(row => row.Digest == digest).Select(row => row.Content).SingleOrDefaultAsync();
        return content is null ? null : _known[digest] = Of(Hello.Parser.ParseFrom(content).Tools);
    }

    /// <summary>Every tool that an enrolled runner has, by name; of several runners', the one whose runner was enrolled last.</summary>
    public async Task<IReadOnlyDictionary<string, ToolInventory>> Latest(WritDb db, CancellationToken cancel)
    {
        var tools = new Dictionary<string, ToolInventory>(StringComparer.Ordinal);
        var digests = await db.Runners.Where(row => row.DisabledAt == null && row.InventoryDigest != null)
            .OrderBy(row => row.EnrolledAt).Select(row => row.InventoryDigest!).ToListAsync(cancel);
        foreach (var digest in digests)
        {
            foreach (var tool in (await Get(db, digest))?.Tools ?? [])
                tools[tool.Name] = tool;
        }

        return tools;
    }

    /// <summary>Keeps what a runner published; the same inventory is stored once.</summary>
    public async Task<Inventory> Keep(WriteTransaction writes, IEnumerable<Tool> tools)
    {
        var hello = new Hello();
        hello.Tools.AddRange(tools);
        var inventory = Of(hello.Tools);
        var digest = inventory.Digest();
        if (_known.TryGetValue(digest, out var known))
            return known;
        await writes.Append(async db =>
        {
            if (!await db.Inventories.AnyAsync(row => row.Digest == digest))
                db.Inventories.Add(new InventoryRow { Digest = digest, Content = hello.ToByteArray() });
        });
        return _known[digest] = inventory;
    }

    private static Inventory Of(IEnumerable<Tool> tools) => new(
    [
        .. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal).Select(tool => new ToolInventory(
            tool.Name, tool.Path, tool.Version, tool.Sha256,
            [.. tool.Files.Select(file => new ToolFile(file.Name, file.Sha256, file.Content.Memory))]) 
            { Protections = [.. tool.Protections], DataSha256 = tool.DataSha256.Length > 0 ? tool.DataSha256 : null }),
    ]);
}
