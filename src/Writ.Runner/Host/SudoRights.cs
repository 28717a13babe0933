using System.Globalization;
using System.IO.Enumeration;
using Writ.Runner.Kernel;

namespace Writ.Runner.Host;

/// <summary>Rules of sudo under which somebody may run a guarded tool.</summary>
internal static class SudoRights
{
    private const string All = "ALL";

    public static IEnumerable<StandingRight> Find(HostRoot root, IReadOnlyList<GuardedTool> tools)
    {
        var (rules, aliases) = SudoersFile.Read(root);
        foreach (var rule in rules)
        {
            string[] users = [.. Expand(rule.Users, aliases).Where(user => user is not ("root" or "#0"))];
            var commands = Expand(rule.Commands, aliases).ToArray();
            var reached = commands.Where(command => tools.Any(tool => Reaches(command, tool))).ToArray();
            if (users.Length == 0 || reached.Length == 0)
                continue;
            var where = string.Create(CultureInfo.InvariantCulture, $"{rule.Path}:{rule.FirstLine + 1}");
            var who = string.Join(", ", users.Select(user => user.StartsWith('%') ? $"group {user[1..]}" : user));
            var alone = reached.Length == commands.Length && rule.Commands.All(command => command.StartsWith('/'))
                && rule.Users.All(user => user is not ("root" or "#0")) && rules.Count(other => other.Path == rule.Path && other.FirstLine == rule.FirstLine) == 1;
            yield return reached.Contains(All)
                ? new("sudo", where, $"{who} may run everything as another user, {string.Join(" and ", tools.Select(tool => tool.Name))} too", $"visudo -f {rule.Path}: name what they need instead of ALL", null)
                : new("sudo", where, $"{who} may run {string.Join(", ", reached)}",
                    $"visudo -f {rule.Path}: take {(alone ? Lines(rule) : string.Join(", ", reached))} out", alone ? () => Remove(root, rule) : null);
        }
    }

    /// <summary>True where a command of sudo lets the tool run: its path, a program of its name, its folder, a pattern, everything.</summary>
    private static bool Reaches(string command, GuardedTool tool)
    {
        if (command.StartsWith('!'))
            return false;
        var path = command.Split(' ', 2)[0].Replace("\\", "", StringComparison.Ordinal);
        return command == All || Path.GetFileName(path) == tool.Name
            || (path.EndsWith('/') && path == Path.GetDirectoryName(tool.Path) + "/")
            || (path.AsSpan().ContainsAny('*', '?', '[') && FileSystemName.MatchesSimpleExpression(path.Replace('[', '*').Replace(']', '*'), tool.Path, ignoreCase: false));
    }

    private static IEnumerable<string> Expand(IEnumerable<string> names, IReadOnlyDictionary<string, List<string>> aliases, int depth = 0) =>
        names.SelectMany(name => depth < 16 && aliases.TryGetValue(name, out var meant) ? Expand(meant, aliases, depth + 1) : [name]);

    private static string Lines(SudoRule rule) => rule.FirstLine == rule.LastLine
        ? string.Create(CultureInfo.InvariantCulture, $"line {rule.FirstLine + 1}") : string.Create(CultureInfo.InvariantCulture, $"lines {rule.FirstLine + 1} to {rule.LastLine + 1}");

    private static void Remove(HostRoot root, SudoRule rule)
    {
        var lines = root.Lines(rule.Path);
        root.Rewrite(rule.Path, lines.Where((_, at) => at < rule.FirstLine || at > rule.LastLine), check: changed =>
        {
            if (KernelTool.Find("visudo") is not null)
                KernelTool.Run("", "visudo", "-c", "-q", "-f", changed);
        });
    }
}
