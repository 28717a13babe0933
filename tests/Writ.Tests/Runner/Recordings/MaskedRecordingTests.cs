using System.IO.Pipes;
using System.Text;
using Writ.Proof.Recordings;
using Writ.Runner.Recordings;

namespace Writ.Tests.Runner.Recordings;

/// <summary>A recording of real pipes, of which a test writes the other end.</summary>
public sealed class MaskedRecordingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-masked-").FullName;

    private string Recording => Path.Combine(_folder, "recording");

    [Fact]
    public async Task Recording_of_a_secret_in_two_reads_with_a_pause_between_has_its_first_bytes_and_its_mask()
    {
        using var masks = Masks.Of([("door", "correct-horse-battery"u8.ToArray())])!;
        var (tool, complaint) = (new AnonymousPipeServerStream(PipeDirection.Out), new AnonymousPipeServerStream(PipeDirection.Out));
        using var output = tool.ClientSafePipeHandle;
        using var error = complaint.ClientSafePipeHandle;
        using var recorder = new Recorder(Recording, (int)output.DangerousGetHandle(), (int)error.DangerousGetHandle(), 1 << 20, 1 << 20, masks: masks);
        using (tool)
        using (complaint)
        {
            tool.Write("pw: correct-h"u8);
            // The pause lets three bytes go, and no more.
            await Until(() => Text(RecordingStream.Output) == "pw: cor");
            tool.Write("orse-battery, "u8);
            await Until(() => Text(RecordingStream.Output) == "pw: cor[secret door], ");
            tool.Write("c"u8);
            await Until(() => Text(RecordingStream.Output).EndsWith(", c", StringComparison.Ordinal));
            tool.Write("orrect-horse-batter"u8);
            await Until(() => Text(RecordingStream.Output).EndsWith(", cor", StringComparison.Ordinal));
            complaint.Write("bad: correct-horse-battery\n"u8);
        }

        recorder.Finish(null, TimeSpan.FromMinutes(1)).ShouldBeTrue();
        recorder.Failure.ShouldBeNull();
        Text(RecordingStream.Output).ShouldBe("pw: cor[secret door], cor[secret door]");
        Text(RecordingStream.Error).ShouldBe("bad: [secret door]\n");
        recorder.FirstError.ShouldBe("bad: [secret door]");
        File.ReadAllBytes(Recording).AsSpan().IndexOf("horse"u8).ShouldBe(-1);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Text(RecordingStream stream)
    {
        var reader = new RecordingReader();
        using var file = new FileStream(Recording, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        reader.Append(bytes);
        var text = new StringBuilder();
        while (reader.TryRead(out var frame))
        {
            if (frame.Stream == stream)
                text.Append(Encoding.UTF8.GetString(frame.Bytes.Span));
        }

        return text.ToString();
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }
}
