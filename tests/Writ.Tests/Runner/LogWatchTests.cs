using Writ.Contracts.Runners;
using Writ.Proof.Log;
using Writ.Runner;
using Writ.Runner.Runners;
using Writ.Tests.Proof.Log;

namespace Writ.Tests.Runner;

public sealed class LogWatchTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly LogHash[] Leaves = [.. Enumerable.Range(0, 20).Select(i => LogHash.OfLeaf([(byte)i]))];
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-logwatch-").FullName;
    private readonly NoteSigner _key = NoteSigner.New("log.example", NoteKeyKind.Ed25519);
    private readonly List<string> _said = [];

    private string FilePath => Path.Combine(_folder, "log-head");

    [Fact]
    public async Task Take_log_that_grows_is_followed_and_kept_over_a_restart()
    {
        Watch().Take(await Shown(0, 3)).ShouldBeNull();
        Watch().Size.ShouldBe(3);
        Watch().Take(await Shown(3, 20)).ShouldBeNull();
        Watch().Size.ShouldBe(20);
        File.GetUnixFileMode(FilePath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _said.ShouldBeEmpty();
    }

    [Fact]
    public async Task Take_log_that_is_shorter_or_another_is_said_and_both_heads_are_kept()
    {
        Watch().Take(await Shown(0, 8)).ShouldBeNull();
        var kept = await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken);
        foreach (var (shown, said) in ((LogHead, string)[])
                 [
                     (await Shown(0, 5, from: 8), "its tail was cut off"),
                     (await Shown(8, 20, leaves: [.. Leaves.Reverse()]), "are not those that it showed before"),
                     (await Shown(8, 20, signer: NoteSigner.New("log.example", NoteKeyKind.Ed25519)), "not the one that is known here"),
                 ])
        {
            File.Delete(FilePath + ".contradicts");
            var watch = Watch();
            watch.Distrust.ShouldBeNull();
            var told = watch.Take(shown).ShouldNotBeNull();
            told.Why.ShouldContain(said);
            told.Shown.ShouldBe(shown.Checkpoint);
            kept.ShouldEndWith(told.Seen);
            _said[^1].ShouldContain(said);
            // It is still so after a restart, and whatever is shown afterwards.
            Watch().Take(await Shown(8, 20)).ShouldBeNull();
            await File.WriteAllTextAsync(FilePath, kept, TestContext.Current.CancellationToken);
            Watch().Distrust.ShouldNotBeNull().Code.ShouldBe("log-halted");
            (await File.ReadAllTextAsync(FilePath, TestContext.Current.CancellationToken)).ShouldBe(kept);
            (await File.ReadAllTextAsync(FilePath + ".contradicts", TestContext.Current.CancellationToken)).ShouldBe(shown.Checkpoint);
        }
    }

    [Fact]
    public async Task Take_new_key_is_believed_beside_the_old_one_only()
    {
        var next = NoteSigner.New("log.example", NoteKeyKind.Ed25519);
        Watch().Take(await Shown(0, 3)).ShouldBeNull();
        // Told, and not signed by the known one: nothing.
        Watch().Take(await Shown(3, 8, signer: next)).ShouldNotBeNull();
        var both = await Shown(3, 8);
        both.Checkpoint = SignedNote.Parse(both.Checkpoint).Value.With([next.Sign(Head(8, Leaves).Text, Now)]).ToString();
        both.Keys.Insert(0, next.Key.ToString());
        Watch().Take(both).ShouldBeNull();
        Watch().Take(await Shown(8, 20, signer: next)).ShouldBeNull();
    }

    [Fact]
    public void Read_damaged_file_is_refused()
    {
        File.WriteAllText(FilePath, "nonsense");
        Should.Throw<RunnerException>(Watch);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private LogWatch Watch() => new(FilePath, _said.Add);

    private static Checkpoint Head(int size, LogHash[] leaves) => new("log.example", size, Trees.Root(leaves.AsSpan(0, size)));

    private async Task<LogHead> Shown(int old, int size, long? from = null, NoteSigner? signer = null, LogHash[]? leaves = null)
    {
        var all = leaves ?? Leaves;
        var (key, head) = (signer ?? _key, Head(size, all));
        var shown = new LogHead { From = from ?? old, Checkpoint = new SignedNote(head.Text, [key.Sign(head.Text, Now)]).ToString(), Keys = { key.Key.ToString() } };
        if (old > 0)
            shown.Proof.AddRange((await Trees.Of(all[..size]).Consistency(old, size)).Select(hash => hash.ToString()));
        return shown;
    }
}
