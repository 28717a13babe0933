using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.Server.Witness;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Witnesses: what they cosign, what happens without them, and what they expose.</summary>
public abstract class WitnessTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Witness_that_is_down_stops_nothing_is_told_of_and_catches_up()
    {
        var world = await Create();
        await using var up = await Machine.Start(world, "up");
        var down = new Machine(world, "down");
        using var witnessing = Asking(world, 2, up, down);
        await world.Get<Sequencer>().Integrate(Cancel);
        await witnessing.Once(Cancel);

        var head = (await world.Get<PublishedHead>().Publish(Cancel)).ShouldNotBeNull();
        head.Cosigned([up.Key, down.Key]).ShouldBeOk().Select(cosigned => cosigned.Witness).ShouldBe([up.Key]);
        witnessing.States.Select(state => state.State.Trouble is null).ShouldBe([true, false]);
        // The log goes on.
        await world.Admin("another");
        await world.Get<Sequencer>().Integrate(Cancel);
        (await world.Get<PublishedHead>().Publish(Cancel))!.Head.Size.ShouldBeGreaterThan(head.Head.Size);
        await using var db = world.Open();
        var quorum = new WitnessList(2, [up.Witness, down.Witness]);
        (await LogReader.Witnessed(db, quorum, 0, Cancel)).ShouldBeNull();

        await down.Serve();
        await witnessing.Once(Cancel);
        witnessing.States.ShouldAllBe(state => state.State.Trouble == null);
        var newest = (await world.Get<PublishedHead>().Publish(Cancel)).ShouldNotBeNull();
        newest.Cosigned([up.Key, down.Key]).ShouldBeOk().Count.ShouldBe(2);
        (await LogReader.Witnessed(db, quorum, 0, Cancel)).ShouldNotBeNull().Size.ShouldBe(newest.Head.Size);
        await down.DisposeAsync();
    }

    [Fact]
    public async Task Forger_of_the_database_with_the_signing_key_is_exposed_by_the_witnesses()
    {
        var world = await Create();
        await using var witness = await Machine.Start(world, "witness");
        await world.Get<Sequencer>().Integrate(Cancel);
        var token = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Token;
        await world.Get<Sequencer>().Integrate(Cancel);
        using (var witnessing = Asking(world, 1, witness))
            await witnessing.Once(Cancel);
        (await Verify("--witness", witness.Key.ToString())).Code.ShouldBe(0);

        // The forger edits an entry, signs all heads anew, and takes what would contradict: head file and cosignatures.
        await world.Writes.Append(async db =>
        {
            var entry = await db.AuditEntries.AsNoTracking().SingleAsync(row => row.Position == 1);
            byte[] forged = [.. entry.Bytes[..^1], .. ",\"forged\":true}"u8];
            await db.AuditEntries.Where(row => row.Position == 1).ExecuteUpdateAsync(set => set.SetProperty(row => row.Bytes, forged));
            await TamperTests.SignAnew(db, world.Get<LogKeys>());
            await db.LogCosignatures.ExecuteDeleteAsync();
        });
        File.Delete(Path.Combine(PublishedHead.FolderOf(world.Folder), "head"));

        // The control: to whoever asks no witness, it looks whole.
        (await Verify()).Code.ShouldBe(0);
        var (code, told) = await Verify("--witness", witness.Key.ToString());
        code.ShouldBe(1);
        told.ShouldContain("no checkpoint is cosigned by 1 of the witnesses");

        // And the witness cosigns neither this head nor any that follows; the server signs nothing more.
        var forger = Keep(await world.Beside());
        using (var witnessing = Asking(forger, 1, witness))
        {
            await witnessing.Once(Cancel);
            witnessing.States.Single().State.Trouble.ShouldNotBeNull().ShouldContain("another log");
        }

        await forger.Admin("later");
        (await Should.ThrowAsync<LogHaltedException>(() => forger.Get<Sequencer>().Integrate(Cancel))).Message.ShouldContain("witness");

        async Task<(int Code, string Output)> Verify(params string[] options)
        {
            // A computer that never saw the log, and a server that just started.
            var socket = Path.Combine(world.Folder, $"{Guid.CreateVersion7():n}.sock");
            await using var server = await world.Beside(socket);
            await server.Serve();
            return await TamperTests.Type(socket, token, Path.Combine(world.Folder, $"{Guid.CreateVersion7():n}"), ["audit", "verify", .. options]);
        }
    }

    [Fact]
    public async Task Database_that_is_older_than_what_a_witness_saw_signs_nothing()
    {
        var world = await Create();
        await using var witness = await Machine.Start(world, "witness");
        await world.Get<Sequencer>().Integrate(Cancel);
        var before = await world.Read(db => db.LogHeads.MaxAsync(row => row.Size));
        await world.Admin("another");
        await world.Get<Sequencer>().Integrate(Cancel);
        using (var witnessing = Asking(world, 1, witness))
            await witnessing.Once(Cancel);

        await world.Writes.Append(async db =>
        {
            await TamperTests.RollBack(db, before);
            await db.LogCosignatures.ExecuteDeleteAsync();
        });
        File.Delete(Path.Combine(PublishedHead.FolderOf(world.Folder), "head"));
        var restored = Keep(await world.Beside());
        using (var witnessing = Asking(restored, 1, witness))
            await witnessing.Once(Cancel);
        await restored.Admin("later");
        (await Should.ThrowAsync<LogHaltedException>(() => restored.Get<Sequencer>().Integrate(Cancel))).Message.ShouldContain("restored from a copy");
    }

    private static Witnessing Asking(World world, int quorum, params Machine[] machines) => new(
        new(quorum, [.. machines.Select(machine => machine.Witness)]), world.Database, world.Get<PublishedHead>(), world.Clock, NullLogger<Witnessing>.Instance);

    /// <summary>A witness's machine, or one that is switched off.</summary>
    private sealed class Machine(World world, string name) : IAsyncDisposable
    {
        private readonly NoteSigner _signer = NoteSigner.New($"{name}.example", NoteKeyKind.Cosignature);
        private readonly string _folder = Directory.CreateDirectory(Path.Combine(world.Folder, name)).FullName;
        private WitnessBook? _book;
        private WebApplication? _app;

        public NoteKey Key => _signer.Key;

        public LogWitness Witness => new($"unix://{_folder}/sock", Key);

        public static async Task<Machine> Start(World world, string name)
        {
            var machine = new Machine(world, name);
            await machine.Serve();
            return machine;
        }

        public async Task Serve()
        {
            _book = new(_folder, _signer, world.Get<LogKeys>().Public, world.Clock);
            _app = WitnessListener.Build(Witness.Url, _book);
            await _app.StartAsync(Cancel);
        }

        public async ValueTask DisposeAsync()
        {
            if (_app is not null)
                await _app.DisposeAsync();
            _book?.Dispose();
        }
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : WitnessTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : WitnessTests(engine);
}
