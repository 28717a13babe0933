using Writ.Core.Tools.Nmap;

namespace Writ.Core.Tools;

/// <summary>The tools whose commands this server understands. What is not here cannot be run.</summary>
public static class ToolCatalogue
{
    /// <summary>Every tool, in bytewise order of the names.</summary>
    public static IReadOnlyList<ITool> All { get; } = [new NmapTool()];

    /// <summary>The tool of this name, or null. Names are matched exactly: a path is no name.</summary>
    public static ITool? Find(string name) => All.FirstOrDefault(tool => tool.Name == name);

    /// <summary>What to say to somebody who named a tool that there is not.</summary>
    public static string Hint(string name) =>
        Spelling.Nearest(name, All.Select(tool => tool.Name)) is { } near
            ? $"did you mean '{near}'?"
            : $"the tools are: {string.Join(", ", All.Select(tool => tool.Name))}";
}
