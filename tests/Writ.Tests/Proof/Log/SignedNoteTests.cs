using CsCheck;
using Writ.Proof.Errors;
using Writ.Proof.Log;

namespace Writ.Tests.Proof.Log;

public sealed class SignedNoteTests
{
    private static readonly NoteKey Example = Vectors.Key(Vectors.Tlog.GetProperty("note").GetProperty("verifier_key").GetString()!);
    private static readonly string Note = Vectors.Tlog.GetProperty("note").GetProperty("note").GetString()!;
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Published_example_is_read_verified_and_written_as_it_was()
    {
        var note = SignedNote.Parse(Note).Value;
        note.Signers([Example]).Value.ShouldBe([Example]);
        note.ToString().ShouldBe(Note);
        Example.ToString().ShouldBe(Vectors.Tlog.GetProperty("note").GetProperty("verifier_key").GetString());
    }

    [Fact]
    public void Published_log_signs_the_same_bytes_again()
    {
        var signer = NoteSigner.Parse(Vectors.Tlog.GetProperty("signing_key").GetString()!).Value;
        signer.Key.ToString().ShouldBe(Vectors.Tlog.GetProperty("verifier_key").GetString());
        signer.Secret().ShouldBe(Vectors.Tlog.GetProperty("signing_key").GetString());
        foreach (var published in Vectors.Tlog.GetProperty("checkpoints").Texts())
        {
            var checkpoint = Checkpoint.Open(published, [signer.Key]).Value;
            new SignedNote(checkpoint.Head.Text, [signer.Sign(checkpoint.Head.Text, Now)]).ToString().ShouldBe(published);
        }
    }

    [Fact]
    public void Checkpoint_of_another_log_can_be_read_and_is_not_believed()
    {
        var other = Vectors.Tlog.GetProperty("checkpoint_example").GetString()!;
        Checkpoint.Parse(SignedNote.Parse(other).Value.Text).Value.Size.ShouldBe(20_852_163);
        Checkpoint.Open(other, [Vectors.Key(Vectors.Tlog.GetProperty("verifier_key").GetString()!)]).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
        Checkpoint.Open(other, []).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
    }

    [Fact]
    public void Any_changed_character_spoils_a_note()
    {
        var published = Vectors.Tlog.GetProperty("checkpoints")[15].GetString()!;
        var key = Vectors.Key(Vectors.Tlog.GetProperty("verifier_key").GetString()!);
        Checkpoint.Open(published, [key]).IsOk.ShouldBeTrue();
        for (var at = 0; at < published.Length; at++)
        {
            foreach (var changed in (char[])[(char)(published[at] ^ 1), '\n', ' ', '\0'])
            {
                if (changed != published[at])
                    Checkpoint.Open(published.Remove(at, 1).Insert(at, changed.ToString()), [key]).IsOk.ShouldBeFalse($"at {at}");
            }

            Checkpoint.Open(published[..at], [key]).IsOk.ShouldBeFalse();
        }
    }

    [Fact]
    public void Signers_unknown_keys_say_nothing_and_a_false_signature_of_a_known_one_spoils_all()
    {
        var (log, other) = (NoteSigner.New("log.example", NoteKeyKind.Ed25519), NoteSigner.New("other.example", NoteKeyKind.Ed25519));
        var signature = log.Sign("text\n", Now);
        var note = new SignedNote("text\n", [signature, other.Sign("another text\n", Now)]);
        note.Signers([log.Key]).Value.ShouldBe([log.Key]);
        note.Signers([log.Key, other.Key]).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
        note.Signers([Example]).Value.ShouldBeEmpty();
        note.With([signature]).Signatures.Count.ShouldBe(2);
    }

    [Fact]
    public void Cosignature_holds_for_its_time_and_text_alone()
    {
        var witness = NoteSigner.New("witness.example", NoteKeyKind.Cosignature);
        var line = witness.Sign("text\n", Now);
        Cosignature.TimeOf(witness.Key, "text\n", line.Blob).ShouldBe(Now);
        Cosignature.TimeOf(witness.Key, "text \n", line.Blob).ShouldBeNull();
        line.Blob[7] ^= 1;
        Cosignature.TimeOf(witness.Key, "text\n", line.Blob).ShouldBeNull();
        // A cosignature is no signature of a log, nor the other way round.
        var log = NoteSigner.New("witness.example", NoteKeyKind.Ed25519);
        log.Key.Id.ShouldNotBe(witness.Key.Id);
        Cosignature.TimeOf(log.Key, "text\n", log.Sign("text\n", Now).Blob).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("a+b")]
    [InlineData("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/fo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    [InlineData("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2")]
    [InlineData("exam ple.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")]
    public void Parse_damaged_key_is_refused(string text) => NoteKey.Parse(text).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);

    [Theory]
    [InlineData("example.com\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")]
    [InlineData("example.com\n01\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")]
    [InlineData("example.com\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")]
    [InlineData("example.com\n9223372036854775808\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")]
    [InlineData("example.com\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n")]
    [InlineData("\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")]
    [InlineData("example.com\n1\n\n")]
    public void Parse_malformed_checkpoint_is_refused(string text) => Checkpoint.Parse(text).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);

    [Fact]
    public void Any_text_never_throws() => Gen.String[0, 300].Sample(text =>
    {
        _ = SignedNote.Parse(text);
        _ = SignedNote.Parse($"{text}\n\n\u2014 {text}\n");
        _ = Checkpoint.Parse(text);
        _ = LogProof.Parse($"c2sp.org/tlog-proof@v1\n{text}");
        _ = NoteKey.Parse(text);
        _ = NoteSigner.Parse(text);
        _ = Tile.TryParse(text, out _);
    }, iter: 2_000);
}
