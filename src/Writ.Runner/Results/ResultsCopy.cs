using System.Security.Cryptography;
using Writ.Proof.Statements;
using Writ.Runner.Runs;

namespace Writ.Runner.Results;

/// <summary>
/// The bytes of a tool's results as the tool wrote them, hashed as they come. They hold nothing up: past a limit, or where the
/// disk is full, no more is kept, and the end says that they are cut.
/// </summary>
internal sealed class ResultsCopy(string path, long most) : IDisposable
{
    /// <summary>What a server takes of one file.</summary>
    public const long MostBytes = 64L << 20;

    private readonly Lock _lock = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private FileStream? _file;
    private long _size;
    private bool _cut;
    private bool _sealed;

    /// <summary>Keeps bytes, in order.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_sealed || _cut || bytes.IsEmpty)
                return;
            var kept = bytes[..(int)Math.Min(bytes.Length, most - _size)];
            _cut = kept.Length < bytes.Length;
            try
            {
                _file ??= File.Open(path, new FileStreamOptions
                {
                    Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
                _file.Write(kept);
            }
            catch (IOException)
            {
                // What a part of a write left behind lies past the size that the end tells.
                _cut = true;
                return;
            }

            _hash.AppendData(kept);
            _size += kept.Length;
        }
    }

    /// <summary>Takes no more, makes durable what is there, and tells of it; null where nothing came.</summary>
    /// <param name="cut">Whether its end may be missing for another reason.</param>
    public OutputRecord? Seal(bool cut)
    {
        lock (_lock)
        {
            _sealed = true;
            if (_file is null || _size == 0)
                return null;
            try
            {
                _file.SetLength(_size);
                _file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                // The run's end is worth more than its results: they are handed back as long as they can be read.
            }

            return new(SandboxTerms.Live, _size, Convert.ToHexStringLower(_hash.GetHashAndReset()), cut || _cut);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _sealed = true;
            _file?.Dispose();
            _hash.Dispose();
        }
    }
}
