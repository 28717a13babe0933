using System.Globalization;
using Writ.Proof.Errors;
using Writ.Proof.Log;

namespace Writ.Server.Audit;

/// <summary>A witness of this log.</summary>
/// <param name="Url">What <c>/add-checkpoint</c> is appended to: https, http on loopback, or unix:///path.</param>
/// <param name="Key">Its public key.</param>
internal sealed record LogWitness(string Url, NoteKey Key);

/// <summary>
/// The witnesses of this log, as a file lists them: a line <c>quorum N</c>, then a line for each, its URL and its public key.
/// Empty lines and those that begin with # say nothing.
/// </summary>
/// <param name="Quorum">How many must cosign before a checkpoint counts as witnessed.</param>
/// <param name="Witnesses">Any number.</param>
internal sealed record WitnessList(int Quorum, IReadOnlyList<LogWitness> Witnesses)
{
    public static WitnessList None { get; } = new(0, []);

    public static Result<WitnessList> Parse(string path, string text)
    {
        var quorum = 0;
        var witnesses = new List<LogWitness>();
        foreach (var (at, line) in text.Split('\n').Index().Where(line => line.Item.Trim() is { Length: > 0 } said && said[0] != '#'))
        {
            var parts = line.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length != 2)
                return Bad(at, "it has not two words", "quorum 2, or https://witness.example.com witness.example.com+0123abcd+BA…");
            if (parts[0] == "quorum")
            {
                if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out quorum) || quorum < 1)
                    return Bad(at, "quorum takes a number from 1", null);
                continue;
            }

            if (!IsUrl(parts[0]))
                return Bad(at, $"'{parts[0]}' is no address of a witness", "https://…, http:// on this machine, or unix:///path");
            var key = NoteKey.Parse(parts[1]);
            if (!key.IsOk)
                return Bad(at, key.Refusal.Message, key.Refusal.Hint);
            if (key.Value.Kind != NoteKeyKind.Cosignature)
                return Bad(at, $"the key {key.Value.Name} is a log's, not a witness's", null);
            witnesses.Add(new(parts[0], key.Value));
        }

        if (witnesses.Select(witness => witness.Key).Distinct().Count() != witnesses.Count)
            return new Refusal(ErrorCode.InvalidInput, $"{path}: a witness stands in it twice");
        return quorum < 1 || quorum > witnesses.Count
            ? new Refusal(ErrorCode.InvalidInput, $"{path}: a quorum of {quorum} among {witnesses.Count} witnesses", "quorum N says how many of them must cosign")
            : new WitnessList(quorum, witnesses);

        Refusal Bad(int at, string what, string? hint) => new(ErrorCode.InvalidInput, $"{path}:{at + 1}: {what}", hint);
    }

    private static bool IsUrl(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Query == "" && uri.Fragment == ""
        && (uri.Scheme == "https" || (uri.Scheme == "http" && uri.IsLoopback) || (uri.Scheme == "unix" && uri.LocalPath.Length > 1));
}
