using System.Security.Cryptography;
using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Server.Commands;

/// <summary>Nmap's data files of this host, in place of a runner's inventory.</summary>
internal static class HostNmap
{
    private static readonly string[] Folders = ["/usr/share/nmap", "/usr/local/share/nmap"];

    /// <summary>
    /// The files of a folder. Without one those of this host, where there may be none: commands that need neither names nor
    /// defaults nor scripts are planned all the same.
    /// </summary>
    public static Result<ToolInventory> Read(string? folder)
    {
        var from = folder ?? Array.Find(Folders, Directory.Exists);
        if (folder is not null && !Directory.Exists(folder))
            return new Refusal(ErrorCode.InvalidInput, $"--nmap-data: there is no folder '{folder}'", "name the folder with nmap-services");
        ToolFile[] files = from is null ? [] : [.. new[] { ("nmap-services", "nmap-services"), ("script.db", "scripts/script.db") }
            .Select(file => (Name: file.Item1, Path: Path.Combine(from, file.Item2))).Where(file => File.Exists(file.Path)).Select(file => Read(file.Name, file.Path))];
        return folder is not null && files.Length == 0
            ? new Refusal(ErrorCode.InvalidInput, $"--nmap-data: '{folder}' holds neither nmap-services nor scripts/script.db", "name the folder with nmap-services")
            : new ToolInventory("nmap", "", "", "", files);
    }

    private static ToolFile Read(string name, string path)
    {
        var content = File.ReadAllBytes(path);
        return new(name, Convert.ToHexStringLower(SHA256.HashData(content)), content);
    }
}
