using System.Globalization;
using System.Text;
using Writ.Proof.Errors;

namespace Writ.Proof.Log;

/// <summary>
/// What a log sends to a witness (c2sp.org/tlog-witness, <c>add-checkpoint</c>): the size that the witness knows, the proof
/// from there, and the new checkpoint. A witness never sees an entry.
/// </summary>
/// <param name="OldSize">The size that the witness saw last; 0 for the first time.</param>
/// <param name="Proof">The consistency proof, at most 63 hashes.</param>
/// <param name="Note">The signed checkpoint.</param>
public sealed record WitnessRequest(long OldSize, IReadOnlyList<LogHash> Proof, string Note)
{
    private const int MostHashes = 63;

    /// <summary>The body of the call.</summary>
    public override string ToString()
    {
        var body = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"old {OldSize}\n"));
        foreach (var hash in Proof)
            body.Append(hash).Append('\n');
        return body.Append('\n').Append(Note).ToString();
    }

    /// <summary>Reads a body; nothing is checked by it but its form.</summary>
    public static Result<WitnessRequest> Parse(string body)
    {
        var end = body.IndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0 || !body.StartsWith("old ", StringComparison.Ordinal))
            return new Refusal(ErrorCode.InvalidInput, "the body is no add-checkpoint request");
        var lines = body[..end].Split('\n');
        if (!long.TryParse(lines[0].AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var old) || old.ToString(CultureInfo.InvariantCulture) != lines[0][4..])
            return new Refusal(ErrorCode.InvalidInput, "the first line has no size");
        var proof = new List<LogHash>();
        foreach (var line in lines[1..])
        {
            if (proof.Count == MostHashes || !LogHash.TryParse(line, out var hash))
                return new Refusal(ErrorCode.InvalidInput, $"line {proof.Count + 2} is no hash, or one too many");
            proof.Add(hash);
        }

        return new WitnessRequest(old, proof, body[(end + 2)..]);
    }
}
