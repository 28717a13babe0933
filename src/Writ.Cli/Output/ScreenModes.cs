using System.Globalization;
using System.Text;

namespace Writ.Cli.Output;

/// <summary>
/// What a tool that draws on the whole screen has changed about the terminal and not set back: the other screen, mouse reports, a
/// hidden cursor. One that is killed never sets it back, so whoever showed its output does. Sequences as in ECMA-48 and
/// xterm's "Control Sequences"; they may be split over pieces in any way.
/// </summary>
internal sealed class ScreenModes
{
    private const int LongestSequence = 64;

    // DEC private modes that a terminal begins without, and those that it begins with.
    private static readonly int[] UsuallyOff = [1, 5, 9, 47, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1049, 2004, 2026, 2048];
    private static readonly int[] UsuallyOn = [7, 25];

    private readonly SortedSet<int> _turned = [];
    private readonly StringBuilder _sequence = new();
    private State _state;
    private bool _coloured, _keypad, _region, _drawing, _inserting, _cursor, _keys;

    private enum State
    {
        /// <summary>Plain text.</summary>
        Text,
        /// <summary>Behind an ESC.</summary>
        Escape,
        /// <summary>In a control sequence.</summary>
        Control,
        /// <summary>In a string that is no text: a title, for example.</summary>
        Words,
        /// <summary>Behind an ESC in such a string.</summary>
        WordsEscape,
        /// <summary>Before the letter of a character set.</summary>
        Set,
        /// <summary>Before the last byte of an escape sequence that says nothing here.</summary>
        Skip,
    }

    /// <summary>Takes note of what was shown.</summary>
    public void Take(ReadOnlySpan<byte> shown)
    {
        foreach (var at in shown)
            _state = Next(at);
    }

    /// <summary>What sets the terminal back; empty where nothing is to be set back. After it all is as usual.</summary>
    public string Undo()
    {
        var undo = new StringBuilder();
        // The other screen first: what is set back belongs to the screen that stays.
        foreach (var mode in _turned.Reverse())
            undo.Append(CultureInfo.InvariantCulture, $"\e[?{mode}{(UsuallyOn.Contains(mode) ? 'h' : 'l')}");
        Add(_region, "\e7\e[r\e8");
        Add(_inserting, "\e[4l");
        Add(_keypad, "\e>");
        Add(_drawing, "\e(B");
        Add(_keys, "\e[>4m");
        Add(_cursor, "\e[0 q");
        Add(_coloured, "\e[0m");
        _turned.Clear();
        _coloured = _keypad = _region = _drawing = _inserting = _cursor = _keys = false;
        _state = State.Text;
        return undo.ToString();

        void Add(bool changed, string text) => undo.Append(changed ? text : "");
    }

    private State Next(byte at)
    {
        switch (_state)
        {
            case State.Escape:
                return Escape(at);
            case State.Control when at is >= 0x20 and < 0x40:
                // What is longer says nothing here; its end is waited for all the same.
                if (_sequence.Length < LongestSequence)
                    _sequence.Append((char)at);
                return State.Control;
            case State.Control when at >= 0x40 && _sequence.Length < LongestSequence:
                Control(_sequence.ToString(), (char)at);
                return State.Text;
            case State.Words when at == 0x1b:
                return State.WordsEscape;
            case State.Words:
                return at == 7 ? State.Text : State.Words;
            case State.WordsEscape:
                return at == '\\' ? State.Text : Escape(at);
            case State.Set when at != 0x1b:
                _drawing = at != 'B';
                return State.Text;
            case State.Text or State.Control or State.Set or State.Skip:
            default:
                return at == 0x1b ? State.Escape : State.Text;
        }
    }

    private State Escape(byte at)
    {
        switch ((char)at)
        {
            case '[':
                _sequence.Clear();
                return State.Control;
            case ']' or 'P' or '^' or '_' or 'X':
                return State.Words;
            case '(':
                return State.Set;
            case ')' or '*' or '+' or '#' or ' ' or '%':
                return State.Skip;
            case '=' or '>':
                _keypad = at == '=';
                return State.Text;
            case 'c':
                _ = Undo();
                return State.Text;
            case '\e':
                return State.Escape;
            default:
                return State.Text;
        }
    }

    private void Control(string between, char last)
    {
        switch (last)
        {
            case 'h' or 'l' when between.StartsWith('?'):
                foreach (var word in between[1..].Split(';'))
                {
                    if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var mode))
                        continue;
                    if (UsuallyOff.Contains(mode) ? last == 'h' : UsuallyOn.Contains(mode) && last == 'l')
                        _turned.Add(mode);
                    else
                        _turned.Remove(mode);
                }

                break;
            case 'h' or 'l' when between == "4":
                _inserting = last == 'h';
                break;
            case 'r' when !between.StartsWith('?'):
                _region = between.Length > 0;
                break;
            case 'm' when between.StartsWith('>'):
                _keys = between.Contains(';', StringComparison.Ordinal);
                break;
            case 'm' when between.Length == 0 || char.IsAsciiDigit(between[0]):
                _coloured = between is not ("" or "0");
                break;
            case 'q' when between.EndsWith(' '):
                _cursor = between is not ("0 " or " ");
                break;
            default:
                break;
        }
    }
}
