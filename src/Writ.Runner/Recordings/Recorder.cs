using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Writ.Proof.Recordings;
using Writ.Runner.Kernel;

namespace Writ.Runner.Recordings;

/// <summary>
/// Reads a tool's output streams and appends them to the recording, on a thread of its own: a slow disk delays the tool,
/// never the supervisor's timers. It stops reading while too much is unacknowledged, and fails, which ends the run,
/// where it cannot write.
/// </summary>
internal sealed unsafe class Recorder : IDisposable
{
    private const int ChunkBytes = 64 * 1024;
    private const int PauseMilliseconds = 50;
    // Small pieces that come closer together than this are let gather for so long (in microseconds).
    private const long Flood = 3_000, Rest = 1_000;
    private readonly int _file;
    private readonly int _output;
    private readonly int _error;
    private readonly long _limit;
    private readonly long _unacknowledgedLimit;
    private readonly byte[] _buffer = new byte[ChunkBytes];
    private readonly byte[] _head = new byte[RecordingFormat.HeadSize];
    private readonly long[] _offsets = new long[(int)RecordingStream.Status + 1];
    private readonly StatusLines? _status;
    private readonly Dictionary<RecordingStream, Masker> _maskers = [];
    private readonly Thread _thread;
    private IncrementalHash? _hash;
    private readonly StringBuilder _errorText = new();
    private long _bytes;
    private long _acknowledged;
    private long _lastSmall;
    private long _restUntil;
    private volatile bool _draining;
    private readonly PseudoTerminal? _terminal;
    private int _size;
    private int _sized;
    private string? _marker;

    /// <summary>Makes the recording's file, which must not exist, and begins to read.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="output">The tool's standard output.</param>
    /// <param name="error">The tool's standard error.</param>
    /// <param name="limit">The most bytes of the recording.</param>
    /// <param name="unacknowledgedLimit">The most bytes that the server does not hold.</param>
    /// <param name="status">Tells the lines that are kept apart; null where there are none.</param>
    /// <param name="masks">What is kept out of it; null where there is nothing.</param>
    /// <param name="terminal">The terminal that the tool has, with which there is no error stream; null for none.</param>
    /// <param name="size">Its columns and rows.</param>
    public Recorder(string path, int output, int error, long limit, long unacknowledgedLimit, StatusLines? status = null, Masks? masks = null,
        PseudoTerminal? terminal = null, (int Columns, int Rows) size = default)
    {
        (_output, _error, _limit, _unacknowledgedLimit, _status) = (output, error, limit, unacknowledgedLimit, status);
        (_terminal, _size) = (terminal, (size.Columns << 16) | size.Rows);
        if (masks is not null)
            (_maskers[RecordingStream.Output], _maskers[RecordingStream.Error]) = (new(masks), new(masks));
        _file = Libc.Must(Libc.open(path, Libc.OWriteOnly | Libc.OCreate | Libc.OExclusive | Libc.OAppend | Libc.OCloexec, 0x180 /* 0600 */), path);
        Wake = Libc.Must(Libc.eventfd(0, Libc.OCloexec | Libc.ONonblock), "eventfd");
        Failed = Libc.Must(Libc.eventfd(0, Libc.OCloexec | Libc.ONonblock), "eventfd");
        _thread = new(Work) { IsBackground = true, Name = "recorder" };
        _thread.Start();
    }

    private int Wake { get; }

    /// <summary>Becomes readable when the recording failed.</summary>
    public int Failed { get; }

    /// <summary>Why it failed, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>The first line of standard error: what bubblewrap said where the tool was never executed.</summary>
    public string FirstError => _errorText.ToString().Split('\n', 2)[0];

    /// <summary>The server holds the recording up to here.</summary>
    public void Acknowledge(long offset)
    {
        if (offset > Interlocked.Read(ref _acknowledged))
            Interlocked.Exchange(ref _acknowledged, offset);
        Signal(Wake);
    }

    /// <summary>Sets the terminal's size, in its place between what was written before and what is after.</summary>
    public void Resize(int columns, int rows)
    {
        Volatile.Write(ref _size, (columns << 16) | rows);
        Signal(Wake);
    }

    /// <summary>
    /// After the last process is gone: reads what is left in the pipes and closes the recording. False where the disk
    /// does not answer in time.
    /// </summary>
    /// <param name="marker">A last line that tells why the output ends, or null.</param>
    public bool Finish(string? marker, TimeSpan patience)
    {
        _marker = marker;
        _draining = true;
        Signal(Wake);
        return _thread.Join(patience);
    }

    /// <summary>Size and digest; final once <see cref="Finish"/> returned true.</summary>
    public (long Bytes, string Sha256) Result =>
        (_bytes, Convert.ToHexStringLower(_hash?.GetCurrentHash() ?? SHA256.HashData([])));

    private void Work()
    {
        try
        {
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Append(RecordingFormat.Magic, []);
            TakeSize();
            Copy();
            foreach (var (stream, masker) in _maskers)
                masker.Finish(bytes => Pass(stream, bytes));
            _status?.Flush(Frame);
            WaitForFinish();
            if (_marker is { } marker)
                Frame(RecordingStream.Marker, Encoding.UTF8.GetBytes(marker));
            if (Libc.fsync(_file) != 0)
                throw Libc.Failure("fsync");
        }
        catch (Exception failure) when (failure is IOException or CryptographicException)
        {
            Failure = failure.Message;
            Signal(Failed);
        }
    }

