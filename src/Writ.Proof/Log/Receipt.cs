using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Writ.Proof.Errors;
using Writ.Proof.Orders;

namespace Writ.Proof.Log;

/// <summary>An entry of a receipt with its proof.</summary>
/// <param name="Index">Its position in the log.</param>
/// <param name="Entry">Its bytes.</param>
/// <param name="Proof">The inclusion proof, base64 hashes from the leaf's sibling to the root's child.</param>
public sealed record ReceiptEntry(long Index, byte[] Entry, IReadOnlyList<string> Proof);

/// <summary>More time that was decided for the run, by a request of its own.</summary>
/// <param name="Request">The request by which it was asked.</param>
/// <param name="Statement">The bytes of the statement that was decided.</param>
/// <param name="Entries">The request's story, in the log's order.</param>
/// <param name="Order">The order of it, signed; null where it never got that far, since the run ended or policy changed.</param>
public sealed record ReceiptExtension(string Request, byte[] Statement, IReadOnlyList<ReceiptEntry> Entries, SignedBytes? Order = null);

/// <summary>
/// One run's story in one file, which holds without any server: every entry of it with its proof, the order that was signed,
/// and the checkpoint that all of it leads to. The file is the line <c>writ-receipt/v4</c> and one JSON object; version 1 had no runner's
/// key, version 2 no approvers' keys, version 3 no decisions on more time; what has none is of those versions still.
/// </summary>
/// <param name="Run">The run.</param>
/// <param name="Request">The request that it follows from.</param>
/// <param name="Order">The bytes of the signed order, with the statement in it.</param>
/// <param name="OrderSignature">64 bytes of Ed25519 over them.</param>
/// <param name="OrderKeyId">The number of the key that signed them.</param>
/// <param name="Entries">The story, in the log's order.</param>
/// <param name="Checkpoint">The signed checkpoint, with the cosignatures that it has.</param>
/// <param name="RunnerKey">The entry that has the key with which the runner signed how the run ended; null where it signed nothing.</param>
/// <param name="ApproverKeys">The entries that have the keys of the passkeys with which something of it was approved; null where none was used.</param>
/// <param name="Extensions">The decisions on more time for the run, in the log's order; null where none was given.</param>
public sealed record Receipt(
    string Run, string Request, byte[] Order, byte[] OrderSignature, string OrderKeyId, IReadOnlyList<ReceiptEntry> Entries, string Checkpoint,
    ReceiptEntry? RunnerKey = null, IReadOnlyList<ReceiptEntry>? ApproverKeys = null, IReadOnlyList<ReceiptExtension>? Extensions = null)
{
    /// <summary>The file's first line.</summary>
    public const string Domain = "writ-receipt/v4\n";

    private static readonly string[] Domains = ["writ-receipt/v1\n", "writ-receipt/v2\n", "writ-receipt/v3\n", Domain];

    // The version whose members these are.
    private int Version => Extensions is not null ? 4 : ApproverKeys is not null ? 3 : RunnerKey is not null ? 2 : 1;

    // The members of lists may be null where JSON says so.
    private bool IsWhole => (Extensions ?? []).All(extension => extension is not null)
        && Story.Concat(ApproverKeys ?? []).Concat(RunnerKey is null ? [] : [RunnerKey]).All(entry => entry is not null && entry.Proof.All(hash => hash is not null));

    /// <summary>Every entry that tells something of the run: its own, and those of each request of more time.</summary>
    [JsonIgnore]
    public IEnumerable<ReceiptEntry> Story => Entries.Concat((Extensions ?? []).SelectMany(extension => extension.Entries));

    /// <summary>The file.</summary>
    public byte[] ToBytes() => [.. Encoding.ASCII.GetBytes(Domains[Version - 1]), .. JsonSerializer.SerializeToUtf8Bytes(this, ReceiptJson.Default.Receipt), (byte)'\n'];

    /// <summary>True for a file that begins like a receipt.</summary>
    public static bool IsOne(ReadOnlySpan<byte> file) => VersionOf(file) > 0;

    private static int VersionOf(ReadOnlySpan<byte> file)
    {
        var version = Domains.Length;
        while (version > 0 && !file.StartsWith(Encoding.ASCII.GetBytes(Domains[version - 1])))
            version--;
        return version;
    }

    /// <summary>Reads a file; nothing is checked by it but its form. Unknown, missing and duplicate members are refused.</summary>
    public static Result<Receipt> Read(ReadOnlySpan<byte> file)
    {
        if (!IsOne(file))
            return new Refusal(ErrorCode.InvalidInput, "this is no receipt");
        try
        {
            if (JsonSerializer.Deserialize(file[Domain.Length..], ReceiptJson.Default.Receipt) is not { } receipt)
                return new Refusal(ErrorCode.InvalidInput, "the receipt is empty");
            if (!receipt.IsWhole)
                return new Refusal(ErrorCode.InvalidInput, "the receipt has an entry that is none");
            return receipt.Version == VersionOf(file) ? receipt : new Refusal(ErrorCode.InvalidInput, "the receipt's members are not those of its version");
        }
        catch (JsonException wrong)
        {
            return new Refusal(ErrorCode.InvalidInput, $"the receipt is damaged at {wrong.Path ?? "$"}");
        }
    }

    /// <summary>An entry's proof as a file of its own, for tools that are not Writ's.</summary>
    public Result<LogProof> ProofOf(ReceiptEntry entry)
    {
        var hashes = new List<LogHash>();
        foreach (var text in entry.Proof)
        {
            if (!LogHash.TryParse(text, out var hash))
                return new Refusal(ErrorCode.InvalidInput, $"the proof of entry {entry.Index} is damaged");
            hashes.Add(hash);
        }

        return new LogProof(entry.Index, hashes, Checkpoint, entry.Entry);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Receipt))]
internal sealed partial class ReceiptJson : JsonSerializerContext;
