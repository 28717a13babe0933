using System.Security.Cryptography;

namespace Writ.Runner.Recordings;

/// <summary>
/// Takes secrets out of one stream of bytes, wherever reads cut it. Bytes that may be the beginning of a secret wait for what follows, and no others do. When
/// nothing follows for a while, the first few of them are passed on, so that a prompt is whole: at most three, and at most a quarter of the shortest
/// secret, whose rest is hidden all the same when it comes.
/// </summary>
internal sealed class Masker(Masks masks) : IDisposable
{
    private const int MostShown = 3;
    private readonly int _shown = Math.Min(MostShown, masks.Needles.Min(needle => needle.Bytes.Length) / 4);
    private byte[] _window = new byte[4096];
    // Bytes in the window; how many of them are passed on or hidden already; whether the last of these are hidden.
    private int _length;
    private int _done;
    private bool _inMask;

    /// <summary>Takes bytes that may leave.</summary>
    public delegate void Sink(ReadOnlySpan<byte> bytes);

    /// <summary>Whether something waits that a pause would let go.</summary>
    public bool IsWaiting => _done < Math.Min(_length, _shown);

    /// <summary>Passes on what came, without its secrets.</summary>
    public void Take(ReadOnlySpan<byte> bytes, Sink sink)
    {
        Room(bytes.Length);
        bytes.CopyTo(_window.AsSpan(_length));
        _length += bytes.Length;
        Pass(_length - Waiting(), sink);
    }

    /// <summary>Nothing has come for a moment.</summary>
    public void Pause(Sink sink)
    {
        if (!IsWaiting || Found(_length).Any(found => found.Begin < _shown))
            return;
        var to = Math.Min(_length, _shown);
        sink(_window.AsSpan(_done, to - _done));
        (_done, _inMask) = (to, false);
    }

    /// <summary>Nothing comes any more: what waits is no secret, unless half of one is there.</summary>
    public void Finish(Sink sink)
    {
        var (half, shown) = (0, Array.Empty<byte>());
        foreach (var needle in masks.Needles)
        {
            var begun = Begun(needle.Bytes);
            if (begun > half && begun >= Masks.Shortest && 2 * begun >= needle.Bytes.Length)
                (half, shown) = (begun, needle.Shown);
        }

        Pass(_length - half, sink);
        // Where a mask reaches into it, that one stands for both.
        if (half > 0 && !(_done > 0 && _inMask))
            sink(shown);
        Forget(_length);
    }

    // Passes on what stands before this place; secrets that begin before it are whole.
    private void Pass(int to, Sink sink)
    {
        var at = _done;
        foreach (var found in Found(to))
        {
            if (found.End <= at)
                continue;
            if (found.Begin > at)
                sink(_window.AsSpan(at, found.Begin - at));
            // One that overlaps the one before it is hidden with it.
            if (found.Begin >= at || !_inMask)
                sink(found.Shown);
            (at, _inMask) = (found.End, true);
        }

        if (at < to)
        {
            sink(_window.AsSpan(at, to - at));
            (at, _inMask) = (to, false);
        }

        _done = Math.Max(at, _done);
        Forget(to);
    }

    private void Forget(int count)
    {
        _window.AsSpan(count, _length - count).CopyTo(_window);
        CryptographicOperations.ZeroMemory(_window.AsSpan(_length - count, count));
        (_length, _done) = (_length - count, Math.Max(0, _done - count));
    }

    // Every secret in the window that begins before this place, by its beginning, the longest first.
    private List<(int Begin, int End, byte[] Shown)> Found(int before)
    {
        var found = new List<(int Begin, int End, byte[] Shown)>();
        var text = _window.AsSpan(0, _length);
        foreach (var needle in masks.Needles)
        {
            for (int from = 0, at; from < before && (at = text[from..].IndexOf(needle.Bytes)) >= 0 && from + at < before; from += at + 1)
                found.Add((from + at, from + at + needle.Bytes.Length, needle.Shown));
        }

        found.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : b.End.CompareTo(a.End));
        return found;
    }

    /// <summary>How many bytes at the window's end may be the beginning of a secret.</summary>
    private int Waiting()
    {
        var most = 0;
        foreach (var needle in masks.Needles)
            most = Math.Max(most, Begun(needle.Bytes, most));
        return most;
    }

    private int Begun(byte[] needle, int moreThan = 0)
    {
        var text = _window.AsSpan(0, _length);
        for (var length = Math.Min(needle.Length - 1, _length); length > moreThan; length--)
        {
            if (text.EndsWith(needle.AsSpan(0, length)))
                return length;
        }

        return moreThan;
    }

    private void Room(int more)
    {
        if (_length + more <= _window.Length)
            return;
        var larger = new byte[Math.Max(2 * _window.Length, _length + more)];
        _window.AsSpan(0, _length).CopyTo(larger);
        CryptographicOperations.ZeroMemory(_window);
        _window = larger;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_window);
}
