using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Writ.Proof.Runners;
using Writ.Runner.Kernel;
using Writ.Runner.Sandboxes;

namespace Writ.Runner.Runners;

/// <summary>What this runner can execute, read from the disk, with what tells a program from its changed self.</summary>
internal sealed partial class InventoryReader
{
    private static readonly (string Name, string Path)[] NmapFiles = [("nmap-services", "nmap-services"), ("script.db", "scripts/script.db")];
    private readonly RunnerConfig _config;
    private readonly string _folder;
    private readonly IReadOnlyList<string> _protections;
    private Dictionary<string, ToolRoot> _roots = [];
    private readonly Dictionary<string, string?> _marks = [];
    private Dictionary<string, DataDigest> _data = [];

    /// <summary>Reads every tool; one that cannot be executed in the sandbox is left out and told to <paramref name="say"/>.</summary>
    public InventoryReader(RunnerConfig config, string roots, IReadOnlyList<string> protections, Action<string> say)
    {
        (_config, _folder, _protections) = (config, roots, protections);
        Current = Read(say);
    }

    /// <summary>As it was read last.</summary>
    public Inventory Current { get; private set; }

    /// <summary>The mark under which this tool was digested; null where it was changed since.</summary>
    public string? MarkOf(ToolInventory tool) => _marks.GetValueOrDefault(tool.Path) is { } mark && FileMark.Of(tool.Path) == mark ? mark : null;

    /// <summary>The root file system of a tool that <see cref="Current"/> has.</summary>
    public ToolRoot RootOf(ToolInventory tool) => _roots[tool.Name];

    /// <summary>The digest of a file that this tool is shown, as it was read last; null for none of these.</summary>
    public string? DigestOf(ToolInventory tool, string path) => _data[tool.Name].Files.GetValueOrDefault(path);

    /// <summary>Where the roots lie that new runs will use.</summary>
    public IEnumerable<string> Roots => _roots.Values.Select(root => root.Path);

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
        var roots = new Dictionary<string, ToolRoot>(StringComparer.Ordinal);
        var shown = new Dictionary<string, DataDigest>(StringComparer.Ordinal);
        var tools = new List<ToolInventory>();
        foreach (var tool in _config.Tools)
        {
            var (name, path, data, programs) = (tool.Name, tool.Path, tool.DataOrDefault(), tool.Programs ?? []);
            string[] asked = [.. tool.Version ?? ["--version"]];
            _marks[path] = FileMark.Of(path);
            if (!File.Exists(path))
            {
                say($"tool {name}: there is no {path}");
                continue;
            }

            try
            {
                var root = ToolRoot.Make(_folder, path, data, programs);
                foreach (var source in root.Sources)
                    _marks[source] = FileMark.Of(source);
                var beside = DataDigest.Of([.. data, .. programs]);
                foreach (var (seen, mark) in beside.Marks)
                    _marks[seen] = mark;
                var (exitCode, output, error) = SandboxTrial.Run(_config, root, asked);
                if (exitCode != 0 && output.Length == 0)
                    say($"tool {name}: {path} {string.Join(' ', asked)} failed: {FirstLine(error)}");
                var version = Version().Match(output + error) is { Success: true } found ? found.Value : "unknown";
                tools.Add(new(name, path, version, root.Sha256, name == "nmap" ? ReadFiles(data) : []) { Protections = tool.Capture == true ? [.. _protections, Protections.Capture] : _protections, DataSha256 = beside.Sha256 });
                (roots[name], shown[name]) = (root, beside);
            }
            catch (IOException unread)
            {
                say($"tool {name}: {unread.Message}");
            }
            catch (RunnerException wrong)
            {
                say($"tool {name}: {wrong.Message}{(wrong.Hint is { } hint ? $" (hint: {hint})" : "")}");
            }
        }

        (_roots, _data) = (roots, shown);
        return new([.. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal)]);
    }

    private List<ToolFile> ReadFiles(IReadOnlyList<string> data)
    {
        var files = new List<ToolFile>();
        foreach (var (name, path) in NmapFiles.SelectMany(file => data.Select(folder => (file.Name, Path.Combine(folder, file.Path)))))
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

    internal static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();

    [GeneratedRegex(@"\d+(\.\d+)+\w*")]
    private static partial Regex Version();
}
