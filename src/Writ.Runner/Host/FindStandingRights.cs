using System.Globalization;
using Writ.Runner.Runners;

namespace Writ.Runner.Host;

/// <summary>
/// <c>writ-runner standing-rights</c>: finds who could run this runner's tools, or reach its networks raw, without asking;
/// tells the server, and takes away what can be taken alone.
/// </summary>
internal static class FindStandingRights
{
    /// <summary>The most that one report holds.</summary>
    private const int MostReported = 200;

    /// <summary>Exit code 0 where nothing is left, 1 where something is.</summary>
    /// <param name="data">The runner's data folder.</param>
    /// <param name="folder">Where to look; only the host itself, <c>/</c>, is reported to the server.</param>
    /// <param name="remove">Take away what can be taken away without taking more.</param>
    /// <param name="output">A line a right, then a line that counts.</param>
    /// <param name="time">The clock of the report.</param>
    public static int Run(DataFolder data, string folder, bool remove, TextWriter output, TimeProvider time)
    {
        var root = new HostRoot(Path.GetFullPath(folder));
        if (!Directory.Exists(root.Folder))
            throw new RunnerException($"there is no folder {root.Folder}");
        var config = RunnerConfig.Read(data.Config);
        var tools = GuardedTool.Of(config.Tools);
        var found = new List<FoundRight>();
        IEnumerable<StandingRight> all = SudoRights.Find(root, tools).Concat(LoginRights.Find(root, tools)).Concat(GroupRights.Find(root)).Concat(FileRights.Find(root, tools, data.Path))
            .Concat(root.IsHost ? RouteRights.Find(config) : []);
        // All of them before the first is removed: a removal moves lines.
        foreach (var right in all.ToArray().Reverse())
        {
            var removed = remove && right.Remove is not null && TryRemove(right, output);
            found.Insert(0, new(right.Kind, right.Where, right.What, right.Remedy, removed));
        }

        foreach (var right in found)
        {
            output.WriteLine($"{right.Kind}  {right.Where}: {right.What}");
            output.WriteLine(right.Removed ? $"  done: {right.Remedy}" : $"  remedy: {right.Remedy}");
        }

        var told = root.IsHost && new ReportSpool(data, output.WriteLine).Add(time, [.. found.Take(MostReported)], null);
        var left = found.Count(right => !right.Removed);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(found.Count == 0 ? "no standing rights" : $"{found.Count} standing right{(found.Count == 1 ? "" : "s")}")}{(remove ? $", {found.Count - left} removed" : "")}{(told ? "; the server is told" : "")}"));
        if (!remove && found.Count > 0)
            output.WriteLine("hint: with --remove it takes away what it can take alone; the others need a person");
        else if (left > 0)
            output.WriteLine("hint: what is left needs a person, as it would take more away than the right");
        return left == 0 ? 0 : 1;
    }

    /// <summary>One that cannot be taken away stays in the list, and the others still go.</summary>
    private static bool TryRemove(StandingRight right, TextWriter output)
    {
        try
        {
            right.Remove!();
            return true;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or RunnerException)
        {
            output.WriteLine($"not removed: {right.Where}: {failed.Message}");
            return false;
        }
    }
}
