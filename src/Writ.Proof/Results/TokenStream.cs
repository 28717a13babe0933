using System.Xml;

namespace Writ.Proof.Results;

/// <summary>Bytes of which a reader may take so many for one token: what a document holds in one piece is what a reader must hold in memory.</summary>
public abstract class TokenStream : Stream
{
    /// <summary>The most bytes between two tokens.</summary>
    public const int MostTokenBytes = 4 << 20;

    /// <summary>The most levels of elements in one another.</summary>
    public const int MostDepth = 64;

    private long _taken;

    /// <summary>Waits for bytes and takes some; 0 at the end.</summary>
    protected abstract int Take(Span<byte> buffer);

    /// <summary>The nodes of an XML document, one after the other: nothing that it defines is heeded, and nothing else is opened for it.</summary>
    /// <exception cref="XmlException">It is no XML, or ends too early.</exception>
    /// <exception cref="InvalidDataException">Something in it is larger, or lies deeper, than anybody needs.</exception>
    public IEnumerable<XmlReader> XmlNodes()
    {
        using var reader = XmlReader.Create(this, new()
        {
            DtdProcessing = DtdProcessing.Ignore,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            IgnoreWhitespace = true,
        });
        while (reader.Read())
        {
            _taken = 0;
            if (reader.Depth > MostDepth)
                throw new InvalidDataException("its elements lie too deep in one another");
            yield return reader;
        }
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_taken > MostTokenBytes)
            throw new InvalidDataException("something in it is larger than 4 MiB");
        var length = Take(buffer);
        _taken += length;
        return length;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override bool CanRead => true;
    /// <inheritdoc/>
    public override bool CanSeek => false;
    /// <inheritdoc/>
    public override bool CanWrite => false;
    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();
    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    /// <inheritdoc/>
    public override void Flush() { }
    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
