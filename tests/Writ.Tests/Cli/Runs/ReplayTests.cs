using System.Text;
using Microsoft.AspNetCore.Http;
using Writ.Contracts;
using Writ.Proof.Recordings;

namespace Writ.Tests.Cli.Runs;

public sealed class ReplayTests
{
    private const long Begin = 1_795_356_000_000_000;
    private static readonly string Path = $"GET /v1/runs/{Samples.RunId}";

    [Theory]
    [InlineData(500_000, 1, 0.5)]
    [InlineData(500_000, 2, 0.25)]
    [InlineData(500_000, 0.5, 1)]
    [InlineData(60_000_000, 1, 2)]
    [InlineData(60_000_000, 0.0000001, 2)]
    [InlineData(-1, 1, 0)]
    public void Pause_follows_speed_and_limit(long since, double speed, double seconds) =>
        Writ.Cli.Runs.Replay.Pause(since, speed, TimeSpan.FromSeconds(2)).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Fact]
    public async Task Replay_plays_both_streams_byte_by_byte()
    {
        await using var server = await Serve();
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("replay", Samples.RunId, "--speed", "100000")).ShouldBe(0);
        typed.Output.ShouldBe("22/tcp open\n80/tcp closed\n443/tcp op\u00e9n\n");
        typed.Error.ShouldBe("a warning\n");
    }

    [Fact]
    public async Task Search_shows_the_lines_that_hold_a_text_and_when_each_was_written()
    {
        await using var server = await Serve();
        using var typed = new Typed(server.Address);
        (await typed.RunAsync("replay", Samples.RunId, "--search", "OPEN")).ShouldBe(0);
        typed.Output.ShouldBe("14:00:00.000  22/tcp open\n");
        using var other = new Typed(server.Address);
        (await other.RunAsync("replay", Samples.RunId, "--search", "nothing of it")).ShouldBe(1);
    }

    [Fact]
    public async Task Asciicast_is_written_to_a_new_file_only()
    {
        await using var server = await Serve();
        var file = System.IO.Path.GetTempFileName();
        try
        {
            using var typed = new Typed(server.Address);
            (await typed.RunAsync("replay", Samples.RunId, "--asciicast", "-o", file)).ShouldBe(1);
            typed.Error.ShouldContain("exists already");
            using var again = new Typed(server.Address);
            (await again.RunAsync("replay", Samples.RunId, "--asciicast")).ShouldBe(0);
            again.Output.Split('\n')[0].ShouldStartWith("{\"version\":3,");
            again.Output.ShouldContain("[0.500000,\"o\",\"80/tcp closed\\r\\n\"]");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("fast")]
    public async Task Speed_that_is_none_is_usage(string speed)
    {
        using var typed = new Typed("http://127.0.0.1:1");
        (await typed.RunAsync("replay", Samples.RunId, "--speed", speed)).ShouldBe(2);
    }

    private static async Task<FakeServer> Serve()
    {
        using var recording = new MemoryStream();
        recording.Write(RecordingFormat.Magic);
        var last = Encoding.UTF8.GetBytes("443/tcp op\u00e9n\n");
        Frame(RecordingStream.Output, 0, Begin, "22/tcp open\n"u8);
        Frame(RecordingStream.Output, 12, Begin + 500_000, "80/tcp closed\n"u8);
        Frame(RecordingStream.Error, 0, Begin + 500_000, "a warning\n"u8);
        Frame(RecordingStream.Output, 26, Begin + 60_500_000, last.AsSpan(0, 11));
        Frame(RecordingStream.Output, 37, Begin + 60_500_000, last.AsSpan(11));
        var bytes = recording.ToArray();
        var server = await FakeServer.StartAsync();
        return server.Json(Path, Samples.Run(), WritJson.Default.RunView).On($"{Path}/recording", context => context.Response.Body.WriteAsync(bytes).AsTask());

        void Frame(RecordingStream stream, long offset, long time, ReadOnlySpan<byte> text)
        {
            Span<byte> head = stackalloc byte[RecordingFormat.HeadSize];
            RecordingFormat.WriteHead(head, stream, offset, time, text.Length);
            recording.Write(head);
            recording.Write(text);
        }
    }
}
