using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Proof.Log;
using Writ.Proof.Orders;
using Writ.Proof.Runs;
using Writ.Server.Audit;
using Writ.Server.Decisions;
using Writ.Server.Runners;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A run's story as one file, taken from a server and verified where there is none.</summary>
public abstract class ReceiptTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Receipt_of_one_run_of_a_grant_tells_its_story_and_holds_without_a_server()
    {
        var world = await Create();
        var (_, token) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(24)));
        var (dana, grant) = await world.Approved(uses: 3);
        string[] runs = [(await world.Start(dana, grant)).ShouldBeOk().Id.ToString(), (await world.Start(dana, grant)).ShouldBeOk().Id.ToString()];
        var live = (await world.Start(dana, grant)).ShouldBeOk().Id.ToString();
        foreach (var run in runs)
        {
            world.Runner.SayStarted(run);
            world.Runner.Say(new() { Ended = world.Runner.End(run, EndCause.Exited) });
        }

        await World.Eventually(() => world.Read(db => db.Runs.CountAsync(run => run.State == RunState.Exited).ContinueWith(count => count.Result == 2)), "the runs end");
        var (socket, home, file) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"), Path.Combine(world.Folder, "scan.receipt"));
        await using (var server = await world.Beside(socket))
        {
            await server.Serve();
            var (code, told) = await TamperTests.Type(socket, token, home, "receipt", live);
            (code, told.Contains("not over", StringComparison.Ordinal)).ShouldBe((1, true), told);
            (code, told) = await TamperTests.Type(socket, token, home, "receipt", runs[0], "-o", file);
            code.ShouldBe(0, told);
            (code, told) = await TamperTests.Type(socket, token, home, "receipt", runs[0], "-o", file);
            (code, told.Contains("exists already", StringComparison.Ordinal)).ShouldBe((1, true), told);
        }

        // Nothing serves any more; a computer that never knew the log has its key from elsewhere.
        var key = world.Get<LogKeys>().Public[0].ToString();
        var elsewhere = Path.Combine(world.Folder, "elsewhere");
        var (verified, story) = await TamperTests.Type(socket, token, elsewhere, "verify", file, "--key", key, "--extract", Path.Combine(world.Folder, "proofs"));
        verified.ShouldBe(0, story);
        foreach (var part in (string[])["request.created", "request.evaluated", "decision.made  rae", "grant.issued", "run.ordered  dana", "run.ended", runs[0]])
            story.ShouldContain(part);
        story.ShouldNotContain(runs[1]);
        story.ShouldNotContain(live);
        foreach (var proof in Directory.GetFiles(Path.Combine(world.Folder, "proofs")))
            (await TamperTests.Type(socket, token, elsewhere, "verify", proof, "--key", key)).Code.ShouldBe(0);
        (await TamperTests.Type(socket, token, elsewhere, "verify", file)).Output.ShouldContain("not known on this computer");
        (await TamperTests.Type(socket, token, home, "verify", file)).Code.ShouldBe(0, "it knows the log");

        var bytes = await File.ReadAllBytesAsync(file, Cancel);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Cancel);
        (await TamperTests.Type(socket, token, home, "verify", file)).Code.ShouldBe(1);
    }

    [Fact]
    public async Task Receipt_of_an_extended_run_says_who_decided_on_its_later_deadline()
    {
        var world = await Create();
        var (_, token) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(24)));
        var (dana, grant) = await world.Approved();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        var run = await world.Running(dana, grant);
        // One in force, one denied, and one that was decided and never came into force.
        var held = (await world.Extend(dana, run, TimeSpan.FromMinutes(15))).ShouldBeOk();
        (await world.Get<DecisionTurn>().Decide(rae, held.Id, new(held.StatementDigest!), approve: true, Cancel)).ShouldBeOk();
        await World.Eventually(() => Task.FromResult(world.Runner.Extensions.Count() == 1), "no order of more time");
        world.Runner.Answer(world.Runner.Extensions.Single());
        await World.Eventually(() => world.Read(db => db.Extensions.AnyAsync(row => row.State == ExtensionState.InForce)), "more time does not come into force");
        var denied = (await world.Extend(dana, run, TimeSpan.FromMinutes(5))).ShouldBeOk();
        (await world.Get<DecisionTurn>().Decide(rae, denied.Id, new(denied.StatementDigest!), approve: false, Cancel)).ShouldBeOk();
        world.Runner.Leave();
        var late = (await world.Extend(dana, run, TimeSpan.FromMinutes(1))).ShouldBeOk();
        (await world.Get<DecisionTurn>().Decide(ron, late.Id, new(late.StatementDigest!), approve: true, Cancel)).ShouldBeOk();
        var runner = await world.Read(db => db.Runners.AsNoTracking().SingleAsync());
        var ended = world.Runner.End(run.Id.ToString(), EndCause.Exited);
        ended.Deadline = UnixMicroseconds.From(run.Deadline.AddMinutes(15));
        await world.Get<RunTransitions>().Ended(runner, ended, Cancel);

        var (socket, home, file) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"), Path.Combine(world.Folder, "scan.receipt"));
        await using (var server = await world.Beside(socket))
        {
            await server.Serve();
            var (wrote, said) = await TamperTests.Type(socket, token, home, "receipt", run.Id.ToString(), "-o", file);
            wrote.ShouldBe(0, said);
        }

        var (code, told) = await TamperTests.Type(socket, token, home, "verify", file, "--extract", Path.Combine(world.Folder, "proofs"));
        code.ShouldBe(0, told);
        told.ShouldContain($"asked by dana as {held.Id}, decided by rae ({rae.Id}): the run was held by it");
        told.ShouldContain($"asked by dana as {late.Id}, decided by ron ({ron.Id}): it never came into force");
        told.ShouldNotContain(denied.Id);
        var receipt = Receipt.Read(await File.ReadAllBytesAsync(file, Cancel)).Value;
        receipt.Extensions!.Select(extension => (extension.Request, extension.Order is null)).ShouldBe([(held.Id, false), (late.Id, true)]);
        Directory.GetFiles(Path.Combine(world.Folder, "proofs")).Length.ShouldBe(receipt.Story.Count());

        // The one that is left out, and one of another order.
        foreach (var (why, changed) in ((string, Receipt)[])
                 [
                     ($"more time was granted by {held.Id}", receipt with { Extensions = [receipt.Extensions![1]] }),
                     ("its order is missing", receipt with { Extensions = [receipt.Extensions[0] with { Order = null }, receipt.Extensions[1]] }),
                     ("its statement is of another request or run", receipt with { Extensions = [receipt.Extensions[0] with { Statement = receipt.Extensions[1].Statement }, receipt.Extensions[1]] }),
                 ])
        {
            await File.WriteAllBytesAsync(file, changed.ToBytes(), Cancel);
            (code, told) = await TamperTests.Type(socket, token, home, "verify", file);
            (code, told.Contains(why, StringComparison.Ordinal)).ShouldBe((1, true), told);
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Kill_receipt_that_does_not_check_is_refused_on_record_and_the_end_is_kept()
    {
        var world = await Create();
        var (dana, grant) = await world.Approved(uses: 5);
        byte[] seed = SigningKeys.NewSeed(), strange = SigningKeys.NewSeed();
        for (var again = 0; again < 2; again++)
        {
            (await world.Writes.Commit<bool>(async scope =>
            {
                await RunnerKeys.Hear(scope, world.Runner.Row, ByteString.CopyFrom(SigningKeys.PublicKey(seed)), null);
                scope.Record(new(AuditType.RunnerConnected, new(null, "near"), null));
                return true;
            })).ShouldBeOk();
        }

        (await world.Entries(AuditType.RunnerKey)).ShouldHaveSingleItem()["receipt_key"].ShouldBe(Convert.ToBase64String(SigningKeys.PublicKey(seed)));
        foreach (var (why, key, change) in ((string?, byte[], Func<KillReceipt, KillReceipt>)[])
                 [
                     (null, seed, receipt => receipt),
                     ("its signature is not of a key of this runner", strange, receipt => receipt),
                     ("it says something else than the runner about processes_left", seed, receipt => receipt with { ProcessesLeft = 1 }),
                     ("it is of another run, runner or order", seed, receipt => receipt with { Order = new('0', 64) }),
                 ])
        {
            var run = (await world.Start(dana, grant)).ShouldBeOk();
            var ended = world.Runner.End(run.Id.ToString(), EndCause.Exited);
            var signed = SigningKeys.Sign(key, change(Of(run, ended)).ToBytes());
            (ended.Receipt, ended.ReceiptSignature, ended.ReceiptKeyId) = (ByteString.CopyFrom(signed.Bytes), ByteString.CopyFrom(signed.Signature), signed.KeyId);
            world.Runner.SayStarted(run.Id.ToString());
            world.Runner.Say(new() { Ended = ended });
            await World.Eventually(() => Task.FromResult(world.Runner.EndAcks.Contains(run.Id.ToString())), "the end is acknowledged");
            (await world.Now(run)).State.ShouldBe(RunState.Exited, "whatever was signed");
            ((await world.Entries(AuditType.RunEnded)).Single(entry => entry["run"] == run.Id.ToString())["receipt"] is not null).ShouldBe(why is null);
            (await world.Entries(AuditType.ReceiptRefused)).Where(entry => entry["run"] == run.Id.ToString()).Select(entry => entry["message"]).ShouldBe(why is null ? [] : [why]);
        }

        await world.ShouldBalance();
    }

    private static KillReceipt Of(RunRow run, Ended ended) => new()
    {
        Run = ended.Run,
        Runner = run.RunnerId.ToString(),
        Order = Convert.ToHexStringLower(SHA256.HashData(run.OrderBytes)),
        Deadline = ended.Deadline,
        Cause = "exited",
        Detail = ended.Detail,
        ExitCode = ended.ExitCode,
        EndedAt = ended.At,
        ProcessesLeft = ended.ProcessesLeft,
        RecordingBytes = ended.RecordingBytes,
        RecordingSha256 = Convert.ToHexStringLower(ended.RecordingSha256.Span),
        Outputs = [],
    };

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ReceiptTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ReceiptTests(engine);
}
