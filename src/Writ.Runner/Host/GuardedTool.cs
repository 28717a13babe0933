using Writ.Runner.Kernel;

namespace Writ.Runner.Host;

/// <summary>A program that is to be executed through this runner alone.</summary>
/// <param name="Name">The tool's name, which is also its file's.</param>
/// <param name="Path">Where the runner has it.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
internal sealed record GuardedTool(string Name, string Path, long Size, string Sha256)
{
    /// <summary>The tools of a runner that are there.</summary>
    public static IReadOnlyList<GuardedTool> Of(IEnumerable<Runners.ToolPath> tools) =>
        [.. tools.Where(tool => File.Exists(tool.Path)).Select(tool => new GuardedTool(tool.Name, Final(tool.Path), new FileInfo(Final(tool.Path)).Length, ProgramFile.Digest(Final(tool.Path))))];

    private static string Final(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
}
