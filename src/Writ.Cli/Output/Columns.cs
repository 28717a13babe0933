using System.Text;
using Spectre.Console;

namespace Writ.Cli.Output;

/// <summary>
/// A table without lines. On a terminal the last column wraps, and where it would have no room the rows stand below each other
/// as names and values; elsewhere each row is one line, for grep and awk.
/// </summary>
internal sealed class Columns
{
    // Wide enough for any row; a console must have some width.
    private const int Unlimited = 100_000;

    /// <summary>What the last column must have at least.</summary>
    private const int LeastLast = 20;

    private const int Gap = 2;

    private readonly string[] _heads;
    private readonly List<string[]> _rows = [];
    private readonly Table _table = new Table().NoBorder().Collapse();
    private readonly Terminal _terminal;

    public Columns(Terminal terminal, params ReadOnlySpan<string> heads)
    {
        (_terminal, _heads) = (terminal, heads.ToArray());
        for (var i = 0; i < heads.Length; i++)
        {
            var column = new TableColumn(new Text(heads[i].ToUpperInvariant(), new Style(decoration: Decoration.Dim)));
            column.PadLeft(0).PadRight(Gap);
            // The last column (a command, a reason) is the one that may wrap.
            if (i < heads.Length - 1)
                column.NoWrap();
            _table.AddColumn(column);
        }
    }

    /// <summary>Adds a row of texts as they came; they are made printable here.</summary>
    public void Row(params ReadOnlySpan<string?> cells)
    {
        var row = new string[cells.Length];
        for (var i = 0; i < cells.Length; i++)
            row[i] = cells[i] is { Length: > 0 } cell ? cell : "-";
        _rows.Add(row);
        _table.AddRow(row.Select(cell => new Text(Printable.Line(cell))));
    }

    /// <summary>Writes the table to standard output.</summary>
    public void Print()
    {
        var last = _heads.Length - 1;
        var before = Enumerable.Range(0, last).Sum(column => Gap + _rows.Select(row => row[column]).Append(_heads[column]).Max(cell => Printable.Line(cell).GetCellWidth()));
        if (_rows.Count > 0 && before + LeastLast > _terminal.Width)
        {
            PrintBelowEachOther();
            return;
        }

        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = _terminal.OutputIsTerminal && _terminal.Colour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new Page(text, Math.Min(_terminal.Width, Unlimited)),
        });
        console.Write(_table);
        foreach (var line in text.ToString().TrimEnd('\n').Split('\n'))
            _terminal.Print(line.TrimEnd());
    }

    private void PrintBelowEachOther()
    {
        var first = true;
        foreach (var row in _rows)
        {
            if (!first)
                _terminal.Print("");
            first = false;
            var fields = new Fields();
            for (var column = 0; column < row.Length; column++)
                fields.Add(_heads[column], row[column]);
            foreach (var line in fields.Lines(_terminal))
                _terminal.Print(line);
        }
    }

    // Spectre's own would look at the process's console, and .NET then switches the terminal's keypad mode.
    private sealed class Page(TextWriter text, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => text;
        public bool IsTerminal => false;
        public int Width => width;
        public int Height => 1;

        public void SetEncoding(Encoding encoding) { }
    }
}
