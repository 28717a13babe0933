using Microsoft.Extensions.Time.Testing;
using Writ.Proof.Log;
using Writ.Server.Witness;
using Writ.Tests.Proof.Log;

namespace Writ.Tests.Server.Witness;

/// <summary>The witness's side of c2sp.org/tlog-witness, status by status.</summary>
public sealed class WitnessBookTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly LogHash[] Leaves = [.. Enumerable.Range(0, 20).Select(i => LogHash.OfLeaf([(byte)i]))];
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-witness-").FullName;
    private readonly NoteSigner _log = NoteSigner.New("log.example", NoteKeyKind.Ed25519);
    private readonly NoteSigner _witness = NoteSigner.New("witness.example", NoteKeyKind.Cosignature);

    [Fact]
    public async Task Add_log_that_grows_is_cosigned_again_and_again_also_after_a_restart()
    {
        foreach (var (old, size) in ((int, int)[])[(0, 3), (3, 3), (3, 8), (8, 20)])
        {
            // A book of its own each time: what it knows is on the disk.
            var reply = await Add(await Request(old, size));
            reply.Status.ShouldBe(200, reply.Body);
            var line = SignedNote.Signature(reply.Body.TrimEnd('\n')).ShouldNotBeNull();
            Cosignature.TimeOf(_witness.Key, Head(size).Text, line.Blob).ShouldBe(Now);
        }
    }

    [Fact]
    public async Task Add_what_must_not_be_cosigned_is_answered_as_the_specification_says_and_changes_nothing()
    {
        (await Add(await Request(0, 8))).Status.ShouldBe(200);
        var stranger = NoteSigner.New("other.example", NoteKeyKind.Ed25519);
        var forger = NoteSigner.New("log.example", NoteKeyKind.Ed25519);
        var good = await Request(8, 20);

        (await Add("no request")).Status.ShouldBe(400);
        (await Add((good with { Note = "no note" }).ToString())).Status.ShouldBe(400);
        (await Add((good with { OldSize = 21 }).ToString())).Status.ShouldBe(400);
        (await Add((good with { Note = Sign(stranger, 20) }).ToString())).Status.ShouldBe(404);
        (await Add((good with { Note = Sign(forger, 20) }).ToString())).Status.ShouldBe(403);
        foreach (var behind in new[] { await Request(0, 20), await Request(3, 20), good with { OldSize = 9 } })
        {
            var reply = await Add(behind);
            (reply.Status, reply.Body, reply.Type).ShouldBe((409, "8\n", "text/x.tlog.size"));
        }

        (await Add((good with { Proof = [.. good.Proof.Skip(1)] }).ToString())).Status.ShouldBe(422);
        // Another tree under the log's own key: a fork.
        var fork = new Checkpoint("log.example", 20, Leaves[0]);
        (await Add((good with { Note = new SignedNote(fork.Text, [_log.Sign(fork.Text, Now)]).ToString() }).ToString())).Status.ShouldBe(422);
        var same = fork with { Size = 8 };
        (await Add(new WitnessRequest(8, [], new SignedNote(same.Text, [_log.Sign(same.Text, Now)]).ToString()))).Status.ShouldBe(409);

        (await Add(good)).Status.ShouldBe(200, "the control");
    }

    [Theory]
    [InlineData("")]
    [InlineData("old 1\n")]
    [InlineData("old 01\n\nnote")]
    [InlineData("old -1\n\nnote")]
    [InlineData("old 1\nnot a hash\n\nnote")]
    public void Parse_malformed_request_is_refused(string body) => WitnessRequest.Parse(body).IsOk.ShouldBeFalse();

    [Fact]
    public async Task Parse_request_is_read_as_it_was_written()
    {
        var request = await Request(3, 20);
        var read = WitnessRequest.Parse(request.ToString()).Value;
        read.ToString().ShouldBe(request.ToString());
        read.Proof.ShouldBe(request.Proof);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<WitnessBook.Reply> Add(WitnessRequest request) => Add(request.ToString());

    private async Task<WitnessBook.Reply> Add(string body)
    {
        using var book = new WitnessBook(_folder, _witness, [_log.Key], new FakeTimeProvider(Now));
        return await book.Add(body, TestContext.Current.CancellationToken);
    }

    private static Checkpoint Head(int size) => new("log.example", size, Trees.Root(Leaves.AsSpan(0, size)));

    private static string Sign(NoteSigner signer, int size)
    {
        var text = (Head(size) with { Origin = signer.Key.Name }).Text;
        return new SignedNote(text, [signer.Sign(text, Now)]).ToString();
    }

    private async Task<WitnessRequest> Request(int old, int size) =>
        new(old, old == 0 ? [] : await Trees.Of(Leaves[..size]).Consistency(old, size), Sign(_log, size));
}
