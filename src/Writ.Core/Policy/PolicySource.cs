using System.Text;

namespace Writ.Core.Policy;

/// <summary>
/// The files of a policy as one text. One file is its own text. Several stand one after the other, in bytewise order of
/// their names, each after a line <c>--- # policy: NAME</c>: the same files give the same text wherever they lay, and
/// the text gives the files back.
/// </summary>
public sealed class PolicySource
{
    /// <summary>What begins the line before each of several files.</summary>
    public const string Mark = "--- # policy: ";

    /// <summary>The most files of one policy.</summary>
    public const int MostFiles = 10_000;

    private PolicySource(string text, IReadOnlyList<PolicySourceFile> files) => (Text, Files) = (text, files);

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>The files in their order.</summary>
    public IReadOnlyList<PolicySourceFile> Files { get; }

    /// <summary>Takes a whole text apart.</summary>
    /// <param name="text">One file, or what <see cref="Of"/> made of several.</param>
    /// <param name="fileName">The file's name where it is one.</param>
    public static PolicySource Split(string text, string fileName)
    {
        if (!text.StartsWith(Mark, StringComparison.Ordinal))
            return new(text, [new(fileName, text, 1)]);
        var files = new List<PolicySourceFile>();
        var line = 1;
        for (var at = 0; at < text.Length;)
        {
            var body = text.IndexOf('\n', at) is var end && end < 0 ? text.Length : end + 1;
            var next = text.IndexOf("\n" + Mark, body > 0 ? body - 1 : 0, StringComparison.Ordinal) is var found && found < 0 ? text.Length : found + 1;
            files.Add(new(text[(at + Mark.Length)..body].TrimEnd('\r', '\n'), text[body..next], line + 1));
            line += text.AsSpan(at, next - at).Count('\n');
            at = next;
        }

        return new(text, files);
    }

    /// <summary>Puts several files together, or says in one line why they cannot be.</summary>
    /// <param name="files">Names, such as paths below a folder, and texts; in any order.</param>
    public static (PolicySource? Source, PolicyProblem? Problem) Of(IEnumerable<(string Name, string Text)> files)
    {
        var sorted = files.OrderBy(file => file.Name, StringComparer.Ordinal).ToArray();
        if (sorted.Length is 0 or > MostFiles)
            return (null, new("", 1, sorted.Length == 0 ? "there is no file of a policy" : $"these are more than {MostFiles} files"));
        for (var at = 0; at < sorted.Length; at++)
        {
            var (name, body) = sorted[at];
            if (name.Length is 0 or > 400 || name.Any(char.IsControl))
                return (null, new("", 1, "the name of a file is empty, too long or has control characters"));
            if (at > 0 && sorted[at - 1].Name == name)
                return (null, new(name, 1, "this file is given twice"));
            if (body.StartsWith(Mark, StringComparison.Ordinal) || body.Contains("\n" + Mark, StringComparison.Ordinal))
                return (null, new(name, 1, $"a line begins with '{Mark.Trim()}', which stands between the files of a policy", "leave the line out"));
        }

        if (sorted.Length == 1)
            return (new(sorted[0].Text, [new(sorted[0].Name, sorted[0].Text, 1)]), null);
        var text = new StringBuilder();
        foreach (var (name, body) in sorted)
        {
            text.Append(Mark).Append(name).Append('\n').Append(body);
            if (!body.EndsWith('\n'))
                text.Append('\n');
        }

        return (Split(text.ToString(), ""), null);
    }

    /// <summary>The file and the line in it of a line of the whole text, both from 1.</summary>
    public (string File, int Line) At(int line)
    {
        var file = Files.LastOrDefault(file => file.FirstLine <= line) ?? Files[0];
        return (file.Name, Math.Max(1, line - file.FirstLine + 1));
    }

    /// <summary>Where a line of the whole text is, for a sentence.</summary>
    internal string Where(int line)
    {
        var (file, inFile) = At(line);
        return Files.Count == 1 ? $"on line {inFile}" : $"at {file}:{inFile}";
    }
}

/// <summary>One file of a policy.</summary>
/// <param name="Name">As problems name it.</param>
/// <param name="Text">Its text.</param>
/// <param name="FirstLine">The line of the whole text on which it begins, from 1.</param>
public sealed record PolicySourceFile(string Name, string Text, int FirstLine);
