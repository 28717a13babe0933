namespace Writ.Server.WebConsole.Audit;

/// <summary>What a browser came to when it checked a proof. It is the browser's word to its own viewer, and counts nowhere else.</summary>
/// <param name="Ok">Whether all of it holds.</param>
/// <param name="Why">What does not.</param>
/// <param name="Size">How many entries the checkpoint covers.</param>
/// <param name="Key">The log's key that signed it.</param>
/// <param name="Leaf">The entry's hash.</param>
/// <param name="Root">The root that the path leads to.</param>
/// <param name="Path">The hashes from the leaf's sibling to the root's child.</param>
/// <param name="Cosigners">Witnesses whose cosignature holds.</param>
/// <param name="Witnesses">Witnesses that the server asks.</param>
/// <param name="KnownSince">Since when this browser knows the log.</param>
/// <param name="KnownSize">How much of it the browser had seen before.</param>
public sealed record ProofResult(
    bool Ok, string? Why = null, long Size = 0, string? Origin = null, string? Key = null, string? Leaf = null, string? Root = null, IReadOnlyList<string>? Path = null,
    int Cosigners = 0, int Witnesses = 0, DateTimeOffset? KnownSince = null, long? KnownSize = null);
