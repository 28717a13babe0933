namespace Writ.Contracts.Audit;

/// <summary>The transparency log of a server.</summary>
/// <param name="Origin">Its name in checkpoints.</param>
/// <param name="Keys">Its public keys, as <c>name+0123abcd+base64</c>; the newest first.</param>
/// <param name="Checkpoint">The newest signed checkpoint.</param>
/// <param name="Quorum">How many of the witnesses must cosign; 0 where there are none.</param>
/// <param name="Witnesses">The witnesses that this server asks.</param>
public sealed record LogView(string Origin, IReadOnlyList<string> Keys, string Checkpoint, int Quorum, IReadOnlyList<LogWitnessView> Witnesses);

/// <summary>A witness of the log.</summary>
/// <param name="Key">Its public key.</param>
/// <param name="Size">The newest size that it cosigned, as this server knows.</param>
/// <param name="Trouble">Why it does not go on, or null.</param>
public sealed record LogWitnessView(string Key, long Size, string? Trouble);

/// <summary>That the log begins with all entries that it had at a size (RFC 6962, section 2.1.2).</summary>
/// <param name="From">The size.</param>
/// <param name="Proof">The hashes, base64; none for a size of 0 and for the present size.</param>
/// <param name="Checkpoint">The newest signed checkpoint, to which the proof leads.</param>
/// <param name="Keys">The log's public keys, the newest first.</param>
public sealed record ConsistencyView(long From, IReadOnlyList<string> Proof, string Checkpoint, IReadOnlyList<string> Keys);

/// <summary>An entry as the bytes that are hashed.</summary>
/// <param name="Position">Its position.</param>
/// <param name="Time">The time that the database keeps beside it.</param>
/// <param name="Type">The type that the database keeps beside it.</param>
/// <param name="Correlation">The request that the database keeps beside it, or null.</param>
/// <param name="Bytes">Base64 in JSON.</param>
public sealed record LogEntryView(long Position, DateTimeOffset Time, string Type, string? Correlation, byte[] Bytes);

/// <summary>A head that was signed.</summary>
/// <param name="SignedAt">When.</param>
/// <param name="Checkpoint">The signed checkpoint.</param>
public sealed record LogHeadView(DateTimeOffset SignedAt, string Checkpoint);
