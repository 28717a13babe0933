using Writ.Core.Tools.Definitions;
using Writ.Core.Tools.Nmap;

namespace Writ.Core.Tools;

/// <summary>The tools whose commands are understood: those in the box, and those that a policy defines. What is not here cannot be run.</summary>
public sealed class ToolCatalogue
{
    private readonly Dictionary<string, ITool> _tools;

    private ToolCatalogue(IEnumerable<ITool> tools)
    {
        All = [.. tools.OrderBy(tool => tool.Name, StringComparer.Ordinal)];
        _tools = All.ToDictionary(tool => tool.Name, StringComparer.Ordinal);
    }

    /// <summary>The tools that this program brings along.</summary>
    public static ToolCatalogue Box { get; } = new([new NmapTool(), .. Defined()]);

    /// <summary>Every tool, in bytewise order of the names.</summary>
    public IReadOnlyList<ITool> All { get; }

    /// <summary>This catalogue with further tools; one of the same name takes the place of an earlier one.</summary>
    public ToolCatalogue With(IReadOnlyCollection<ITool> tools) =>
        tools.Count == 0 ? this : new(All.Where(known => tools.All(tool => tool.Name != known.Name)).Concat(tools));

    /// <summary>The tool of this name, or null. Names are matched exactly: a path is no name.</summary>
    public ITool? Find(string name) => _tools.GetValueOrDefault(name);

    /// <summary>What to say to somebody who named a tool that there is not.</summary>
    public string Hint(string name) =>
        Spelling.Nearest(name, All.Select(tool => tool.Name)) is { } near
            ? $"did you mean '{near}'?"
            : $"the tools are: {string.Join(", ", All.Select(tool => tool.Name))}";

    // Each is read by its own examples in the tests: one that cannot be read never leaves the workshop.
    private static IEnumerable<ITool> Defined()
    {
        var assembly = typeof(ToolCatalogue).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith("tools/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(name)!);
            var (definition, problems) = ToolDefinition.Read(text.ReadToEnd(), name);
            yield return new DefinedTool(definition ?? throw new InvalidOperationException(problems[0].ToString()));
        }
    }
}
