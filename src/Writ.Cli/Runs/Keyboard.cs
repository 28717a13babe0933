using System.Threading.Channels;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>
/// What is typed at this terminal for a run: read on a thread of its own, numbered from 0, and kept until the run's terminal has
/// taken it, so that a connection that breaks loses nothing and types nothing twice. While more is on its way than the
/// protocol allows, nothing is read.
/// </summary>
/// <param name="input">The terminal, in raw mode.</param>
/// <param name="size">Its columns and rows.</param>
/// <param name="interrupt">What Ctrl-C does while there is no connection by which it could reach the run.</param>
internal sealed class Keyboard(Stream input, Func<(int Columns, int Rows)?> size, Action interrupt)
{
    private const byte ControlC = 3;
    private readonly object _lock = new();
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly byte[] _held = new byte[TypedInput.WindowBytes];
    private long _taken;
    private int _length;
    private bool _connected;
    private bool _resized;

    /// <summary>Begins to read.</summary>
    public void Start() => new Thread(Read) { IsBackground = true, Name = "keyboard" }.Start();

    /// <summary>The terminal has another size now.</summary>
    public void Resized()
    {
        lock (_lock)
            _resized = true;
        _news.Writer.TryWrite(true);
    }

    /// <summary>The run's terminal has taken what was typed, up to here.</summary>
    public void Taken(long offset)
    {
        lock (_lock)
        {
            if (offset <= _taken || offset > _taken + _length)
                return;
            var gone = (int)(offset - _taken);
            _held.AsSpan(gone, _length - gone).CopyTo(_held);
            (_taken, _length) = (offset, _length - gone);
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Sends over a new connection, until it is cancelled: the size, what is not taken, and what is typed from now on.</summary>
    public async Task SendAsync(Func<AttachMessage, Task> send, CancellationToken cancel)
    {
        long sent;
        lock (_lock)
            (sent, _connected, _resized) = (_taken, true, true);
        try
        {
            while (true)
            {
                var (message, length) = Next(sent);
                if (message is null)
                {
                    await _news.Reader.ReadAsync(cancel);
                    continue;
                }

                await send(message);
                sent += length;
            }
        }
        finally
        {
            lock (_lock)
                _connected = false;
        }
    }

    private (AttachMessage? Message, int Length) Next(long sent)
    {
        lock (_lock)
        {
            if (_resized && size() is var (columns, rows))
            {
                _resized = false;
                return (new("resize", Columns: columns, Rows: rows), 0);
            }

            var from = (int)Math.Max(0, sent - _taken);
            var length = Math.Min(_length - from, TypedInput.PieceBytes);
            return length <= 0 ? (null, 0) : (new("type", Offset: _taken + from, Bytes: _held.AsSpan(from, length).ToArray()), length);
        }
    }

    private void Read()
    {
        var buffer = new byte[TypedInput.PieceBytes];
        try
        {
            while (true)
            {
                int room;
                lock (_lock)
                {
                    while ((room = _held.Length - _length) == 0)
                        Monitor.Wait(_lock);
                }

                var length = input.Read(buffer, 0, Math.Min(room, buffer.Length));
                if (length <= 0)
                    return;
                var typed = buffer.AsSpan(0, length);
                lock (_lock)
                {
                    typed.CopyTo(_held.AsSpan(_length));
                    _length += length;
                    if (!_connected && typed.Contains(ControlC))
                        interrupt();
                }

                _news.Writer.TryWrite(true);
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // The terminal is gone; a signal says so too.
        }
    }
}
