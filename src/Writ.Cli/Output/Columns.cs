using System.Text;
using Spectre.Console;

namespace Writ.Cli.Output;

/// <summary>
/// A table without lines. On a terminal cells wrap inside their columns; elsewhere each row is one line, for grep and awk.
/// </summary>
internal sealed class Columns
{
    // Wide enough for any row; a console must have some width.
    private const int Unlimited = 100_000;

    private readonly Table _table = new Table().NoBorder().Collapse();
    private readonly Terminal _terminal;

    public Columns(Terminal terminal, params ReadOnlySpan<string> heads)
    {
        _terminal = terminal;
        for (var i = 0; i < heads.Length; i++)
        {
            var column = new TableColumn(new Text(heads[i].ToUpperInvariant(), new Style(decoration: Decoration.Dim)));
            column.PadLeft(0).PadRight(2);
            // The last column (a command, a reason) is the one that may wrap.
            if (i < heads.Length - 1)
                column.NoWrap();
            _table.AddColumn(column);
        }
    }

    /// <summary>Adds a row of texts as they came; they are made printable here.</summary>
    public void Row(params ReadOnlySpan<string?> cells)
    {
        var row = new List<Text>(cells.Length);
        foreach (var cell in cells)
            row.Add(new Text(cell is null or "" ? "-" : Printable.Line(cell)));
        _table.AddRow(row);
    }

    /// <summary>Writes the table to standard output.</summary>
    public void Print()
    {
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