    private void Copy()
    {
        var polls = stackalloc Libc.PollFd[3];
        bool outputOpen = true, errorOpen = _error >= 0;
        while (outputOpen || errorOpen)
        {
            // The tool's own writes block while the pipes are full: that is the back pressure.
            var rest = _draining ? 0 : Math.Max(_restUntil - Clock.Boot(), 0);
            var reading = _draining || (rest == 0 && _bytes - Interlocked.Read(ref _acknowledged) < _unacknowledgedLimit);
            polls[0] = new() { Fd = Wake, Events = Libc.PollIn };
            polls[1] = new() { Fd = reading && outputOpen ? _output : -1, Events = Libc.PollIn };
            polls[2] = new() { Fd = reading && errorOpen ? _error : -1, Events = Libc.PollIn };
            var wait = rest > 0 ? (int)((rest + 999) / 1_000) : _maskers.Values.Any(masker => masker.IsWaiting) ? PauseMilliseconds : -1;
            var ready = Libc.poll(polls, 3, wait);
            if (ready < 0)
                continue;
            if (ready == 0 && rest == 0)
                Pause();
            if (polls[0].Ready != 0)
            {
                Drain(Wake);
                TakeSize();
            }

            if (polls[1].Ready != 0)
                outputOpen = Take(_output, RecordingStream.Output);
            if (polls[2].Ready != 0)
                errorOpen = Take(_error, RecordingStream.Error);
        }
    }

    // The pipes close with the last process; why is known only after that.
    private void WaitForFinish()
    {
        while (!_draining)
        {
            var poll = new Libc.PollFd { Fd = Wake, Events = Libc.PollIn };
            if (Libc.poll(&poll, 1, -1) > 0)
                Drain(Wake);
        }
    }

    /// <summary>
    /// One read becomes one frame (more where it holds status lines): the first byte is on its way at once, a flood comes in whole chunks, also one of
    /// small writes.
    /// </summary>
    private bool Take(int fd, RecordingStream stream)
    {
        nint length;
        fixed (byte* start = _buffer)
            length = Libc.read(fd, start, ChunkBytes);
        if (length > 0)
        {
            LetGather(length);
            var bytes = _buffer.AsSpan(0, (int)length);
            if (_maskers.TryGetValue(stream, out var masker))
                masker.Take(bytes, kept => Pass(stream, kept));
            else
                Pass(stream, bytes);
        }

        return length > 0 || (length < 0 && Marshal.GetLastPInvokeError() is Libc.Eintr or Libc.Eagain);
    }

    // Not at a terminal, where somebody waits for each character. A pipe has room for what a tool writes meanwhile.
    private void LetGather(nint length)
    {
        if (_terminal is not null || length == ChunkBytes)
            return;
        var now = Clock.Boot();
        (_restUntil, _lastSmall) = (now - _lastSmall < Flood ? now + Rest : 0, now);
    }

    private void Pause()
    {
        foreach (var (stream, masker) in _maskers)
            masker.Pause(bytes => Pass(stream, bytes));
    }

    private void Pass(RecordingStream stream, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        // At a terminal both are one.
        if ((stream == RecordingStream.Error || _terminal is not null) && _errorText.Length < 300)
            _errorText.Append(Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 300)]));
        if (stream == RecordingStream.Output && _status is not null)
            _status.Split(bytes, Clock.Boot(), Frame);
        else
            Frame(stream, bytes);
    }

    private void TakeSize()
    {
        var size = Volatile.Read(ref _size);
        if (_terminal is null || size == _sized)
            return;
        if (_sized != 0)
            _terminal.Resize(size >> 16, size & 0xffff);
        _sized = size;
        Frame(RecordingStream.Resize, [(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size]);
    }

    private void Frame(RecordingStream stream, ReadOnlySpan<byte> bytes)
    {
        RecordingFormat.WriteHead(_head, stream, _offsets[(int)stream], Clock.Wall(), bytes.Length);
        _offsets[(int)stream] += bytes.Length;
        if (_bytes + _head.Length + bytes.Length > _limit)
            throw new IOException($"the recording would pass its limit of {_limit} bytes");
        Append(_head, bytes);
    }

    // Size and digest follow each byte that is in the file, also where only a part of a frame was written.
    private void Append(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var parts = stackalloc Libc.IoVector[2];
        while (head.Length + body.Length > 0)
        {
            nint written;
            fixed (byte* first = head, second = body)
            {
                (parts[0], parts[1]) = (new() { Base = first, Length = (nuint)head.Length }, new() { Base = second, Length = (nuint)body.Length });
                written = Libc.writev(_file, parts, 2);
            }

            if (written < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Libc.Eintr)
                    continue;
                throw Libc.Failure("the recording cannot be written", error);
            }

            var ofHead = Math.Min((int)written, head.Length);
            _hash!.AppendData(head[..ofHead]);
            _hash.AppendData(body[..((int)written - ofHead)]);
            head = head[ofHead..];
            body = body[((int)written - ofHead)..];
            _bytes += written;
        }
    }

    private static void Signal(int fd)
    {
        long one = 1;
        _ = Libc.write(fd, (byte*)&one, 8);
    }

    private static void Drain(int fd)
    {
        long count;
        _ = Libc.read(fd, (byte*)&count, 8);
    }

    public void Dispose()
    {
        foreach (var fd in (int[])[_file, Wake, Failed])
            _ = Libc.close(fd);
        foreach (var masker in _maskers.Values)
            masker.Dispose();
        _hash?.Dispose();
    }
}
