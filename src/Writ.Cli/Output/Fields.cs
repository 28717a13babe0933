namespace Writ.Cli.Output;

/// <summary>What a value means to its reader; shown as a colour where there are colours, and by its words in any case.</summary>
internal enum Tone
{
    /// <summary>As it is.</summary>
    Plain,
    /// <summary>Nothing is in the way.</summary>
    Good,
    /// <summary>Worth a second look.</summary>
    Notice,
    /// <summary>It will not happen.</summary>
    Bad,
}

/// <summary>Names and values below each other, for one thing at a time.</summary>
internal sealed class Fields
{
    private readonly List<(string Name, string Value, Tone Tone)> _lines = [];

    /// <summary>Adds a line unless the value is null or empty; the value is made printable here.</summary>
    public Fields Add(string name, string? value, Tone tone = Tone.Plain)
    {
        if (!string.IsNullOrEmpty(value))
            _lines.Add((name, Printable.Line(value), tone));
        return this;
    }

    /// <summary>Adds one line for each value, the name on the first.</summary>
    public Fields Add(string name, IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            _lines.Add((name, Printable.Line(value), Tone.Plain));
            name = "";
        }

        return this;
    }

    /// <summary>The lines, none wider than the terminal where there is one: values wrap in their own column.</summary>
    public IEnumerable<string> Lines(Terminal terminal)
    {
        var names = _lines.Count == 0 ? 0 : _lines.Max(line => line.Name.Length);
        foreach (var (name, value, tone) in _lines)
        {
            var left = name.PadRight(names) + "  ";
            foreach (var part in Wrap(value, Math.Max(terminal.Width - names - 2, 20)))
            {
                yield return left + terminal.Paint(part, tone);
                left = new string(' ', names + 2);
            }
        }
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        while (text.Length > width)
        {
            var at = text.LastIndexOf(' ', width);
            // A word that is wider than the column is broken, never between the halves of a character.
            var end = at > width / 3 ? at : char.IsHighSurrogate(text[width - 1]) ? width - 1 : width;
            yield return text[..end];
            text = text[end..].TrimStart(' ');
        }

        yield return text;
    }
}
