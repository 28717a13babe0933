using System.CommandLine;
using System.Globalization;
using System.Text;
using Writ.Cli.Audit;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.Proof;
using Writ.Proof.Recordings;

namespace Writ.Cli.Runs;

/// <summary><c>writ replay</c>: a recording in the time in which it was made, faster, searched, or as an asciicast.</summary>
internal static class Replay
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("RUN", "the run, run_…");
        var speed = new Option<double>("--speed") { Description = "how many times as fast", HelpName = "N", DefaultValueFactory = _ => 1 };
        speed.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(double.TryParse(result.Tokens[0].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var times) && times > 0))
                result.AddError("--speed takes a number above 0");
        });
        var idle = Shared.Span("--idle-limit", "the longest pause; 2s unless told");
        var search = Shared.Text("--search", "only the lines that hold this text, with the time at which each was written", "TEXT");
        var asciicast = new Option<bool>("--asciicast") { Description = "write an asciicast, for asciinema and its player" };
        var version = new Option<string>("--asciicast-version") { Description = "3, or 2 for readers that know no newer one, such as asciinema 2", HelpName = "N", DefaultValueFactory = _ => "3" };
        Shared.OneOf(version, "2", "3");
        var raw = new Option<bool>("--raw") { Description = "write the recording as it was kept, whose SHA-256 the audit log has" };
        var output = OutputFile.Option("the asciicast or the recording");
        return new Verb("replay", "Play a run's recording",
            "writ replay run_06bqz3w1x8 --speed 4",
            "writ replay run_06bqz3w1x8 --search open",
            "writ replay run_06bqz3w1x8 --asciicast -o scan.cast",
            "writ replay run_06bqz3w1x8 --raw -o scan.recording").With(id, speed, idle, search, asciicast, version, raw, output).Does(async (parse, cancel) =>
        {
            var run = Shared.CheckedId(parse.GetRequiredValue(id), "run_", "run");
            var view = (await context.Server.GetAsync($"/v1/runs/{run}", WritJson.Default.RunView, cancel)).Value;
            var frames = Frames(context, view, cancel);
            if (parse.GetValue(raw))
                await Raw(context, view, parse.GetValue(output), cancel);
            else if (parse.GetValue(asciicast))
                await Cast(context, view, frames, parse.GetValue(version) == "2" ? 2 : 3, parse.GetValue(output));
            else if (parse.GetValue(search) is { Length: > 0 } text)
                return await Search(context, frames, text) ? ExitCode.Ok : ExitCode.Failed;
            else
                await Play(context, frames, parse.GetValue(speed), parse.GetValue(idle) ?? TimeSpan.FromSeconds(2), cancel);
            if (view.Fence is { } fence && RunText.Degraded(fence) is { } degraded)
                context.Terminal.Say($"writ: {Printable.Line(degraded)}");
            return ExitCode.Ok;
        });
    }

    private static async IAsyncEnumerable<RecordingFrame> Frames(CliContext context, RunView run, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var reader = new RecordingReader();
        await foreach (var bytes in Bytes(context, run, cancel))
        {
            reader.Append(bytes.Span);
            while (TryRead(reader, run, out var frame))
            {
                if (frame.Stream != RecordingStream.Status)
                    yield return frame;
            }
        }
    }

    private static bool TryRead(RecordingReader reader, RunView run, out RecordingFrame frame)
    {
        try
        {
            return reader.TryRead(out frame);
        }
        catch (InvalidDataException broken)
        {
            throw new Stop(ExitCode.Failed, $"what came is not what {run.Id} recorded: {broken.Message}", RecordingDigest.Hint(run));
        }
    }

    /// <summary>The recording's bytes, valid until the next are asked for; in the end they are held against the digest in the log.</summary>
    /// <exception cref="Stop">They are not what was recorded.</exception>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Bytes(CliContext context, RunView run, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await using var recording = await context.Server.OpenAsync($"/v1/runs/{run.Id}/recording", cancel);
        using var digest = new RecordingDigest();
        var buffer = new byte[64 * 1024];
        while (await Next() is > 0 and var count)
        {
            digest.Add(buffer.AsSpan(0, count));
            yield return buffer.AsMemory(0, count);
        }

        digest.Hold(run);

        async ValueTask<int> Next()
        {
            try
            {
                return await recording.ReadAsync(buffer, cancel);
            }
            catch (IOException)
            {
                throw new Stop(ExitCode.Failed, $"the recording of {run.Id} broke off after {digest.Bytes} of {run.RecordingBytes} bytes", $"where it does so again, the server holds no more: writ watch {run.Id} says why");
            }
        }
    }

    private static async Task Raw(CliContext context, RunView run, string? path, CancellationToken cancel)
    {
        using var whole = new MemoryStream();
        await foreach (var bytes in Bytes(context, run, cancel))
        {
            if (path is null)
                context.Terminal.Output.Write(bytes.Span);
            else
                whole.Write(bytes.Span);
        }

        if (path is not null)
            OutputFile.Write(context, path, whole.GetBuffer().AsSpan(0, (int)whole.Length));
    }

    private static async Task Play(CliContext context, IAsyncEnumerable<RecordingFrame> frames, double speed, TimeSpan idle, CancellationToken cancel)
    {
        long? last = null;
        await foreach (var frame in frames.WithCancellation(cancel))
        {
            if (Pause(frame.Time - (last ?? frame.Time), speed, idle) is { Ticks: > 0 } pause)
                await Task.Delay(pause, context.Time, cancel);
            last = frame.Time;
            if (frame.Stream == RecordingStream.Output)
                context.Terminal.Output.Write(frame.Bytes.Span);
            else if (frame.Stream == RecordingStream.Error)
                context.Terminal.PassError(frame.Bytes.Span);
            else if (frame.Stream == RecordingStream.Marker)
                context.Terminal.Remark($"writ: {Printable.Line(Encoding.UTF8.GetString(frame.Bytes.Span))}");
        }
    }

    /// <summary>How long to wait before a frame that came so many microseconds after the one before it.</summary>
    internal static TimeSpan Pause(long since, double speed, TimeSpan idle)
    {
        // A clock that was set back makes no pause, and no speed makes one longer than the limit.
        var microseconds = Math.Max(0, since) / speed;
        return microseconds < idle.TotalMicroseconds ? TimeSpan.FromMicroseconds(microseconds) : idle;
    }

    private static async Task<bool> Search(CliContext context, IAsyncEnumerable<RecordingFrame> frames, string text)
    {
        var lines = new Dictionary<RecordingStream, StringBuilder>();
        var decoders = new Dictionary<RecordingStream, Decoder>();
        var (found, last) = (false, 0L);
        await foreach (var frame in frames.Where(frame => frame.Stream is RecordingStream.Output or RecordingStream.Error))
        {
            last = frame.Time;
            if (!decoders.TryGetValue(frame.Stream, out var decoder))
                (decoder, lines[frame.Stream]) = (decoders[frame.Stream] = new UTF8Encoding(false).GetDecoder(), new());
            var characters = new char[decoder.GetCharCount(frame.Bytes.Span, false)];
            foreach (var c in characters.AsSpan(0, decoder.GetChars(frame.Bytes.Span, characters, false)).ToArray())
            {
                if (c != '\n')
                    lines[frame.Stream].Append(c);
                else
                    Tell(lines[frame.Stream]);
            }
        }

        foreach (var rest in lines.Values)
            Tell(rest);
        return found;

        void Tell(StringBuilder line)
        {
            if (line.ToString().Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                found = true;
                context.Terminal.Print($"{UnixMicroseconds.ToInstant(last):HH:mm:ss.fff}  {Printable.Line(line.ToString().TrimEnd('\r'))}");
            }

            line.Clear();
        }
    }

    private static async Task Cast(CliContext context, RunView run, IAsyncEnumerable<RecordingFrame> frames, int version, string? path)
    {
        using var cast = new MemoryStream();
        var writer = new AsciicastWriter(cast, version);
        var last = UnixMicroseconds.From(run.StartedAt ?? run.CreatedAt);
        var begun = false;
        await foreach (var frame in frames)
        {
            if (!begun)
                Begin(frame.Stream == RecordingStream.Resize ? frame.Bytes.Span : []);
            writer.Frame(frame);
            last = Math.Max(last, frame.Time);
        }

        if (!begun)
            Begin([]);
        writer.End(run.EndedAt is { } ended ? Math.Max(last, UnixMicroseconds.From(ended)) : last, run.ExitCode);
        OutputFile.Write(context, path, cast.ToArray());

        // A run with a terminal begins with its size.
        void Begin(ReadOnlySpan<byte> size)
        {
            begun = true;
            var (begin, command) = (run.StartedAt ?? run.CreatedAt, string.Join(' ', run.Command));
            if (size.Length == 4)
                writer.Header(begin, command, (size[0] << 8) | size[1], (size[2] << 8) | size[3]);
            else
                writer.Header(begin, command);
        }
    }
}
