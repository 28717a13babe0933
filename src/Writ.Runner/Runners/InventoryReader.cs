using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Writ.Proof.Runners;
using Writ.Runner.Kernel;
using Writ.Runner.Runs;

namespace Writ.Runner.Runners;

/// <summary>What this runner can execute, read from the disk, with what tells a program from its changed self.</summary>
internal sealed partial class InventoryReader
{
    private static readonly (string Name, string Path)[] NmapFiles =
        [("nmap-services", "/usr/share/nmap/nmap-services"), ("script.db", "/usr/share/nmap/scripts/script.db")];
    private readonly RunnerConfig _config;
    private readonly Dictionary<string, string?> _marks = [];

    /// <summary>Reads every tool; one that cannot be executed in the sandbox is left out and told to <paramref name="say"/>.</summary>
    public InventoryReader(RunnerConfig config, Action<string> say)
    {
        _config = config;
        Current = Read(say);
    }

    /// <summary>As it was read last.</summary>
    public Inventory Current { get; private set; }

    /// <summary>The mark under which this tool was digested; null where it was changed since.</summary>
    public string? MarkOf(ToolInventory tool) => _marks.GetValueOrDefault(tool.Path) is { } mark && FileMark.Of(tool.Path) == mark ? mark : null;

    /// <summary>Reads again if any program or data file has changed; true if so.</summary>
    public bool Refresh()
    {
        if (_marks.All(seen => FileMark.Of(seen.Key) == seen.Value))
            return false;
        Current = Read(_ => { });
        return true;
    }

    private Inventory Read(Action<string> say)
    {
        _marks.Clear();
        var tools = new List<ToolInventory>();
        foreach (var (name, path) in _config.Tools.Select(tool => (tool.Name, tool.Path)))
        {
            _marks[path] = FileMark.Of(path);
            if (!File.Exists(path))
            {
                say($"tool {name}: there is no {path}");
                continue;
            }

            var (exitCode, output, error) = Sandbox.Try(path, "--version");
            if (exitCode != 0 && output.Length == 0)
                say($"tool {name}: {path} --version failed: {FirstLine(error)}");
            var version = Version().Match(output + error) is { Success: true } found ? found.Value : "unknown";
            tools.Add(new(name, path, version, DigestOfFile(path), name == "nmap" ? ReadFiles() : []));
        }

        return new([.. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal)]);
    }

    private List<ToolFile> ReadFiles()
    {
        var files = new List<ToolFile>();
        foreach (var (name, path) in NmapFiles)
        {
            _marks[path] = FileMark.Of(path);
            if (!File.Exists(path))
                continue;
            var content = File.ReadAllBytes(path);
            files.Add(new(name, Digest(content), content));
        }

        return files;
    }

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string DigestOfFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    internal static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();

    [GeneratedRegex(@"\d+(\.\d+)+\w*")]
    private static partial Regex Version();
}
