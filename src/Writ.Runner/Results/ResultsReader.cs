using System.Globalization;
using System.Text.Json;
using System.Xml;
using Microsoft.Win32.SafeHandles;
using Writ.Proof.Results;
using Writ.Proof.Statements;
using Writ.Runner.Kernel;
using Writ.Runner.Runs;

namespace Writ.Runner.Results;

/// <summary>
/// Follows what a tool finds, on a thread of its own, and writes a report into the run's folder at most once a second. It can
/// hold nothing up: a pipe is emptied and its bytes are kept whether or not what comes can be read, a file is only looked at, and a report that cannot be
/// written is left out.
/// </summary>
internal sealed unsafe class ResultsReader : IDisposable
{
    private const long BetweenReports = 1_000_000, BetweenLargeReports = 5_000_000;
    private const int LargeReport = 16 * 1024, LookAgain = 200;
    private readonly RunFolder _folder;
    private readonly Func<SafeFileHandle?> _open;
    private readonly bool _isPipe;
    private readonly Thread _thread;
    private readonly int _wake = Libc.Must(Libc.eventfd(0, Libc.OCloexec | Libc.ONonblock), "eventfd");
    private readonly NmapXml _xml;
    private readonly Source _source;
    private readonly ResultsCopy? _copy;
    private volatile bool _draining;
    private bool _isRead;
    private bool _changed;
    private long _nextReport;
    private long _written;

    private ResultsReader(RunFolder folder, Func<SafeFileHandle?> open, ResultsCopy? copy)
    {
        (_folder, _open, _copy, _isPipe) = (folder, open, copy, copy is not null);
        _source = new(this);
        _xml = new(_source, () => _changed = true);
        _thread = new(Work) { IsBackground = true, Name = "results" };
        _thread.Start();
    }

    /// <summary>Follows what a run's tool finds; null where it tells nothing of that.</summary>
    /// <param name="spec">The run, which says where it tells it.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="written">Where the tool writes files; not null where it tells it in one.</param>
    public static ResultsReader? Of(RunSpec spec, RunFolder folder, OutFolder? written) => spec.Live switch
    {
        null => null,
        { Path: SandboxTerms.Live } => OfPipe(folder, Math.Min(spec.OutputLimitBytes, ResultsCopy.MostBytes)),
        // A file that the tool writes for the requester, and that this only reads.
        { Path: var path } => new(folder, () => written!.Open(path[SandboxTerms.Out.Length..]), copy: null),
    };

    // Makes the pipe, which the sandbox alone is given.
    private static ResultsReader OfPipe(RunFolder folder, long mostKept)
    {
        Durable.Folder(folder.Live);
        // Whoever the tool runs as may write into it, and nobody else comes into the run's folder.
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite, others = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(folder.Live, owner | UnixFileMode.UserExecute | others);
        Libc.Must(Libc.mkfifo(folder.ResultsPipe, 0x180 /* 0600 */), folder.ResultsPipe);
        File.SetUnixFileMode(folder.ResultsPipe, owner | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite);
        // Open on both ends, so that a tool which opens it never waits for a reader, and one that ends closes nothing.
        var pipe = new SafeFileHandle(Libc.Must(Libc.open(folder.ResultsPipe, Libc.ORdWr | Libc.ONonblock | Libc.OCloexec, 0), folder.ResultsPipe), ownsHandle: true);
        _ = Libc.fcntl((int)pipe.DangerousGetHandle(), Libc.SetPipeSize, 1 << 20);
        return new(folder, () => pipe, new(folder.ResultsCopy, mostKept));
    }

    /// <summary>After the last process is gone: reads the rest and writes the last report, unless that takes too long.</summary>
    public void Finish(TimeSpan patience)
    {
        _draining = true;
        Signal();
        _isRead = _thread.Join(patience);
        if (_isRead && _xml.Report is { Complete: false, Phase: { } phase } report)
            Cut = string.Create(CultureInfo.InvariantCulture, $"{phase}{(report.Percent is { } percent ? $", {Math.Floor(percent):0}%" : "")}, after {report.HostsDone} hosts");
        IsComplete = _xml.Report.Complete;
    }

    /// <summary>What came through the pipe, for the run's end; null where nothing did. Called after <see cref="Finish"/>.</summary>
    /// <param name="cut">Whether the run did not end by itself.</param>
    public OutputRecord? Seal(bool cut) => _copy?.Seal(cut || !_isRead);

    /// <summary>Where the tool was when it ended, unless it has told all; known after <see cref="Finish"/>.</summary>
    public string? Cut { get; private set; }

    /// <summary>Whether the tool said that it has told all; known after <see cref="Finish"/>.</summary>
    public bool IsComplete { get; private set; }

