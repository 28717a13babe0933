using System.Globalization;
using Writ.Core.Tools;

namespace Writ.Core.Policy;

/// <summary>
/// One mapping of the file, read field by field. Every key has a name in the list of known ones or is a problem; what
/// cannot be read is a problem on its line and a harmless value, so that reading goes on and finds the others.
/// </summary>
internal sealed class FieldReader
{
    private readonly Dictionary<string, PolicyNode> _fields = new(StringComparer.Ordinal);
    private readonly Action<int, string, string?> _problem;
    private readonly string _what;

    /// <summary>Reads the fields of a mapping.</summary>
    /// <param name="node">The mapping; anything else is a problem.</param>
    /// <param name="what">How problems name it: <c>rule 'x'</c>.</param>
    /// <param name="known">The keys that it may have.</param>
    /// <param name="problem">Takes line, message and hint.</param>
    public FieldReader(PolicyNode node, string what, IReadOnlyList<string> known, Action<int, string, string?> problem)
    {
        (_problem, _what, Line) = (problem, what, node.Line);
        if (node is not PolicyMapping mapping)
        {
            problem(node.Line, $"{what} must be a mapping", $"with the keys {string.Join(", ", known)}");
            IsBroken = true;
            return;
        }

        foreach (var (key, value) in mapping.Entries)
        {
            if (known.Contains(key.Value))
                _fields[key.Value] = value;
            else
                problem(key.Line, $"{what} has no key '{key.Value}'", Near(key.Value, known));
        }
    }

    /// <summary>Where the mapping begins.</summary>
    public int Line { get; }

    /// <summary>True when it was no mapping; its fields are all absent then.</summary>
    public bool IsBroken { get; }

    /// <summary>The field's node, or null where the key is absent.</summary>
    public PolicyNode? Find(string key) => _fields.GetValueOrDefault(key);

    /// <summary>The field's node; its absence is a problem.</summary>
    public PolicyNode? Need(string key, string? hint = null)
    {
        if (!_fields.TryGetValue(key, out var node) && !IsBroken)
            _problem(Line, $"{_what} has no '{key}'", hint ?? $"add '{key}:'");
        return node;
    }

    /// <summary>A non-empty text, or null.</summary>
    public string? Text(string key) => Find(key) is { } node ? Text(node, $"'{key}' of {_what}") : null;

    /// <summary>True for <c>true</c>; false for <c>false</c> and where the key is absent; all else is a problem.</summary>
    public bool IsTrue(string key)
    {
        if (Find(key) is not { } node || node is PolicyScalar { Value: "false" })
            return false;
        if (node is PolicyScalar { Value: "true" })
            return true;
        _problem(node.Line, $"'{key}' of {_what} is true or false", null);
        return false;
    }

    /// <summary>Whether a mark is set. It is <c>true</c> or left out: what is anything else is a problem, and not set.</summary>
    public bool IsMarked(string key)
    {
        if (Text(key) is not { } text)
            return false;
        if (text != "true")
            _problem(Find(key)!.Line, $"'{key}' of {_what} is true or left out, not '{PolicyReader.Visible(text)}'", $"write '{key}: true'");
        return text == "true";
    }

    /// <summary>A duration of more than nothing and at most <paramref name="most"/>, or null where it is absent or wrong.</summary>
    public TimeSpan? Time(string key, TimeSpan most)
    {
        if (Text(key) is not { } text)
            return null;
        if (Duration.TryParse(text, out var duration) && duration <= most)
            return duration;
        _problem(Find(key)!.Line, $"'{key}' of {_what}: '{text}' is no duration up to {Duration.Format(most)}", "write it like 90s, 30m, 8h or 1h30m");
        return null;
    }

    /// <summary>A whole number in a range, or null where it is absent or wrong.</summary>
    public int? Number(string key, int least, int most) => (int?)Number(key, least, most, whole: true);

    /// <summary>A number in a range, or null where it is absent or wrong; at most three decimals where it need not be whole.</summary>
    public decimal? Number(string key, decimal least, decimal most, bool whole)
    {
        if (Text(key) is not { } text)
            return null;
        if (text.Length <= 32 && decimal.TryParse(text, whole ? NumberStyles.None : NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most && decimal.Round(number, 3) == number)
            return number;
        _problem(Find(key)!.Line, string.Create(CultureInfo.InvariantCulture, $"'{key}' of {_what}: '{text}' is no number from {least} to {most}"), null);
        return null;
    }

    /// <summary>A number of bytes, at least 1, with <c>kB</c>, <c>MB</c> or <c>GB</c> behind it or none; null where it is absent or wrong.</summary>
    public long? Size(string key, long most)
    {
        if (Text(key) is not { } text)
            return null;
        var (unit, factor) = Array.Find(Units, unit => text.EndsWith(unit.Name, StringComparison.Ordinal)) is { Factor: > 0 } found ? found : ("", 1L);
        if (text.Length <= 32 && decimal.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= 1 && number <= most / factor)
            return (long)number * factor;
        _problem(Find(key)!.Line, $"'{key}' of {_what}: '{text}' is no number of bytes up to {most.ToString(CultureInfo.InvariantCulture)}", "write it like 500kB, 20MB or 1GB");
        return null;
    }

    private static readonly (string Name, long Factor)[] Units = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];

    /// <summary>A list of non-empty texts with their lines, or null where it is absent or no list. Repetitions are problems.</summary>
    public IReadOnlyList<PolicyScalar>? Texts(string key, bool mayBeEmpty = false)
    {
        if (Find(key) is not { } node)
            return null;
        if (node is not PolicyList list)
        {
            _problem(node.Line, $"'{key}' of {_what} must be a list", node is PolicyScalar { Value.Length: > 0 } one ? $"write [{one.Value}]" : "write [a, b]");
            return null;
        }

        if (list.Items.Count == 0 && !mayBeEmpty)
            _problem(node.Line, $"'{key}' of {_what} is empty", "leave it out, or name something");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var texts = new List<PolicyScalar>();
        foreach (var item in list.Items)
        {
            if (Text(item, $"'{key}' of {_what}") is not { } text)
                continue;
            if (seen.Add(text))
                texts.Add(new(item.Line, text));
            else
                _problem(item.Line, $"'{key}' of {_what} names '{text}' twice", null);
        }

        return texts;
    }

    /// <summary>The nearest of the known words as a hint, or all of them where they are few.</summary>
    public static string? Near(string word, IReadOnlyCollection<string> known) =>
        Spelling.Nearest(word, known) is { } near ? $"did you mean '{near}'?"
            : known.Count is > 0 and <= 16 ? $"known are: {string.Join(", ", known)}" : null;

    private string? Text(PolicyNode node, string what)
    {
        if (node is PolicyScalar { Value.Length: > 0 } scalar && !scalar.Value.Any(char.IsControl))
            return scalar.Value;
        _problem(node.Line, node is PolicyScalar ? $"{what} is empty or has control characters" : $"{what} must be a text", null);
        return null;
    }
}
