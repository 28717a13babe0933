using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Writ.Proof.Recordings;

/// <summary>
/// A recording as an asciicast (docs.asciinema.org, NDJSON): a header, then a line for each event, in version 3 with the seconds
/// since the event before, in version 2 with those since the beginning. Both streams of the tool are output there. A tool's line feeds, which no terminal turned, become carriage
/// return and line feed; a recording with a terminal, which begins with its size, is left as it is. Not thread-safe.
/// </summary>
/// <param name="output">Where it goes.</param>
/// <param name="version">3, or 2 for readers that know no newer one; it has no event for the exit code.</param>
public sealed class AsciicastWriter(Stream output, int version = 3)
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private readonly Decoder _out = new UTF8Encoding(false).GetDecoder();
    private readonly Decoder _error = new UTF8Encoding(false).GetDecoder();
    private long? _first;
    private long? _last;
    private bool _carriageReturn;
    private bool _terminal;

    /// <summary>Writes the header.</summary>
    /// <param name="begin">When the recording begins.</param>
    /// <param name="command">The command, for people.</param>
    /// <param name="columns">Columns of the terminal; 80 where there was none.</param>
    /// <param name="rows">Rows of the terminal; 24 where there was none.</param>
    public void Header(DateTimeOffset begin, string command, int columns = 80, int rows = 24) => Line(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("version", version);
        if (version == 2)
        {
            json.WriteNumber("width", columns);
            json.WriteNumber("height", rows);
        }
        else
        {
            json.WriteStartObject("term");
            json.WriteNumber("cols", columns);
            json.WriteNumber("rows", rows);
            json.WriteEndObject();
        }

        json.WriteNumber("timestamp", begin.ToUnixTimeSeconds());
        json.WriteString("command", command);
        json.WriteEndObject();
    });

    /// <summary>Writes a frame. A character that is split over frames comes whole, with the later one.</summary>
    public void Frame(RecordingFrame frame)
    {
        switch (frame.Stream)
        {
            case RecordingStream.Output:
                Text(frame.Time, Turn(Decode(_out, frame.Bytes.Span, false)));
                break;
            case RecordingStream.Error:
                Text(frame.Time, Turn(Decode(_error, frame.Bytes.Span, false)));
                break;
            case RecordingStream.Marker:
                Event(frame.Time, "m", Encoding.UTF8.GetString(frame.Bytes.Span));
                break;
            case RecordingStream.Resize when frame.Bytes.Length == 4:
                _terminal = true;
                var size = frame.Bytes.Span;
                Event(frame.Time, "r", string.Create(CultureInfo.InvariantCulture, $"{(size[0] << 8) | size[1]}x{(size[2] << 8) | size[3]}"));
                break;
            case RecordingStream.Resize:
            case RecordingStream.Status:
            case RecordingStream.None:
                break;
        }
    }

    /// <summary>Writes what was left of cut characters, and how the tool exited.</summary>
    /// <param name="time">When, in Unix microseconds.</param>
    /// <param name="exitCode">Its exit code, or null where it had none.</param>
    public void End(long time, int? exitCode)
    {
        Text(_last ?? time, Turn(Decode(_out, [], true) + Decode(_error, [], true)));
        if (exitCode is { } code && version > 2)
            Event(time, "x", code.ToString(CultureInfo.InvariantCulture));
    }

    private static string Decode(Decoder decoder, ReadOnlySpan<byte> bytes, bool flush)
    {
        var text = new char[decoder.GetCharCount(bytes, flush)];
        return new(text, 0, decoder.GetChars(bytes, text, flush));
    }

    private string Turn(string text)
    {
        if (_terminal)
            return text;
        var turned = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c == '\n' && !_carriageReturn)
                turned.Append('\r');
            turned.Append(c);
            _carriageReturn = c == '\r';
        }

        return turned.ToString();
    }

    private void Text(long time, string text)
    {
        if (text.Length > 0)
            Event(time, "o", text);
    }

    private void Event(long time, string code, string data)
    {
        // Clocks of a machine can be set back; time in a player cannot.
        var since = Math.Max(0, time - (_last ?? time));
        _last = Math.Max(time, _last ?? time);
        _first ??= _last;
        if (version == 2)
            since = _last.Value - _first.Value;
        Line(json =>
        {
            json.WriteStartArray();
            json.WriteRawValue((since / 1_000_000m).ToString("0.000000", CultureInfo.InvariantCulture), skipInputValidation: true);
            json.WriteStringValue(code);
            json.WriteStringValue(data);
            json.WriteEndArray();
        });
    }

    private void Line(Action<Utf8JsonWriter> write)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line, Plain))
            write(json);
        output.Write(line.WrittenSpan);
        output.WriteByte((byte)'\n');
    }
}
