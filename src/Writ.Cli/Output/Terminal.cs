using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Writ.Cli.Output;

/// <summary>
/// Where <c>writ</c> speaks: results on standard output, everything else on standard error. Colours and a live line
/// appear on a terminal only, colours not at all with <c>NO_COLOR</c>.
/// </summary>
internal sealed class Terminal(Stream output, Stream error, Stream input)
{
    private readonly Lock _lock = new();
    private bool _statusShown;

    /// <summary>Standard output, byte-exact.</summary>
    public Stream Output { get; } = output;

    /// <summary>Standard error, byte-exact.</summary>
    public Stream Error { get; } = error;

    /// <summary>Standard input, byte-exact. Whoever reads it leaves <see cref="Input"/> alone.</summary>
    public Stream RawInput { get; } = input;

    /// <summary>Standard input as text.</summary>
    public TextReader Input => field ??= new StreamReader(RawInput, new UTF8Encoding(false));

    public bool InputIsTerminal { get; init; }
    public bool OutputIsTerminal { get; init; }
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Whether colours are wanted where there is a terminal.</summary>
    public bool Colour { get; init; }

    /// <summary>The columns of the terminal on standard output; without one, lines are as long as they are.</summary>
    public int Width { get; init; } = int.MaxValue;

    /// <summary>Puts the terminal on standard input into raw mode until it is disposed; null where there is none.</summary>
    public Func<IDisposable?> EnterRaw { get; init; } = () => null;

    /// <summary>Columns and rows of the terminal on standard output; null where there is none.</summary>
    public Func<(int Columns, int Rows)?> Size { get; init; } = () => null;

    /// <summary>True while a run has the terminal: a line of Writ's own begins and ends with the carriage return that nobody adds.</summary>
    public bool IsRaw { get; set; }

    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess()
    {
        var output = Native.IsTerminal(1);
        return new(new StandardStream(1), new StandardStream(2), OpenInput())
        {
            InputIsTerminal = Native.IsTerminal(0),
            OutputIsTerminal = output,
            ErrorIsTerminal = Native.IsTerminal(2),
            Colour = Environment.GetEnvironmentVariable("NO_COLOR") is null or "" && Environment.GetEnvironmentVariable("TERM") != "dumb",
            EnterRaw = RawTerminal.Enter,
            Size = () => Native.SizeOf(1),
            Width = output ? Native.Columns(1) ?? 80 : int.MaxValue,
        };
    }

    // Through the console's own stream .NET would switch the terminal's keypad mode.
    private static Stream OpenInput() =>
        !Native.IsInherited(0) ? Stream.Null : new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 1);

    /// <summary>A line of the result. The caller has made foreign texts <see cref="Printable"/>.</summary>
    public void Print(string line) => Output.Write(Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>A line on standard error. That nobody reads it stops nothing.</summary>
    public void Say(string line) => Write($"{line}\n", line: true);

    /// <summary>A dim remark that only a person at a terminal gets.</summary>
    public void Remark(string line)
    {
        if (ErrorIsTerminal)
            Say(Colour ? $"\e[2m{line}\e[22m" : line);
    }

    /// <summary>Replaces the live line; nothing where standard error is no terminal.</summary>
    public void Status(string line)
    {
        if (!ErrorIsTerminal)
            return;
        var columns = Native.Columns(2) ?? 80;
        Write("\r\e[K" + (line.Length < columns ? line : line[..Math.Max(0, columns - 1)]), line: false);
    }

    /// <summary>Takes the live line away.</summary>
    public void ClearStatus() => Write("", line: true);

    /// <summary>The bytes of the tool's standard error; like <see cref="Say"/>, they stop nothing when nobody reads.</summary>
    public void PassError(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Error.Write(bytes);
        }
        catch (IOException)
        {
            // The recording has them.
        }
    }

    /// <summary>Bold on a terminal.</summary>
    public string Strong(string text) => OutputIsTerminal && Colour ? $"\e[1m{text}\e[22m" : text;

    /// <summary>Coloured on a terminal; the words say the same without it.</summary>
    public string Paint(string text, Tone tone)
    {
        var colour = tone switch { Tone.Good => "32", Tone.Notice => "33", Tone.Bad => "31", Tone.Plain => "" };
        return colour.Length > 0 && OutputIsTerminal && Colour ? $"\e[1;{colour}m{text}\e[0m" : text;
    }

    private void Write(string text, bool line)
    {
        try
        {
            lock (_lock)
            {
                if (line && _statusShown)
                    text = "\r\e[K" + text;
                _statusShown = !line;
                if (IsRaw && text.EndsWith('\n'))
                    text = "\r\n" + text[..^1] + "\r\n";
                if (text.Length > 0)
                    Error.Write(Encoding.UTF8.GetBytes(text));
            }
        }
        catch (IOException)
        {
            // Standard error is gone: there is nobody to tell.
        }
    }
}
