namespace Writ.Server.Commands;

/// <summary>A line of the input.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Content">Its bytes without the end; valid until the next line is read.</param>
/// <param name="IsTooLong">True where it was longer than is taken; the content is empty then.</param>
internal readonly record struct JsonLine(long Number, ReadOnlyMemory<byte> Content, bool IsTooLong);

/// <summary>Reads lines from a stream, one at a time, with a bound on each.</summary>
internal sealed class JsonLines(Stream input)
{
    /// <summary>The most bytes of a line: a command of 1 MB and its lists.</summary>
    public const int MaxBytes = 64 << 20;

    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;
    private int _scanned;
    private long _number;
    private bool _skipping;
    private bool _ended;

    /// <summary>True when another line is there already, so that reading it does not wait.</summary>
    public bool HasMore => _buffer.AsSpan(_start, _end - _start).Contains((byte)'\n');

    /// <summary>The next line, or null at the end.</summary>
    public async ValueTask<JsonLine?> Next(CancellationToken cancel)
    {
        while (true)
        {
            if (_buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n') is >= 0 and var at)
                return Take(_scanned + at, _scanned + at + 1);
            _scanned = _end;
            if (_ended)
                return _start == _end && !_skipping ? null : Take(_end, _end);
            if (_skipping || _end - _start > MaxBytes)
                (_skipping, _start, _end, _scanned) = (true, 0, 0, 0);
            MakeRoom();
            var read = await input.ReadAsync(_buffer.AsMemory(_end), cancel);
            _end += read;
            _ended = read == 0;
        }
    }

    private JsonLine Take(int end, int next)
    {
        var line = new JsonLine(++_number, _skipping ? default : _buffer.AsMemory(_start, end - _start), _skipping);
        (_start, _scanned, _skipping) = (next, next, false);
        return line;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_end, _scanned, _start) = (_end - _start, _scanned - _start, 0);
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
