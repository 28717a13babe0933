using System.Text;
using System.Text.Json;
using Writ.Proof.Recordings;

namespace Writ.Tests.Proof.Recordings;

public sealed class AsciicastTests
{
    private const long Begin = 1_795_356_000_000_000;

    [Fact]
    public void Recording_becomes_a_header_and_events_with_the_time_between_them()
    {
        var lines = Cast(writer =>
        {
            writer.Frame(new(RecordingStream.Output, 0, Begin, "Starting\n"u8.ToArray()));
            writer.Frame(new(RecordingStream.Error, 0, Begin + 1_500_000, "oh\r\n"u8.ToArray()));
            writer.Frame(new(RecordingStream.Resize, 0, Begin + 1_500_000, new byte[] { 0, 132, 0, 43 }));
            writer.Frame(new(RecordingStream.Marker, 0, Begin + 2_000_000, "deadline"u8.ToArray()));
            writer.End(Begin + 2_250_000, 1);
        });

        lines[0].GetProperty("version").GetInt32().ShouldBe(3);
        lines[0].GetProperty("term").GetProperty("cols").GetInt32().ShouldBe(80);
        lines[0].GetProperty("command").GetString().ShouldBe("nmap 10.20.0.5");
        lines[1..].Select(Event).ShouldBe(
            [(0, "o", "Starting\r\n"), (1.5, "o", "oh\r\n"), (0, "r", "132x43"), (0.5, "m", "deadline"), (0.25, "x", "1")]);
    }

    [Fact]
    public void Version_2_counts_from_the_beginning_and_has_no_exit()
    {
        using var stream = new MemoryStream();
        var writer = new AsciicastWriter(stream, version: 2);
        writer.Header(DateTimeOffset.FromUnixTimeSeconds(Begin / 1_000_000), "nmap");
        writer.Frame(new(RecordingStream.Output, 0, Begin, "a\n"u8.ToArray()));
        writer.Frame(new(RecordingStream.Output, 2, Begin + 1_500_000, "b"u8.ToArray()));
        writer.Frame(new(RecordingStream.Output, 3, Begin + 1_000_000, "c"u8.ToArray()));
        writer.Frame(new(RecordingStream.Output, 4, Begin + 2_000_000, "d"u8.ToArray()));
        writer.End(Begin + 2_250_000, 1);
        Encoding.UTF8.GetString(stream.ToArray()).ShouldBe("""
            {"version":2,"width":80,"height":24,"timestamp":1795356000,"command":"nmap"}
            [0.000000,"o","a\r\n"]
            [1.500000,"o","b"]
            [1.500000,"o","c"]
            [2.000000,"o","d"]

            """);
    }

    [Fact]
    public void Character_split_over_two_frames_comes_whole()
    {
        var bytes = Encoding.UTF8.GetBytes("é😀\n");
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var lines = Cast(writer =>
            {
                writer.Frame(new(RecordingStream.Output, 0, Begin, bytes.AsMemory(..cut)));
                writer.Frame(new(RecordingStream.Output, cut, Begin + 1, bytes.AsMemory(cut..)));
                writer.End(Begin + 1, null);
            });
            string.Concat(lines[1..].Select(line => Event(line).Data)).ShouldBe("é😀\r\n");
            lines[1..].ShouldAllBe(line => !Event(line).Data.Contains('\uFFFD'));
        }
    }

    [Fact]
    public void Frame_of_a_terminal_is_left_as_the_terminal_had_it()
    {
        var lines = Cast(writer =>
        {
            writer.Frame(new(RecordingStream.Resize, 0, Begin, new byte[] { 0, 120, 0, 40 }));
            writer.Frame(new(RecordingStream.Output, 0, Begin, "a\nb\r\nc"u8.ToArray()));
            writer.End(Begin, 0);
        });
        (Event(lines[1]).Code, Event(lines[1]).Data).ShouldBe(("r", "120x40"));
        Event(lines[2]).Data.ShouldBe("a\nb\r\nc");
    }

    [Fact]
    public void Clock_set_back_and_bytes_that_are_no_text_harm_nothing()
    {
        var lines = Cast(writer =>
        {
            writer.Frame(new(RecordingStream.Output, 0, Begin, new byte[] { 0xff, 0x1b, (byte)'[', 0, 0xc3 }));
            writer.Frame(new(RecordingStream.Output, 5, Begin - 5_000_000, "x"u8.ToArray()));
            writer.End(Begin, 0);
        });
        lines[1..].ShouldAllBe(line => Event(line).Since >= 0);
        string.Concat(lines[1..^1].Select(line => Event(line).Data)).ShouldBe("\uFFFD\u001b[\0\uFFFDx");
    }

    private static (double Since, string Code, string Data) Event(JsonElement line) => (line[0].GetDouble(), line[1].GetString()!, line[2].GetString()!);

    private static JsonElement[] Cast(Action<AsciicastWriter> write)
    {
        using var cast = new MemoryStream();
        var writer = new AsciicastWriter(cast);
        writer.Header(DateTimeOffset.UnixEpoch.AddMicroseconds(Begin), "nmap 10.20.0.5");
        write(writer);
        return [.. Encoding.UTF8.GetString(cast.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
