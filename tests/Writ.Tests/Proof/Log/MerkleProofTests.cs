using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using Writ.Proof.Log;

namespace Writ.Tests.Proof.Log;

public sealed class MerkleProofTests
{
    [Fact]
    public void IsIncluded_every_published_case_is_judged_as_published()
    {
        var cases = Vectors.Merkle.GetProperty("inclusion").EnumerateArray().ToArray();
        cases.Length.ShouldBe(283);
        foreach (var item in cases)
            Judge(item, proof => MerkleProof.IsIncluded(Number(item, "index"), Number(item, "size"), Hash(item, "leaf"), proof, Hash(item, "root")));
    }

    [Fact]
    public void IsConsistent_every_published_case_is_judged_as_published()
    {
        var cases = Vectors.Merkle.GetProperty("consistency").EnumerateArray().ToArray();
        cases.Length.ShouldBe(189);
        foreach (var item in cases)
        {
            Judge(item, proof => MerkleProof.IsConsistent(Number(item, "old"), Number(item, "new"), Hash(item, "old_root"), Hash(item, "new_root"), proof));
        }
    }

    [Fact]
    public async Task Proofs_of_every_size_hold_and_of_no_other_entry_or_tree()
    {
        const int size = 70;
        var leaves = Enumerable.Range(0, size).Select(i => LogHash.OfLeaf([(byte)i])).ToArray();
        var tree = Trees.Of(leaves);
        var roots = Enumerable.Range(0, size + 1).Select(at => Trees.Root(leaves.AsSpan(0, at))).ToArray();
        for (var at = 1; at <= size; at++)
        {
            (await tree.Root(at)).ShouldBe(roots[at]);
            for (var index = 0; index < at; index++)
            {
                var proof = await tree.Inclusion(index, at);
                MerkleProof.IsIncluded(index, at, leaves[index], proof, roots[at]).ShouldBeTrue();
                MerkleProof.IsIncluded(index, at, leaves[(index + 1) % size], proof, roots[at]).ShouldBeFalse();
                MerkleProof.IsIncluded(index ^ 1, at, leaves[index], proof, roots[at]).ShouldBe(false);
            }

            for (var older = 1; older <= at; older++)
            {
                var proof = await tree.Consistency(older, at);
                MerkleProof.IsConsistent(older, at, roots[older], roots[at], proof).ShouldBeTrue($"{older} to {at}");
                MerkleProof.IsConsistent(older, at, roots[(older + 1) % size], roots[at], proof).ShouldBeFalse();
            }
        }
    }

    [Fact]
    public async Task Proofs_over_several_levels_of_tiles_hold()
    {
        const int size = 70_000;
        var leaves = Enumerable.Range(0, size).Select(i => LogHash.OfLeaf(BitConverter.GetBytes(i))).ToArray();
        var tree = Trees.Of(leaves);
        var root = Trees.Root(leaves);
        (await tree.Root(size)).ShouldBe(root);
        foreach (var index in new[] { 0, 255, 256, 65_535, 65_536, 69_632, 69_999 })
            MerkleProof.IsIncluded(index, size, leaves[index], await tree.Inclusion(index, size), root).ShouldBeTrue();
        foreach (var older in new[] { 1, 255, 256, 257, 65_536, 65_537, 69_999 })
            MerkleProof.IsConsistent(older, size, Trees.Root(leaves.AsSpan(0, older)), root, await tree.Consistency(older, size)).ShouldBeTrue();
    }

    [Fact]
    public void Any_proof_of_any_size_never_throws() =>
        Gen.Select(Gen.Long, Gen.Long, Gen.Byte.Array[32, 32].Select(bytes => new LogHash(bytes)).Array[0, 70], Gen.Bool).Sample((a, b, proof, chain) =>
        {
            var hash = proof.Length > 0 ? proof[0] : LogHash.Empty;
            MerkleProof.IsIncluded(a, b, hash, proof, hash).ShouldBe(a == 0 && b == 1 && proof.Length == 0);
            _ = MerkleProof.IsConsistent(chain ? a : b, b, hash, hash, proof);
        }, iter: 2_000);

    private static void Judge(JsonElement item, Func<IReadOnlyList<LogHash>, bool> holds)
    {
        var proof = item.GetProperty("proof").Texts().Select(text => LogHash.TryParse(text, out var hash) ? hash : (LogHash?)null).ToArray();
        // What is no hash cannot even be written as a proof here.
        (proof.All(hash => hash is not null) && holds([.. proof.Select(hash => hash!.Value)])).ShouldBe(item.GetProperty("valid").GetBoolean(), item.GetProperty("case").GetString());
    }

    /// <summary>Sizes of others are unsigned; those beyond ours are as wrong as negative ones.</summary>
    private static long Number(JsonElement item, string name) => item.GetProperty(name).TryGetInt64(out var number) ? number : -1;

    /// <summary>Some cases have words in place of roots and leaves; their hashes stand for them, equal where they are. Nothing is equal to nothing.</summary>
    private static LogHash Hash(JsonElement item, string name)
    {
        var bytes = item.GetProperty(name).GetBytesFromBase64();
        return new(bytes.Length == LogHash.Bytes ? bytes : SHA256.HashData([.. Encoding.UTF8.GetBytes(bytes.Length == 0 ? name : "word "), .. bytes]));
    }
}