    private void Work()
    {
        try
        {
            Follow();
        }
        catch (Exception defect)
        {
            // The run goes on without its results, and a tool that writes to the pipe waits for nobody.
            Console.Error.WriteLine($"the results are not followed any more: {defect.GetType().Name}: {defect.Message.ReplaceLineEndings(" ")}");
            while (_isPipe && !_source.Ended && _source.Discard())
            {
            }
        }
    }

    private void Follow()
    {
        try
        {
            _xml.Read();
        }
        catch (Exception wrong) when (wrong is XmlException or InvalidDataException or IOException)
        {
            // A tool that was ended in the middle of a sentence is no trouble.
            if (!_source.Ended)
                (_xml.Report.Trouble, _changed) = ($"what the tool writes cannot be read: {FirstLine(wrong.Message)}", true);
        }

        while (_isPipe && !_source.Ended && _source.Discard())
        {
        }

        WriteReport(last: true);
    }

    private static string FirstLine(string text)
    {
        var line = text.ReplaceLineEndings("\n").Split('\n')[0];
        return line.Length > 200 ? line[..200] : line;
    }

    private void WriteReport(bool last)
    {
        var now = Clock.Boot();
        if (!_changed || (now < _nextReport && !last))
            return;
        var report = _xml.Report;
        report.At = _written = Math.Max(Clock.Wall(), _written + 1);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(report, RunnerJson.Default.ResultsReport);
        _nextReport = now + (bytes.Length > LargeReport ? BetweenLargeReports : BetweenReports);
        _changed = false;
        try
        {
            Durable.Write(_folder.Results, bytes, flush: false);
        }
        catch (IOException)
        {
            // A full disk: the next report tells the whole.
        }
    }

    private int Patience() => !_changed ? -1 : (int)Math.Clamp(((_nextReport - Clock.Boot()) / 1_000) + 1, 0, 60_000);

    private void Signal()
    {
        long one = 1;
        _ = Libc.write(_wake, (byte*)&one, 8);
    }

    public void Dispose()
    {
        _ = Libc.close(_wake);
        _source.Dispose();
        _copy?.Dispose();
    }

    /// <summary>What the tool writes, as it comes.</summary>
    private sealed class Source(ResultsReader reader) : TokenStream
    {
        // No tool writes results so fast; one that tries to keep this thread busy waits.
        private const long MostBytesASecond = 32 << 20;
        private SafeFileHandle? _handle;
        private long _offset;
        private long _second;
        private long _inSecond;

        /// <summary>True once the run is over and all was read.</summary>
        public bool Ended { get; private set; }

        protected override int Take(Span<byte> buffer)
        {
            while (true)
            {
                // Looked at before the bytes are: what was written before the last process went is there.
                var draining = reader._draining;
                _handle ??= reader._open();
                if (_handle is not null && ReadSome(buffer) is > 0 and var length)
                {
                    Pace(length, draining);
                    return length;
                }

                if (draining)
                {
                    Ended = true;
                    return 0;
                }

                reader.WriteReport(last: false);
                Wait();
            }
        }

        /// <summary>Takes bytes that nobody wants; false at the end.</summary>
        public bool Discard()
        {
            Span<byte> nobody = stackalloc byte[4096];
            return Take(nobody) > 0;
        }

        private int ReadSome(Span<byte> buffer)
        {
            if (!reader._isPipe)
            {
                var read = RandomAccess.Read(_handle!, buffer, _offset);
                _offset += read;
                return read;
            }

            int length;
            fixed (byte* start = buffer)
                length = (int)Math.Max(0, Libc.read((int)_handle!.DangerousGetHandle(), start, (nuint)buffer.Length));
            reader._copy!.Add(buffer[..length]);
            return length;
        }

        private void Pace(int length, bool draining)
        {
            if (Clock.Boot() / 1_000_000 is var second && second != _second)
                (_second, _inSecond) = (second, 0);
            _inSecond += length;
            if (draining || _inSecond <= MostBytesASecond)
                return;
            var poll = new Libc.PollFd { Fd = reader._wake, Events = Libc.PollIn };
            _ = Libc.poll(&poll, 1, (int)(1_000 - (Clock.Boot() / 1_000 % 1_000)));
        }

        private void Wait()
        {
            var polls = stackalloc Libc.PollFd[2];
            polls[0] = new() { Fd = reader._wake, Events = Libc.PollIn };
            polls[1] = new() { Fd = reader._isPipe ? (int)_handle!.DangerousGetHandle() : -1, Events = Libc.PollIn };
            _ = Libc.poll(polls, 2, reader._isPipe ? reader.Patience() : LookAgain);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _handle?.Dispose();
            base.Dispose(disposing);
        }
    }
}
