using Writ.Proof.Recordings;

namespace Writ.Tests.Cli.Runs;

/// <summary>A recording made by hand.</summary>
internal sealed class FakeRecording
{
    private readonly List<byte> _bytes = [.. RecordingFormat.Magic];
    private readonly long[] _offsets = new long[6];

    public byte[] Bytes => [.. _bytes];

    public FakeRecording Add(RecordingStream stream, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[RecordingFormat.HeadSize];
        RecordingFormat.WriteHead(head, stream, _offsets[(int)stream], 1_000_000, bytes.Length);
        _bytes.AddRange(head);
        _bytes.AddRange(bytes);
        _offsets[(int)stream] += bytes.Length;
        return this;
    }

    public static byte[] Of(string output) => new FakeRecording().Add(RecordingStream.Output, System.Text.Encoding.UTF8.GetBytes(output)).Bytes;
}
