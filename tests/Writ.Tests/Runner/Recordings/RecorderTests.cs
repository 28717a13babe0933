using System.IO.Pipes;
using System.Security.Cryptography;
using System.Text;
using Writ.Proof.Recordings;
using Writ.Runner.Recordings;

namespace Writ.Tests.Runner.Recordings;

/// <summary>A recording of a real pipe, of which a test writes the other end.</summary>
public sealed class RecorderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-recorder-").FullName;

    private string Recording => Path.Combine(_folder, "recording");

    [Fact]
    public async Task Flood_of_small_writes_becomes_few_frames_and_no_byte_of_it_is_lost()
    {
        const int lines = 40_000;
        using var written = new MemoryStream();
        var (tool, output) = Pipe();
        using var recorder = new Recorder(Recording, (int)output.DangerousGetHandle(), -1, 64 << 20, 64 << 20);
        using (output)
        {
            using (tool)
            {
                tool.Write("the first\n"u8);
                written.Write("the first\n"u8);
                // It is there before anything follows it.
                await Until(() => Frames().Count == 1);
                for (var line = 0; line < lines; line++)
                {
                    var bytes = Encoding.ASCII.GetBytes($"{line}/tcp open\n");
                    tool.Write(bytes);
                    written.Write(bytes);
                }
            }

            recorder.Finish("the end", TimeSpan.FromMinutes(1)).ShouldBeTrue();
        }

        recorder.Failure.ShouldBeNull();
        var frames = Frames();
        // A frame for each of them would be forty thousand; even a machine that stops now and then is far from that.
        frames.Count.ShouldBeLessThan(lines / 10);
        frames[^1].Stream.ShouldBe(RecordingStream.Marker);
        var offset = 0L;
        foreach (var (_, at, bytes) in frames[..^1])
        {
            at.ShouldBe(offset);
            offset += bytes.Length;
        }

        frames[..^1].SelectMany(frame => frame.Bytes).ToArray().AsSpan().SequenceEqual(written.ToArray()).ShouldBeTrue();
        var kept = File.ReadAllBytes(Recording);
        recorder.Result.ShouldBe((kept.Length, Convert.ToHexStringLower(SHA256.HashData(kept))));
    }

    [Fact]
    public async Task Flood_that_ends_in_a_rest_is_read_to_its_end()
    {
        var (tool, output) = Pipe();
        using var recorder = new Recorder(Recording, (int)output.DangerousGetHandle(), -1, 1 << 20, 1 << 20);
        using (output)
        {
            for (var line = 0; line < 50; line++)
                tool.Write("x\n"u8);
            await Until(() => Frames().Count > 0);
            tool.Write("last\n"u8);
            tool.Dispose();
            recorder.Finish(null, TimeSpan.FromMinutes(1)).ShouldBeTrue();
        }

        Encoding.ASCII.GetString([.. Frames().SelectMany(frame => frame.Bytes)]).ShouldBe(string.Concat(Enumerable.Repeat("x\n", 50)) + "last\n");
    }

    [Fact]
    public void Recording_ends_where_its_limit_is_with_the_digest_of_what_is_there()
    {
        var (tool, output) = Pipe();
        using var recorder = new Recorder(Recording, (int)output.DangerousGetHandle(), -1, 1_000, 1 << 20);
        using (output)
        {
            tool.Write(new byte[900]);
            tool.Write(new byte[900]);
            tool.Dispose();
            recorder.Finish(null, TimeSpan.FromMinutes(1)).ShouldBeTrue();
        }

        recorder.Failure.ShouldNotBeNull().ShouldContain("limit of 1000 bytes");
        var kept = File.ReadAllBytes(Recording);
        kept.Length.ShouldBeLessThanOrEqualTo(1_000);
        recorder.Result.ShouldBe((kept.Length, Convert.ToHexStringLower(SHA256.HashData(kept))));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (AnonymousPipeServerStream Tool, Microsoft.Win32.SafeHandles.SafePipeHandle Output) Pipe()
    {
        var tool = new AnonymousPipeServerStream(PipeDirection.Out);
        return (tool, tool.ClientSafePipeHandle);
    }

    private List<(RecordingStream Stream, long Offset, byte[] Bytes)> Frames()
    {
        var reader = new RecordingReader();
        using var file = new FileStream(Recording, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        reader.Append(bytes);
        var frames = new List<(RecordingStream, long, byte[])>();
        while (reader.TryRead(out var frame))
            frames.Add((frame.Stream, frame.Offset, frame.Bytes.ToArray()));
        return frames;
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }
}
