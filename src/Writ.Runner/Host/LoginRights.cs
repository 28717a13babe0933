using System.Globalization;

namespace Writ.Runner.Host;

/// <summary>Rights that come with a login: rules of doas(1) that reach a guarded tool, and capabilities of capability.conf(5).</summary>
internal static class LoginRights
{
    private const string Doas = "/etc/doas.conf", Capabilities = "/etc/security/capability.conf";

    public static IEnumerable<StandingRight> Find(HostRoot root, IReadOnlyList<GuardedTool> tools) => OfDoas(root, tools).Concat(OfCapabilities(root));

    // permit [options] who [as target] [cmd program [args …]]
    private static IEnumerable<StandingRight> OfDoas(HostRoot root, IReadOnlyList<GuardedTool> tools)
    {
        foreach (var (number, words) in Lines(root, Doas))
        {
            if (words[0] != "permit")
                continue;
            var program = Array.IndexOf(words, "cmd") is > 0 and var at && at + 1 < words.Length ? words[at + 1] : null;
            var who = words.Skip(1).SkipWhile(word => word is "nopass" or "nolog" or "persist" or "keepenv" || word.StartsWith("setenv", StringComparison.Ordinal) || word.Contains('=', StringComparison.Ordinal) || word is "{" or "}")
                .FirstOrDefault();
            if (who is null or "root" || (program is not null && !tools.Any(tool => Path.GetFileName(program) == tool.Name)))
                continue;
            var name = who.StartsWith(':') ? $"group {who[1..]}" : who;
            yield return program is null
                ? new("doas", Where(Doas, number), $"{name} may run everything as another user, {string.Join(" and ", tools.Select(tool => tool.Name))} too", $"name what they need behind 'cmd' in {Doas}", null)
                : new("doas", Where(Doas, number), $"{name} may run {program}", $"take line {number} out of {Doas}", () => Remove(root, Doas, number));
        }
    }

    // capabilities who who …; with ^ they are kept over an execution.
    private static IEnumerable<StandingRight> OfCapabilities(HostRoot root)
    {
        foreach (var (number, words) in Lines(root, Capabilities))
        {
            var telling = words[0].Split(',').Select(word => word.TrimStart('^', '!')).Where(word => FileRights.TellingNames.Contains(word) || word == "all").ToArray();
            string[] who = [.. words.Skip(1).Where(name => name != "root").Select(name => name == "*" ? "everybody" : name.StartsWith('@') ? $"group {name[1..]}" : name)];
            if (telling.Length > 0 && who.Length > 0)
            {
                yield return new("capability", Where(Capabilities, number), $"{string.Join(", ", who)} {(who.Length == 1 ? "has" : "have")} {string.Join(", ", telling)} from the login on",
                    $"take line {number} out of {Capabilities}", () => Remove(root, Capabilities, number));
            }
        }
    }

    private static IEnumerable<(int Number, string[] Words)> Lines(HostRoot root, string path) => root.Lines(path)
        .Select((line, index) => (index + 1, line.Split('#')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))).Where(line => line.Item2.Length > 1);

    private static string Where(string path, int number) => string.Create(CultureInfo.InvariantCulture, $"{path}:{number}");

    private static void Remove(HostRoot root, string path, int number) => root.Rewrite(path, root.Lines(path).Where((_, index) => index != number - 1));
}
