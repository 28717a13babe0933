using System.Security.Cryptography;
using Writ.Contracts.Runs;

namespace Writ.Cli.Runs;

/// <summary>The digest of a whole recording as it came, to be held against the one that the run's end has in the log.</summary>
internal sealed class RecordingDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>How many bytes came so far.</summary>
    public long Bytes { get; private set; }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        Bytes += bytes.Length;
    }

    /// <summary>Nothing is held of a run that is not over, or of which nobody could say what it recorded.</summary>
    /// <exception cref="Stop">It is not what was recorded.</exception>
    public void Hold(RunView run)
    {
        if (run is not { EndedAt: not null, RecordingSha256: { } recorded })
            return;
        var digest = Convert.ToHexStringLower(_hash.GetCurrentHash());
        if (digest != recorded)
            throw new Stop(ExitCode.Failed, $"what came is not what {run.Id} recorded: {Bytes} bytes with the sha256 {digest} instead of {run.RecordingBytes} with {recorded}", Hint(run));
    }

    /// <summary>What to do about one that is not what was recorded.</summary>
    public static string Hint(RunView run) => $"the server's store was changed or damaged; the audit log has the digest: writ receipt {run.Id}";

    public void Dispose() => _hash.Dispose();
}
