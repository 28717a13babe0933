using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Grants;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Grants;
using Writ.Server.Identity;
using Writ.Server.Requests;
using Writ.Server.Retention;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// A server in a process of its own that works on a test's database, to be killed. The process is this very assembly,
/// entered by <see cref="StartupHook"/> before its own Main.
/// </summary>
internal sealed class SecondServer : IAsyncDisposable
{
    /// <summary>Does everything of a transition but the commit, says so, and waits for ever.</summary>
    public const string Hold = "hold";

    /// <summary>Starts runs, several at once, and says each one's id when it is answered; all the while it signs the audit log.</summary>
    public const string Use = "use";

    /// <summary>Sends the streams of the audit log, round after round.</summary>
    public const string Stream = "stream";

    /// <summary>Deletes what is past its retention, round after round, and says so before each.</summary>
    public const string Retain = "retain";

    public const int Workers = 4;

    private const string Variable = "WRIT_TEST_SECOND_SERVER";
    private readonly Process _process;

    private SecondServer(Process process) => _process = process;

    public static SecondServer Start(Work work)
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var assembly = typeof(SecondServer).Assembly.Location;
        var start = new ProcessStartInfo(dotnet) { RedirectStandardOutput = true, Environment =
        {
            [Variable] = JsonSerializer.Serialize(work), ["DOTNET_STARTUP_HOOKS"] = assembly,
        } };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(assembly);
        return new(Process.Start(start)!);
    }

    public async Task<string> NextLine() =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) ?? throw new InvalidOperationException("the second server ended by itself");

    /// <summary>SIGKILL.</summary>
    public async Task Kill()
    {
        _process.HasExited.ShouldBeFalse("the second server ended by itself");
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>The lines that it wrote to their end before it died.</summary>
    public async Task<string[]> Rest()
    {
        var rest = await _process.StandardOutput.ReadToEndAsync();
        return rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await Kill();
        _process.Dispose();
    }

    /// <summary>One transition through several tables: a use is taken and a request denied, each with its entry.</summary>
    public static Task<Result<bool>> Transition(World world, Caller caller, GrantId grant, RequestRow request, Func<Task> beforeCommit) =>
        Transition(world, caller, grant, request, _ => beforeCommit());

    public static Task<Result<bool>> Transition(World world, Caller caller, GrantId grant, RequestRow request, Func<WritDb, Task> beforeCommit) =>
        world.Writes.Commit<bool>(async scope =>
        {
            (await ConsumeGrant.Take(scope, grant, caller.Audit, caller.SourceAddress)).Outcome.ShouldBe(ConsumeOutcome.Consumed);
            (await RequestEnding.End(scope, request, RequestEvent.Deny, AuditActor.System, "no")).ShouldBeTrue();
            await scope.Db.SaveChangesAsync();
            await beforeCommit(scope.Db);
            return true;
        });

    /// <summary>The second server's own side; false in a process that is none.</summary>
    public static bool TryRun()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text)
            return false;
        Run(JsonSerializer.Deserialize<Work>(text)!).GetAwaiter().GetResult();
        return true;
    }

    private static async Task Run(Work work)
    {
        await using var world = await World.Join(new Somewhere(work.Engine, work.Address), work.Folder, work.Now);
        var caller = (await world.Read(db => Tokens.Find(db, work.Token, work.Now, null, default))).ShouldNotBeNull();
        var grant = await world.Read(db => db.Grants.AsNoTracking().SingleAsync(row => row.Id == GrantId.Parse(work.Grant)));
        if (work.What == Hold)
        {
            var request = await world.Read(db => db.Requests.AsNoTracking().SingleAsync(row => row.Id == RequestId.Parse(work.Request)));
            await Transition(world, caller, grant.Id, request, async () =>
            {
                Say("held");
                await Task.Delay(Timeout.Infinite);
            });
        }

        while (work.What == Stream)
        {
            await await world.Get<Streaming>().Once(default);
            await Task.Delay(5);
        }

        while (work.What == Retain)
        {
            Say("deleting");
            await world.Get<ApplyRetention>().Once(default);
        }

        _ = Task.Run(async () =>
        {
            while (true)
            {
                await world.Get<Sequencer>().Integrate(default);
                await world.Get<PublishedHead>().Publish(default);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            while (true)
                Say((await world.Start(caller, grant)).ShouldBeOk().Id.ToString());
        })));
    }

    private static void Say(string line)
    {
        lock (Variable)
        {
            using var output = Console.OpenStandardOutput();
            output.Write(System.Text.Encoding.ASCII.GetBytes(line + "\n"));
        }
    }

    /// <summary>What the second server is to do, and where.</summary>
    public sealed record Work(string What, DatabaseEngine Engine, string Address, string Folder, DateTimeOffset Now, string Token, string Grant, string Request)
    {
        public static Work In(World world, string what, string token, GrantRow grant, RequestRow? request = null) => new(
            what, world.At.Reach.Engine, world.At.Reach.Address, world.Folder, world.Clock.GetUtcNow(), token, grant.Id.ToString(), request?.Id.ToString() ?? "");
    }

    /// <summary>A database that another process made.</summary>
    private sealed class Somewhere(DatabaseEngine engine, string address) : TestDatabase
    {
        public override (DatabaseEngine Engine, string Address) Reach => (engine, address);

        public override string UniqueIndexes => throw new NotSupportedException();

        public override Database Open() => engine == DatabaseEngine.Sqlite ? Database.Sqlite(address) : Database.Postgres(address);

        public override Task MakeUnwritable() => throw new NotSupportedException();

        public override Task MakeWritable() => throw new NotSupportedException();

        public override Task Sever(WritDb db) => throw new NotSupportedException();

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
