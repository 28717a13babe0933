using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Writ.Core.Audit;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// The log held against Go's own libraries, by the program of docs/verifying.md: in a root that holds that program, the
/// files and the pinned key, without a network and without anything of Writ's.
/// </summary>
public abstract class OtherToolsTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Checkpoint_tiles_entries_and_proofs_are_verified_by_tools_that_are_not_ours()
    {
        var world = await Create();
        var keys = world.Get<LogKeys>();
        var key = keys.Public[0].ToString();
        await Record(world, 3);
        var (socket, folder) = (Path.Combine(world.Folder, "api.sock"), Directory.CreateDirectory(Path.Combine(world.Folder, "copy")).FullName);
        var token = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Token;
        await world.Get<Sequencer>().Integrate(Cancel);
        var server = Keep(await world.Beside(socket));
        await server.Serve();
        using var api = Api(socket, token);
        await Fetch("checkpoint.old", "/v1/log/checkpoint");
        await Record(world, 700);
        await world.Get<Sequencer>().Integrate(Cancel);
        // To look at entries is an entry, once a minute: from here on the log stays as it is.
        foreach (var looked in new[] { $"/v1/log/{new Tile(Tile.Entries, 0, Tile.Full).Path}", "/v1/audit/300/proof" })
            await Fetch("looked", looked);
        await world.Get<Sequencer>().Integrate(Cancel);

        // What anybody with the right to can have, as files.
        var head = Checkpoint.Open(await Fetch("checkpoint", "/v1/log/checkpoint"), keys.Public).ShouldBeOk().Head;
        foreach (var tile in Enumerable.Range(-1, 3).SelectMany(level => Tile.Of(level, head.Size)))
            await Fetch(tile.Path, $"/v1/log/{tile.Path}");
        await Fetch("entry.tlog-proof", "/v1/audit/300/proof");
        var from = await Size("checkpoint.old");
        var growth = JsonDocument.Parse(await api.GetStringAsync($"/v1/log/consistency?from={from}", Cancel)).RootElement;
        await File.WriteAllLinesAsync(Path.Combine(folder, "hashes"), growth.GetProperty("proof").EnumerateArray().Select(hash => hash.GetString()!), Cancel);

        var program = Path.Combine(world.Folder, "verify");
        await Commands.Run("env", "GO111MODULE=off", "GOPATH=/usr/share/gocode", "GOCACHE=/var/tmp/writ-test-go", "HOME=/nonexistent", "CGO_ENABLED=0",
            "go", "build", "-o", program, Source);
        (await Verify("log", key, "/log")).ShouldContain($"{head.Size} entries, root {head.Root}");
        (await Verify("proof", key, "/log/entry.tlog-proof")).ShouldContain($"entry 300 of {head.Size}: {{\"time\":");
        (await Verify("growth", key, "/log/checkpoint.old", "/log/checkpoint", "/log/hashes")).ShouldContain($"begins with the log of {from}");

        // The controls: another key, another entry, another history.
        var other = NoteSigner.New(keys.Origin, NoteKeyKind.Ed25519).Key.ToString();
        await Should.ThrowAsync<Exception>(() => Verify("log", other, "/log"));
        await Should.ThrowAsync<Exception>(() => Verify("growth", key, "/log/checkpoint", "/log/checkpoint.old", "/log/hashes"));
        await Flip(new Tile(Tile.Entries, 1, 256).Path, 700);
        await Should.ThrowAsync<Exception>(() => Verify("log", key, "/log"));
        await Flip("entry.tlog-proof", "c2sp.org/tlog-proof@v1\nextra ".Length + 5);
        await Should.ThrowAsync<Exception>(() => Verify("proof", key, "/log/entry.tlog-proof"));

        async Task<string> Fetch(string name, string path)
        {
            var bytes = await api.GetByteArrayAsync(path, Cancel);
            var file = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, bytes, Cancel);
            return Encoding.UTF8.GetString(bytes);
        }

        async Task<long> Size(string name) => Checkpoint.Open(await File.ReadAllTextAsync(Path.Combine(folder, name), Cancel), keys.Public).ShouldBeOk().Head.Size;

        async Task Flip(string name, int at)
        {
            var bytes = await File.ReadAllBytesAsync(Path.Combine(folder, name), Cancel);
            bytes[at] ^= 1;
            await File.WriteAllBytesAsync(Path.Combine(folder, name), bytes, Cancel);
        }

        Task<string> Verify(params string[] arguments) => Commands.Run(
            "bwrap", ["--unshare-all", "--die-with-parent", "--ro-bind", program, "/verify", "--ro-bind", folder, "/log", "/verify", .. arguments]);
    }

    private static string Source => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../docs/verifying/main.go"));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private static HttpClient Api(string socket, string token) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
            return new NetworkStream(connection, ownsSocket: true);
        },
    }) { BaseAddress = new("http://localhost"), DefaultRequestHeaders = { Authorization = new("Bearer", token) } };

    private static async Task Record(World world, int entries) => (await world.Writes.Commit<bool>(scope =>
    {
        for (var i = 0; i < entries; i++)
            scope.Record(new(AuditType.ActorChanged, AuditActor.System, null, new() { ["name"] = $"{i}" }));
        return Task.FromResult<Writ.Proof.Errors.Result<bool>>(true);
    })).ShouldBeOk();

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : OtherToolsTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : OtherToolsTests(engine);
}
