using System.Security.Cryptography;
using System.Text;
using Writ.Proof.Log;
using Writ.Server.Audit;

namespace Writ.Server.Witness;

/// <summary>
/// What a witness has seen of each log that it watches, and the rule that it follows (c2sp.org/tlog-witness): it cosigns a
/// checkpoint only when it begins with everything that it cosigned before. What it cosigns is on its disk first.
/// </summary>
internal sealed class WitnessBook(string folder, NoteSigner signer, IReadOnlyList<NoteKey> logs, TimeProvider time) : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>The answer to a call: a status of HTTP, its body, and the type of that.</summary>
    internal sealed record Reply(int Status, string Body, string Type = "text/plain; charset=utf-8");

    /// <summary>Answers <c>add-checkpoint</c>.</summary>
    public async Task<Reply> Add(string body, CancellationToken cancel)
    {
        var read = WitnessRequest.Parse(body);
        if (!read.IsOk)
            return new(StatusCodes.Status400BadRequest, read.Refusal.Message + "\n");
        var request = read.Value;
        var note = SignedNote.Parse(request.Note);
        var claimed = note.IsOk ? Checkpoint.Parse(note.Value.Text) : note.Refusal;
        if (!claimed.IsOk)
            return new(StatusCodes.Status400BadRequest, claimed.Refusal.Message + "\n");
        var keys = logs.Where(key => key.Name == claimed.Value.Origin).ToArray();
        if (keys.Length == 0)
            return new(StatusCodes.Status404NotFound, "this log is not watched here\n");
        var opened = Checkpoint.Open(request.Note, keys);
        if (!opened.IsOk)
            return new(StatusCodes.Status403Forbidden, opened.Refusal.Message + "\n");
        var head = opened.Value.Head;
        if (request.OldSize > head.Size)
            return new(StatusCodes.Status400BadRequest, "the old size is larger than the new one\n");

        await _one.WaitAsync(cancel);
        try
        {
            var seen = Seen(head.Origin);
            if (request.OldSize != seen.Size || (head.Size == seen.Size && head.Root != seen.Root))
                return new(StatusCodes.Status409Conflict, $"{seen.Size}\n", "text/x.tlog.size");
            var follows = seen.Size == 0 ? request.Proof.Count == 0 : MerkleProof.IsConsistent(seen.Size, head.Size, seen.Root, head.Root, request.Proof);
            if (!follows)
                return new(StatusCodes.Status422UnprocessableEntity, $"the log does not begin with the {seen.Size} entries that were cosigned\n");
            if (head.Size > seen.Size)
                DurableFile.Replace(PathOf(head.Origin), head.Text, Private);
        }
        finally
        {
            _one.Release();
        }

        return new(StatusCodes.Status200OK, signer.Sign(head.Text, time.GetUtcNow()).ToString());
    }

    public void Dispose() => _one.Dispose();

    private Checkpoint Seen(string origin)
    {
        var path = PathOf(origin);
        if (!File.Exists(path))
            return new(origin, 0, LogHash.Empty);
        var seen = Checkpoint.Parse(File.ReadAllText(path));
        return seen.IsOk && seen.Value.Origin == origin ? seen.Value : throw new InvalidDataException($"{path} is damaged");
    }

    private string PathOf(string origin) => Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)).AsSpan(0, 12))}.seen");
}
