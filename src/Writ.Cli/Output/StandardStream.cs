using System.Runtime.InteropServices;

namespace Writ.Cli.Output;

/// <summary>Standard output takes nothing any more.</summary>
/// <param name="why">What is wrong, or null where simply nobody reads: the pipe's other end, or the terminal, is gone.</param>
internal sealed class OutputClosedException(string? why = null) : IOException(why)
{
    /// <summary>What is wrong, or null where nobody reads.</summary>
    public string? Why { get; } = why;
}

/// <summary>
/// Standard output or standard error, unbuffered and byte-exact. The console's own stream hides a closed pipe, and a file
/// stream keeps a position of its own, which overwrites what others append to the same file.
/// </summary>
internal sealed class StandardStream(int descriptor) : Stream
{
    private readonly bool _open = Native.IsInherited(descriptor);

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="OutputClosedException">Nobody reads any more, or nothing can be written.</exception>
    public override void Write(ReadOnlySpan<byte> bytes)
    {
        if (!_open)
            throw new OutputClosedException();
        while (!bytes.IsEmpty)
        {
            var written = Native.Write(descriptor, bytes, bytes.Length);
            if (written >= 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Native.Interrupted:
                    break;
                case Native.TryAgain:
                    Native.WaitWritable(descriptor);
                    break;
                case Native.BrokenPipe or Native.BadDescriptor or Native.IoError:
                    throw new OutputClosedException();
                case var error:
                    throw new OutputClosedException($"standard output: {Marshal.GetPInvokeErrorMessage(error).ToLowerInvariant()}");
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
