using System.Text;

namespace Writ.Runner.Host;

/// <summary>
/// The rules of sudo as sudoers(5) describes them, as far as it takes to see who may run which program: aliases, included
/// files and folders, lines that go on, runas lists and tags.
/// </summary>
internal sealed class SudoersFile
{
    private const int MostDepth = 32;
    private static readonly string[] AliasKinds = ["User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias"];

    private readonly HostRoot _root;
    private readonly Dictionary<string, List<string>> _aliases = new(StringComparer.Ordinal);
    private readonly List<SudoRule> _rules = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    private SudoersFile(HostRoot root) => _root = root;

    /// <summary>Every rule of a host, in the order in which sudo reads them.</summary>
    public static (IReadOnlyList<SudoRule> Rules, IReadOnlyDictionary<string, List<string>> Aliases) Read(HostRoot root)
    {
        var read = new SudoersFile(root);
        read.File("/etc/sudoers", 0);
        return (read._rules, read._aliases);
    }

    private void File(string path, int depth)
    {
        // A file that includes itself says nothing new.
        if (depth > MostDepth || !_seen.Add(path))
            return;
        var lines = _root.Lines(path);
        for (var at = 0; at < lines.Count; at++)
        {
            var first = at;
            var text = new StringBuilder(lines[at]);
            while (text.Length > 0 && text[^1] == '\\' && at + 1 < lines.Count)
                text.Remove(text.Length - 1, 1).Append(lines[++at]);
            Line(path, first, at, text.ToString().Trim(), depth);
        }
    }

    private void Line(string path, int first, int last, string line, int depth)
    {
        if (Included(line, "includedir") is { } folder)
        {
            // sudo passes over names with a dot or a tilde at their end, as editors and packages leave them.
            var inside = _root.In(Absolute(path, folder));
            if (Directory.Exists(inside))
            {
                foreach (var name in Directory.EnumerateFiles(inside).Select(Path.GetFileName).OfType<string>().Where(name => !name.Contains('.', StringComparison.Ordinal) && !name.EndsWith('~')).Order(StringComparer.Ordinal))
                    File(Path.Combine(Absolute(path, folder), name), depth + 1);
            }

            return;
        }

        if (Included(line, "include") is { } file)
        {
            File(Absolute(path, file), depth + 1);
            return;
        }

        line = WithoutComment(line);
        var word = line.Split([' ', '\t', ':', '@', '!', '>'], 2)[0];
        if (line.Length == 0 || word == "Defaults")
            return;
        if (AliasKinds.Contains(word))
        {
            foreach (var alias in Split(line[word.Length..], ':'))
            {
                if (alias.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                    _aliases[alias[..equals].Trim()] = Split(alias[(equals + 1)..], ',');
            }

            return;
        }

        // users hosts = commands [: hosts = commands]
        var parts = Split(line, ':', onlyOutsideOfParts: true);
        var users = "";
        foreach (var part in parts)
        {
            if (IndexOf(part, '=') is not (> 0 and var equals))
                continue;
            var left = Words(part[..equals]);
            if (left.Count > 1)
                users = left[0];
            if (users.Length > 0)
                _rules.Add(new(path, first, last, Split(users, ','), [.. Split(part[(equals + 1)..], ',').Select(WithoutTags)]));
        }
    }

    private static string? Included(string line, string what)
    {
        foreach (var sign in (char[])['@', '#'])
        {
            if (line.StartsWith(sign + what, StringComparison.Ordinal) && line.Length > what.Length + 1 && line[what.Length + 1] is ' ' or '\t')
                return line[(what.Length + 1)..].Trim().Trim('"');
        }

        return null;
    }

    private static string Absolute(string from, string path) => Path.GetFullPath(path, Path.GetDirectoryName(from)!);

    // "#1000" is a user's number; any other # begins a comment.
    private static string WithoutComment(string line)
    {
        for (var at = 0; at < line.Length; at++)
        {
            if (line[at] == '\\')
                at++;
            else if (line[at] == '#' && !(at + 1 < line.Length && char.IsAsciiDigit(line[at + 1]) && (at == 0 || line[at - 1] is ' ' or '\t' or ',' or '%' or '(')))
                return line[..at].TrimEnd();
        }

        return line;
    }

    /// <summary>A command without what stands before it: the runas list, and tags such as <c>NOPASSWD:</c>.</summary>
    private static string WithoutTags(string item)
    {
        item = item.Trim();
        if (item.StartsWith('(') && item.IndexOf(')', StringComparison.Ordinal) is > 0 and var end)
            item = item[(end + 1)..].Trim();
        while (item.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && item[..colon].All(letter => char.IsAsciiLetterUpper(letter) || letter == '_'))
            item = item[(colon + 1)..].Trim();
        // A digest before a path.
        return item.StartsWith("sha", StringComparison.Ordinal) && item.IndexOf(" /", StringComparison.Ordinal) is > 0 and var path ? item[(path + 1)..] : item;
    }

    private static List<string> Words(string text) => [.. string.Join(',', Split(text, ',').Select(part => part.Trim())).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)];

    private static int IndexOf(string text, char sign)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\')
                at++;
            else if (text[at] == sign)
                return at;
        }

        return -1;
    }

    private static List<string> Split(string text, char sign, bool onlyOutsideOfParts = false)
    {
        var (parts, part, inside) = (new List<string>(), new StringBuilder(), false);
        for (var at = 0; at < text.Length; at++)
        {
            var letter = text[at];
            inside = letter == '(' || (inside && letter != ')');
            if (letter == '\\' && at + 1 < text.Length)
                part.Append(letter).Append(text[++at]);
            // "NOPASSWD: /usr/bin/nmap" is no new part, "(root : wheel)" neither.
            else if (letter == sign && !(sign != '=' && inside) && !(onlyOutsideOfParts && EndsInTag(part)))
                Add();
            else
                part.Append(letter);
        }

        Add();
        return parts;

        void Add()
        {
            if (part.ToString().Trim() is { Length: > 0 } whole)
                parts.Add(whole);
            part.Clear();
        }
    }

    private static bool EndsInTag(StringBuilder part)
    {
        var at = part.Length;
        while (at > 0 && (char.IsAsciiLetterOrDigit(part[at - 1]) || part[at - 1] == '_'))
            at--;
        return part.ToString(at, part.Length - at) is "sha224" or "sha256" or "sha384" or "sha512" or "NOPASSWD" or "PASSWD" or "NOEXEC" or "EXEC" or "SETENV" or "NOSETENV" or "LOG_INPUT" or "NOLOG_INPUT"
            or "LOG_OUTPUT" or "NOLOG_OUTPUT" or "MAIL" or "NOMAIL" or "FOLLOW" or "NOFOLLOW" or "INTERCEPT" or "NOINTERCEPT";
    }
}

/// <summary>Some users, and what they may run.</summary>
/// <param name="Path">The file.</param>
/// <param name="FirstLine">Its first line, from 0.</param>
/// <param name="LastLine">Its last.</param>
/// <param name="Users">Names, <c>%groups</c>, <c>#numbers</c>, aliases.</param>
/// <param name="Commands">Paths with arguments, folders, patterns, aliases, <c>ALL</c>; with <c>!</c> what is excepted.</param>
internal sealed record SudoRule(string Path, int FirstLine, int LastLine, IReadOnlyList<string> Users, IReadOnlyList<string> Commands);
