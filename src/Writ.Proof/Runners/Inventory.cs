using System.Security.Cryptography;
using System.Text;

namespace Writ.Proof.Runners;

/// <summary>
/// What a runner can execute, published when it connects. A plan is made against one inventory and names its digest;
/// the runner refuses an order whose statement names another.
/// </summary>
/// <param name="Tools">The tools by name, in bytewise order of their names.</param>
public sealed record Inventory(IReadOnlyList<ToolInventory> Tools)
{
    /// <summary>The tool of this name, or null.</summary>
    public ToolInventory? Find(string tool) => Tools.FirstOrDefault(found => found.Name == tool);

    /// <summary>Lower-case hexadecimal SHA-256 over a versioned text of every name, version, digest and protection.</summary>
    public string Digest()
    {
        var text = new StringBuilder("writ-inventory/v1\n");
        foreach (var tool in Tools.OrderBy(tool => tool.Name, StringComparer.Ordinal))
        {
            text.Append("tool\n").Append(tool.Name).Append('\n').Append(tool.Path).Append('\n')
                .Append(tool.Version).Append('\n').Append(tool.Sha256).Append('\n');
            foreach (var file in tool.Files.OrderBy(file => file.Name, StringComparer.Ordinal))
                text.Append("file\n").Append(file.Name).Append('\n').Append(file.Sha256).Append('\n');
            if (tool.DataSha256 is { } data)
                text.Append("data\n").Append(data).Append('\n');
            foreach (var protection in tool.Protections.Order(StringComparer.Ordinal))
                text.Append("protection\n").Append(protection).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}

/// <summary>One tool of a runner.</summary>
/// <param name="Name">The word that a command begins with, for example <c>nmap</c>.</param>
/// <param name="Path">The absolute path of the program on the runner; never shown a requester's file.</param>
/// <param name="Version">What the program says of itself, for example <c>7.93</c>.</param>
/// <param name="Sha256">Lower-case hexadecimal digest of the program's bytes.</param>
/// <param name="Files">The data files that give a command its meaning, for example <c>nmap-services</c>.</param>
public sealed record ToolInventory(string Name, string Path, string Version, string Sha256, IReadOnlyList<ToolFile> Files)
{
    /// <summary>What holds its runs there (<see cref="Runners.Protections"/>).</summary>
    public IReadOnlyList<string> Protections { get; init; } = [];

    /// <summary>Lower-case hexadecimal digest of all that it is shown beside its program (scripts, their libraries); null for nothing, and of a runner that does not tell.</summary>
    public string? DataSha256 { get; init; }

    /// <summary>The data file of this name, or null.</summary>
    public ToolFile? FindFile(string name) => Files.FirstOrDefault(file => file.Name == name);
}

/// <summary>A data file of a tool with its bytes; the digest is lower-case hexadecimal SHA-256.</summary>
public sealed record ToolFile(string Name, string Sha256, ReadOnlyMemory<byte> Content);
