using System.Buffers.Binary;

namespace Writ.Proof.Recordings;

/// <summary>Which stream a frame belongs to.</summary>
public enum RecordingStream : byte
{
    /// <summary>No stream: such a frame is malformed.</summary>
    None = 0,
    /// <summary>The tool's standard output.</summary>
    Output = 1,
    /// <summary>The tool's standard error.</summary>
    Error = 2,
    /// <summary>A marker: one line of UTF-8 text that tells what happened, for example that output was cut.</summary>
    Marker = 3,
    /// <summary>A terminal's new size: columns and rows as two big-endian 16-bit numbers.</summary>
    Resize = 4,
    /// <summary>
    /// Lines that the tool wrote to its standard output only because the live view asked how far it is; whoever shows a
    /// recording passes over them. Only in version 2.
    /// </summary>
    Status = 5,
}

/// <summary>One frame.</summary>
/// <param name="Stream">Which stream.</param>
/// <param name="Offset">Where its bytes begin in that stream, from 0.</param>
/// <param name="Time">When they were read, in Unix microseconds.</param>
/// <param name="Bytes">The bytes; valid until the next call of the reader.</param>
public readonly record struct RecordingFrame(RecordingStream Stream, long Offset, long Time, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// The bytes of a recording: the line <c>writ-recording/v2</c>, then frames (<c>v1</c> where there is no stream of status lines). A frame is 1 byte stream, 8 bytes offset in
/// the stream, 8 bytes time in Unix microseconds, 4 bytes length (numbers big-endian), and the bytes. Append-only, so a
/// crash leaves whole frames and at most one cut one.
/// </summary>
public static class RecordingFormat
{
    /// <summary>The size of a frame's head in bytes.</summary>
    public const int HeadSize = 21;

    /// <summary>The most bytes in one frame.</summary>
    public const int MaxFrameBytes = 1 << 20;

    /// <summary>What a recording begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "writ-recording/v2\n"u8;

    /// <summary>What a recording without <see cref="RecordingStream.Status"/> may begin with.</summary>
    public static ReadOnlySpan<byte> MagicOfVersion1 => "writ-recording/v1\n"u8;

    /// <summary>Writes a frame's head.</summary>
    public static void WriteHead(Span<byte> head, RecordingStream stream, long offset, long time, int length)
    {
        head[0] = (byte)stream;
        BinaryPrimitives.WriteInt64BigEndian(head[1..], offset);
        BinaryPrimitives.WriteInt64BigEndian(head[9..], time);
        BinaryPrimitives.WriteInt32BigEndian(head[17..], length);
    }
}

/// <summary>Reads a recording from pieces of any size. Not thread-safe.</summary>
public sealed class RecordingReader
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _magicSeen;
    private RecordingStream _last;

    /// <summary>Adds the next bytes of the recording.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _end < bytes.Length)
        {
            var held = _end - _start;
            var target = _buffer.Length - held >= bytes.Length ? _buffer : new byte[Math.Max(_buffer.Length * 2, held + bytes.Length)];
            Buffer.BlockCopy(_buffer, _start, target, 0, held);
            (_buffer, _start, _end) = (target, 0, held);
        }

        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>The next whole frame, if there is one; its bytes are valid until the next call of <see cref="Append"/>.</summary>
    /// <exception cref="InvalidDataException">The bytes are no recording.</exception>
    public bool TryRead(out RecordingFrame frame)
    {
        frame = default;
        var bytes = _buffer.AsSpan(_start, _end - _start);
        if (!_magicSeen)
        {
            var magic = RecordingFormat.Magic;
            if (bytes.Length < magic.Length)
                return false;
            if (!bytes.StartsWith(magic) && !bytes.StartsWith(RecordingFormat.MagicOfVersion1))
                throw new InvalidDataException("the bytes are no recording");
            _last = bytes.StartsWith(magic) ? RecordingStream.Status : RecordingStream.Resize;
            _magicSeen = true;
            _start += magic.Length;
            bytes = bytes[magic.Length..];
        }

        if (bytes.Length < RecordingFormat.HeadSize)
            return false;
        var stream = (RecordingStream)bytes[0];
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[17..]);
        if (stream == RecordingStream.None || stream > _last || length is < 0 or > RecordingFormat.MaxFrameBytes)
            throw new InvalidDataException("a frame of the recording is malformed");
        if (bytes.Length < RecordingFormat.HeadSize + length)
            return false;
        frame = new(stream, BinaryPrimitives.ReadInt64BigEndian(bytes[1..]), BinaryPrimitives.ReadInt64BigEndian(bytes[9..]),
            _buffer.AsMemory(_start + RecordingFormat.HeadSize, length));
        _start += RecordingFormat.HeadSize + length;
        return true;
    }
}
