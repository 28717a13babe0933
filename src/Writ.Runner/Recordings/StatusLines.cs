using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Writ.Proof.Recordings;

namespace Writ.Runner.Recordings;

/// <summary>
/// Tells the lines that Nmap writes only because of <c>--stats-every</c> (output.cc and timing.cc of its source: a line
/// <c>Stats: …</c>, and the phase's <c>… Timing: About …</c> right behind it) from all others. Nothing is lost: they are frames of
/// a stream of their own. With <c>-v</c> Nmap writes some timing lines of its own accord, at most one in 30 seconds, and leaves them
/// out while others come more often; those that it would have written stay where they are.
/// </summary>
/// <param name="verbose">Whether the run is verbose.</param>
internal sealed partial class StatusLines(bool verbose)
{
    /// <summary>No status line is longer.</summary>
    private const int LongestLine = 256;
    private const long FirstPause = 31_000_000, Pause = 30_000_000;
    private readonly byte[] _held = new byte[LongestLine];
    private readonly Meter _meter = new();
    private int _heldLength;
    private bool _inLine;
    private bool _afterStats;

    /// <summary>Takes the bytes of one frame.</summary>
    public delegate void Sink(RecordingStream stream, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Passes on what came, in order; the beginning of what may become a status line waits for its end.
    /// </summary>
    /// <param name="bytes">The next bytes of standard output.</param>
    /// <param name="now">The moment, in microseconds of any clock that goes forward.</param>
    /// <param name="sink">Where they go.</param>
    public void Split(ReadOnlySpan<byte> bytes, long now, Sink sink)
    {
        // Ordinary bytes from here to the current place are passed on together.
        var from = 0;
        for (var at = 0; at < bytes.Length;)
        {
            at += PassOver(bytes[at..], now);
            if (at == bytes.Length)
                break;
            var end = bytes[at..].IndexOf((byte)'\n');
            var rest = end < 0 ? bytes[at..] : bytes.Slice(at, end + 1);
            if (_inLine || !MayBeStatus(rest))
            {
                Release(sink);
                _inLine = end < 0;
                if (!_inLine)
                    Ordinary(rest, now);
                at += rest.Length;
                continue;
            }

            Pass(bytes[from..at], sink);
            rest.CopyTo(_held.AsSpan(_heldLength));
            _heldLength += rest.Length;
            at += rest.Length;
            from = at;
            if (end >= 0)
                Judge(now, sink);
        }

        Pass(bytes[from..], sink);
    }

    /// <summary>No more bytes come: what was held is no status line.</summary>
    public void Flush(Sink sink) => Release(sink);

    private static void Pass(ReadOnlySpan<byte> bytes, Sink sink)
    {
        if (!bytes.IsEmpty)
            sink(RecordingStream.Output, bytes);
    }

    private void Release(Sink sink)
    {
        var length = _heldLength;
        _heldLength = 0;
        Pass(_held.AsSpan(0, length), sink);
    }

    // The length of the whole lines at the beginning of which none can be a status line: a flood is not looked at line by line.
    private int PassOver(ReadOnlySpan<byte> bytes, long now)
    {
        if (_inLine || _afterStats || _heldLength > 0 || bytes.StartsWith(Begin))
            return 0;
        var lines = bytes[..(bytes.LastIndexOf((byte)'\n') + 1)];
        if (lines.IndexOf("\nStats: "u8) is >= 0 and var before)
            lines = lines[..(before + 1)];
        if (verbose && (lines.StartsWith(Phase) || lines.IndexOf("\nInitiating "u8) >= 0))
            _meter.Begin(now);
        return lines.Length;
    }

    // The line so far, with what is held of it.
    private bool MayBeStatus(ReadOnlySpan<byte> rest)
    {
        if (_heldLength + rest.Length > LongestLine)
            return false;
        if (_afterStats || _heldLength >= Begin.Length)
            return true;
        Span<byte> begin = stackalloc byte[Begin.Length];
        _held.AsSpan(0, _heldLength).CopyTo(begin);
        var more = Math.Min(rest.Length, Begin.Length - _heldLength);
        rest[..more].CopyTo(begin[_heldLength..]);
        return Begin.StartsWith(begin[..(_heldLength + more)]);
    }

    private static ReadOnlySpan<byte> Begin => "Stats: "u8;

    private static ReadOnlySpan<byte> Phase => "Initiating "u8;

    // A whole line is held.
    private void Judge(long now, Sink sink)
    {
        var line = Encoding.UTF8.GetString(_held, 0, _heldLength);
        var (after, _) = (_afterStats, _afterStats = false);
        if (StatsLine().IsMatch(line))
        {
            _afterStats = true;
            Apart(sink);
        }
        else if (after && TimingLine().Match(line) is { Success: true } timing && !(verbose && _meter.IsDue(timing, now)))
        {
            Apart(sink);
        }
        else
        {
            Ordinary(_held.AsSpan(0, _heldLength), now);
            Release(sink);
        }
    }

    private void Apart(Sink sink)
    {
        sink(RecordingStream.Status, _held.AsSpan(0, _heldLength));
        _heldLength = 0;
    }

    private void Ordinary(ReadOnlySpan<byte> line, long now)
    {
        _afterStats = false;
        if (verbose && line.StartsWith(Phase))
            _meter.Begin(now);
    }

    [GeneratedRegex(@"^Stats: \d+:\d\d:\d\d elapsed; \d+ hosts completed \(\d+ up\), \d+ undergoing [A-Za-z0-9 /-]+\n$")]
    private static partial Regex StatsLine();

    [GeneratedRegex(@"^.{1,100} Timing: About (?<percent>\d+\.\d\d)% done(; ETC: (\d\d:\d\d|Unknown) \((?<h>\d+):(?<m>\d\d):(?<s>\d\d) remaining\)|; ETC: Unknown \(>10 days remaining\))?\n$")]
    private static partial Regex TimingLine();

    /// <summary>When Nmap itself would tell how long a phase goes on (ScanProgressMeter of its timing.cc).</summary>
    private sealed class Meter
    {
        private long? _begin;
        private long? _told;
        private long _toldLeft;

        public void Begin(long now) => (_begin, _told) = (now, null);

        public bool IsDue(Match line, long now)
        {
            _begin ??= now;
            if (!line.Groups["h"].Success || (_told is { } last ? now - last < Pause : now - _begin.Value < FirstPause))
                return false;
            var left = ((Number(line, "h") * 3600) + (Number(line, "m") * 60) + Number(line, "s")) * 1_000_000;
            if (left < Pause)
                return false;
            var changed = Math.Abs(_toldLeft - left);
            // New: nothing was told yet, what was told is past, or it has changed by much.
            if (_told is { } told && now <= told + _toldLeft && (changed <= 15_000_000 || changed <= (told + _toldLeft - _begin.Value) / 20))
                return false;
            (_told, _toldLeft) = (now, left);
            return true;
        }

        private static long Number(Match line, string group) => long.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture);
    }
}
