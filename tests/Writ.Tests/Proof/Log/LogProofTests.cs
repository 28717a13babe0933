using System.Text;
using Writ.Proof.Errors;
using Writ.Proof.Log;

namespace Writ.Tests.Proof.Log;

public sealed class LogProofTests
{
    private static readonly NoteKey Key = Vectors.Key(Vectors.Tlog.GetProperty("verifier_key").GetString()!);
    private static readonly byte[][] Leaves = [.. Vectors.Tlog.GetProperty("leaves").Texts().Select(Encoding.UTF8.GetBytes)];

    [Fact]
    public async Task Proof_of_each_entry_of_the_published_log_is_written_read_and_holds()
    {
        for (var index = 0; index < Leaves.Length; index++)
        {
            var proof = await Prove(index);
            var read = LogProof.Parse(proof.ToString()).Value;
            read.ToString().ShouldBe(proof.ToString());
            read.Verify(Leaves[index], [Key]).Value.Head.Size.ShouldBe(15);
            read.Verify(Leaves[(index + 1) % Leaves.Length], [Key]).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
            read.Verify(Leaves[index], [NoteSigner.New(Key.Name, NoteKeyKind.Ed25519).Key]).IsOk.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task Any_changed_byte_of_a_proof_is_found()
    {
        var file = (await Prove(5) with { Extra = null }).ToString();
        for (var at = 0; at < file.Length; at++)
        {
            var changed = file.Remove(at, 1).Insert(at, ((char)(file[at] ^ 1)).ToString());
            var read = LogProof.Parse(changed);
            (read.IsOk && read.Value.Verify(Leaves[5], [Key]).IsOk).ShouldBeFalse($"at {at}");
            read = LogProof.Parse(file[..at]);
            (read.IsOk && read.Value.Verify(Leaves[5], [Key]).IsOk).ShouldBeFalse($"cut at {at}");
        }
    }

    [Fact]
    public async Task Extra_bytes_are_kept_and_prove_nothing()
    {
        var proof = await Prove(3) with { Extra = [1, 2, 3] };
        LogProof.Parse(proof.ToString()).Value.Extra.ShouldBe([1, 2, 3]);
        LogProof.Parse(proof.ToString()).Value.Verify(Leaves[3], [Key]).IsOk.ShouldBeTrue();
    }

    private static async Task<LogProof> Prove(int index) => new(
        index, await Trees.Of([.. Leaves.Select(leaf => LogHash.OfLeaf(leaf))]).Inclusion(index, Leaves.Length),
        Vectors.Tlog.GetProperty("checkpoints")[15].GetString()!);
}
