namespace Writ.Cli.Output;

/// <summary>Names and values below each other, for one thing at a time.</summary>
internal sealed class Fields
{
    private readonly List<(string Name, string Value)> _lines = [];

    /// <summary>Adds a line unless the value is null or empty; the value is made printable here.</summary>
    public Fields Add(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            _lines.Add((name, Printable.Line(value)));
        return this;
    }

    /// <summary>Adds one line for each value, the name on the first.</summary>
    public Fields Add(string name, IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            _lines.Add((name, Printable.Line(value)));
            name = "";
        }

        return this;
    }

    /// <summary>The lines.</summary>
    public IEnumerable<string> Lines()
    {
        var width = _lines.Count == 0 ? 0 : _lines.Max(line => line.Name.Length);
        return _lines.Select(line => $"{line.Name.PadRight(width)}  {line.Value}");
    }
}
