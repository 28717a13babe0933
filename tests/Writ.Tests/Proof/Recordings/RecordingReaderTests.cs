using CsCheck;
using Writ.Proof.Recordings;

namespace Writ.Tests.Proof.Recordings;

public sealed class RecordingReaderTests
{
    private sealed record Part(RecordingStream Stream, byte[] Bytes);

    private static readonly Gen<Part> GenPart = Gen.Select(
        Gen.Int[1, 5].Select(stream => (RecordingStream)stream), Gen.Byte.Array[0, 3000], (stream, bytes) => new Part(stream, bytes));

    private static byte[] Write(IEnumerable<Part> parts)
    {
        using var file = new MemoryStream();
        file.Write(RecordingFormat.Magic);
        var offsets = new long[6];
        var head = new byte[RecordingFormat.HeadSize];
        foreach (var part in parts)
        {
            RecordingFormat.WriteHead(head, part.Stream, offsets[(int)part.Stream], 1_000_000 + file.Length, part.Bytes.Length);
            offsets[(int)part.Stream] += part.Bytes.Length;
            file.Write(head);
            file.Write(part.Bytes);
        }

        return file.ToArray();
    }

    [Fact]
    public void TryRead_pieces_of_any_size_gives_the_frames_that_were_written() =>
        Gen.Select(GenPart.Array[0, 40], Gen.Int[1, 5000].Array[1, 50]).Sample((parts, sizes) =>
        {
            var bytes = Write(parts);
            var reader = new RecordingReader();
            var read = new List<(RecordingStream Stream, long Offset, byte[] Bytes)>();
            for (int at = 0, turn = 0; at < bytes.Length; turn++)
            {
                var length = Math.Min(sizes[turn % sizes.Length], bytes.Length - at);
                reader.Append(bytes.AsSpan(at, length));
                at += length;
                while (reader.TryRead(out var frame))
                    read.Add((frame.Stream, frame.Offset, frame.Bytes.ToArray()));
            }

            read.Count.ShouldBe(parts.Length);
            var offsets = new long[6];
            for (var i = 0; i < parts.Length; i++)
            {
                read[i].Stream.ShouldBe(parts[i].Stream);
                read[i].Offset.ShouldBe(offsets[(int)parts[i].Stream]);
                read[i].Bytes.AsSpan().SequenceEqual(parts[i].Bytes).ShouldBeTrue();
                offsets[(int)parts[i].Stream] += parts[i].Bytes.Length;
            }
        });

    [Fact]
    public void TryRead_cut_frame_waits()
    {
        var bytes = Write([new(RecordingStream.Output, [1, 2, 3])]);
        var reader = new RecordingReader();
        reader.Append(bytes.AsSpan(0, bytes.Length - 1));
        reader.TryRead(out _).ShouldBeFalse();
        reader.Append(bytes.AsSpan(bytes.Length - 1));
        reader.TryRead(out var frame).ShouldBeTrue();
        frame.Bytes.ToArray().ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void TryRead_version_1_is_read_and_knows_no_status_lines()
    {
        var bytes = Write([new(RecordingStream.Output, [1, 2, 3]), new(RecordingStream.Status, [4])]);
        RecordingFormat.MagicOfVersion1.CopyTo(bytes);
        var reader = new RecordingReader();
        reader.Append(bytes);
        reader.TryRead(out var frame).ShouldBeTrue();
        frame.Bytes.ToArray().ShouldBe([1, 2, 3]);
        Should.Throw<InvalidDataException>(() => reader.TryRead(out _));
    }

    [Fact]
    public void TryRead_other_bytes_throws()
    {
        var reader = new RecordingReader();
        reader.Append(new byte[100]);
        Should.Throw<InvalidDataException>(() => reader.TryRead(out _));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(6, 10)]
    [InlineData(1, -1)]
    [InlineData(1, RecordingFormat.MaxFrameBytes + 1)]
    public void TryRead_malformed_frame_throws(byte stream, int length)
    {
        var bytes = new byte[RecordingFormat.Magic.Length + RecordingFormat.HeadSize];
        RecordingFormat.Magic.CopyTo(bytes);
        RecordingFormat.WriteHead(bytes.AsSpan(RecordingFormat.Magic.Length), (RecordingStream)stream, 0, 0, length);
        var reader = new RecordingReader();
        reader.Append(bytes);
        Should.Throw<InvalidDataException>(() => reader.TryRead(out _));
    }
}
