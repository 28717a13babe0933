using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Runners;
using Writ.Server;
using Writ.Server.Decisions;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Runners;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// One server, put together as <c>writ-server serve</c> does, on a real database, with a clock of the test's and a runner
/// that is connected. Verbs are called as its endpoints call them.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    public const string Command = "nmap -sT -Pn -n -p 22,80 10.20.0.5";

    /// <summary>Developers need one reviewer, two for production; operators need nobody.</summary>
    public const string Policy = """
        version: 1
        roles:
          developer: { groups: [engineering] }
          reviewer: { groups: [secops] }
          operator: { groups: [ops] }
          nightly: { workloads: [ci-nightly] }
        zones:
          staging: { addresses: [10.20.0.0/24] }
          production: { addresses: [10.30.0.0/24] }
        rules:
          - id: scan-staging
            roles: [developer, nightly]
            zones: [staging]
            tools: { nmap: any }
            max-duration: 8h
            max-uses: 1000
            approval: { from: [reviewer], count: 1 }
          - id: scan-production
            roles: [developer]
            zones: [production]
            tools: { nmap: any }
            max-duration: 8h
            max-uses: 1000
            approval: { from: [reviewer], count: 2 }
          - id: operate
            roles: [operator]
            zones: [staging]
            tools: { nmap: any }
            max-duration: 8h
            max-uses: 1000
            approval: none

        """;

    public const string NoMoreStaging = Policy + """
        denials:
          - id: no-more-staging
            zones: [staging]
            tools: { nmap: any }

        """;

    private static readonly DateTimeOffset Begin = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private readonly string _folder;
    private readonly bool _ownsFolder;
    private readonly WebApplication _app;
    private readonly Func<ServerSettings, ServerSettings>? _with;
    private ConnectedRunner? _runner;

    private World(TestDatabase at, string folder, bool ownsFolder, FakeTimeProvider clock, string? socket = null, SignInSettings? signIn = null, Uri? browsers = null, Func<ServerSettings, ServerSettings>? with = null, bool ticks = true)
    {
        (At, _folder, _ownsFolder, Clock, Database, Socket) = (at, folder, ownsFolder, clock, at.Open(), socket);
        string[] urls = [.. socket is null ? [] : (string[])[$"unix://{socket}"], .. browsers is null ? [] : (string[])[browsers.ToString().TrimEnd('/')]];
        var settings = new ServerSettings(folder, urls, null, null, PublicUrl: browsers?.ToString().TrimEnd('/') ?? PublicUrl, SignInFile: signIn) { PasswordRounds = 1_000 };
        settings = with?.Invoke(settings) ?? settings;
        _with = with;
        // Most worlds are called by their verbs alone: doors are a third of what a world costs.
        _app = Application.Compose(settings, ServerKeys.Load(folder), Database, socket is null || !ticks ? clock : new ServingTime(clock));
    }

    /// <summary>What browsers call the server; what comes over the socket is as if a proxy had taken TLS away.</summary>
    public const string PublicUrl = "https://writ.example";

    public TestDatabase At { get; }

    /// <summary>Where it serves, if it does.</summary>
    public string? Socket { get; }

    public Database Database { get; }

    public FakeTimeProvider Clock { get; }

    public string Folder => _folder;

    public ConnectedRunner Runner => _runner ?? throw new InvalidOperationException("no runner is connected");

    public WriteTransaction Writes => Get<WriteTransaction>();

    /// <summary>A new server with the policy in force.</summary>
    public static async Task<World> Create(TestDatabase at, string policy = Policy, Func<ServerSettings, ServerSettings>? with = null)
    {
        var folder = Directory.CreateTempSubdirectory("writ-world-").FullName;
        ServerKeys.Create(folder, Begin);
        var world = new World(at, folder, ownsFolder: true, new FakeTimeProvider(Begin), with: with);
        await world.Enrol();
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(policy), default)).ShouldBeOk();
        return world;
    }

    /// <summary>A new server with the policy in force, which browsers of this machine and the command line reach.</summary>
    public static async Task<World> ForBrowsers(TestDatabase at, string policy, Uri address, Func<ServerSettings, ServerSettings>? with = null)
    {
        var folder = Directory.CreateTempSubdirectory("writ-world-").FullName;
        ServerKeys.Create(folder, Begin);
        var world = new World(at, folder, ownsFolder: true, new FakeTimeProvider(Begin), Path.Combine(folder, "socket"), null, address, with);
        await world.Enrol();
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(policy), default)).ShouldBeOk();
        await world.Serve();
        return world;
    }

    /// <summary>A new server with nothing in it, which browsers of this machine reach.</summary>
    public static async Task<World> Fresh(TestDatabase at, Uri address)
    {
        var folder = Directory.CreateTempSubdirectory("writ-world-").FullName;
        ServerKeys.Create(folder, Begin);
        var world = new World(at, folder, ownsFolder: true, new FakeTimeProvider(Begin), Path.Combine(folder, "socket"), null, address);
        await world.Serve();
        return world;
    }

    /// <summary>A new server that takes calls at a socket.</summary>
    public static async Task<World> Serving(TestDatabase at, SignInSettings? signIn)
    {
        var folder = Directory.CreateTempSubdirectory("writ-world-").FullName;
        ServerKeys.Create(folder, Begin);
        var world = new World(at, folder, ownsFolder: true, new FakeTimeProvider(Begin), Path.Combine(folder, "socket"), signIn);
        await world.Serve();
        return world;
    }

    /// <summary>The instant is the test's, and what is done every second is done by the machine's: a jump of days makes no hundred thousand sweeps.</summary>
    private sealed class ServingTime(FakeTimeProvider clock) : TimeProvider
    {
        public override long TimestampFrequency => clock.TimestampFrequency;

        public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, dueTime, period);
    }

    /// <summary>Another server of the same database, keys and clock, which has the runner connected too.</summary>
    /// <param name="socket">Where it serves, or null.</param>
    /// <param name="ticks">Whether it does of itself what is done every second, where it serves.</param>
    public async Task<World> Beside(string? socket = null, bool ticks = true)
    {
        var world = new World(At, _folder, ownsFolder: false, Clock, socket, with: _with, ticks: ticks);
        await world.Connect();
        return world;
    }

    /// <summary>The server of a process of its own: what <see cref="Beside"/> is within one.</summary>
    public static async Task<World> Join(TestDatabase at, string folder, DateTimeOffset now)
    {
        var world = new World(at, folder, ownsFolder: false, new FakeTimeProvider(now));
        await world.Connect();
        return world;
    }

    /// <summary>A verb or a service, as the server itself is given it.</summary>
    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public Task Serve() => Application.OpenDoors(_app).StartAsync();

    public WritDb Open() => Database.Open();

    public async Task<T> Read<T>(Func<WritDb, Task<T>> read)
    {
        await using var db = Open();
        return await read(db);
    }

    /// <summary>Signs in as a person, made where there is none; one's groups and rights are those of the last call.</summary>
    public async Task<Caller> Person(string name, params string[] groups) => (await SignIn(new(name, false, null, groups, false, false, TimeSpan.FromHours(24)))).Caller;

    public Task<Caller> Developer(string name = "dana") => Person(name, "engineering");

    public Task<Caller> Reviewer(string name = "rae") => Person(name, "secops");

    public Task<Caller> Operator(string name = "olga") => Person(name, "ops");

    public async Task<Caller> Admin(string name = "ada", params string[] groups) =>
        (await SignIn(new(name, false, null, groups, true, false, TimeSpan.FromHours(24)))).Caller;

    public async Task<(Caller Caller, string Token)> SignIn(TokenAsk ask)
    {
        var created = (await new CreateToken(Writes).Create(ask)).ShouldBeOk();
        var caller = await Read(db => Tokens.Find(db, created.Text, Clock.GetUtcNow(), "192.0.2.7", default));
        return (caller.ShouldNotBeNull(), created.Text);
    }

    /// <summary>Asks, and shows that it is not refused.</summary>
    public async Task<RequestRow> Request(
        Caller caller, string command = Command, int uses = 1, TimeSpan? duration = null, DateTimeOffset? start = null, string? reason = "to look")
    {
        var asked = await Ask(caller, command, uses, duration, start, reason);
        var (request, denial) = asked.ShouldBeOk();
        denial.ShouldBeNull();
        return request;
    }

    public Task<Result<(RequestRow Request, Refusal? Denial)>> Ask(
        Caller caller, string command = Command, int uses = 1, TimeSpan? duration = null, DateTimeOffset? start = null, string? reason = "to look",
        string? key = null) =>
        Get<Ask>().Create(caller, new AskForAccess(command.Split(' '), reason, null, (duration ?? TimeSpan.FromHours(1)).TotalSeconds, uses, start), key);

    public Task<Result<RequestView>> Approve(Caller caller, RequestRow request, string? comment = null) => Decide(caller, request, approve: true, comment);

    public Task<Result<RequestView>> Deny(Caller caller, RequestRow request, string? comment = null) => Decide(caller, request, approve: false, comment);

    /// <summary>A grant of a developer's, by the whole way: asked, approved, minted.</summary>
    public async Task<(Caller Holder, GrantRow Grant)> Approved(int uses = 1, TimeSpan? duration = null, DateTimeOffset? start = null)
    {
        var holder = await Developer();
        var request = await Request(holder, uses: uses, duration: duration, start: start);
        (await Approve(await Reviewer(), request)).ShouldBeOk();
        return (holder, await GrantOf(request));
    }

    /// <summary>A grant that policy alone gives.</summary>
    public async Task<GrantRow> Granted(Caller @operator, int uses = 1, TimeSpan? duration = null, DateTimeOffset? start = null) =>
        await GrantOf(await Request(@operator, uses: uses, duration: duration, start: start));

    public Task<GrantRow> GrantOf(RequestRow request) => Read(db => db.Grants.AsNoTracking().SingleAsync(row => row.RequestId == request.Id));

    public Task<GrantRow> Now(GrantRow grant) => Read(db => db.Grants.AsNoTracking().SingleAsync(row => row.Id == grant.Id));

    public Task<RequestRow> Now(RequestRow request) => Read(db => db.Requests.AsNoTracking().SingleAsync(row => row.Id == request.Id));

    public Task<RunRow> Now(RunRow run) => Read(db => db.Runs.AsNoTracking().SingleAsync(row => row.Id == run.Id));

    public Task<Result<RunRow>> Start(Caller caller, GrantRow grant, string command = Command, string? key = null) =>
        Get<StartRun>().Start(caller, new(command.Split(' '), grant.Id.ToString(), Detach: true), key);

    /// <summary>A run of this grant that has begun.</summary>
    public async Task<RunRow> Running(Caller caller, GrantRow grant)
    {
        var run = (await Start(caller, grant)).ShouldBeOk();
        Runner.SayStarted(run.Id.ToString());
        await Eventually(async () => (await Now(run)).State == Writ.Core.RunState.Running, "the run does not begin");
        return await Now(run);
    }

    /// <summary>Asks for more time for it.</summary>
    public Task<Result<RequestView>> Extend(Caller caller, RunRow run, TimeSpan? more, string? key = null) =>
        Get<Writ.Server.Extensions.ExtendRun>().Extend(caller, run.Id.ToString(), new(more?.TotalSeconds, "it takes longer"), key, default);

    public Task Sweep() => Get<Sweep>().Once(default);

    /// <summary>Waits for what another task brings about.</summary>
    public static async Task Eventually(Func<Task<bool>> happened, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await happened())
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(20), what);
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_runner is not null)
            await _runner.DisposeAsync();
        if (Socket is not null)
            await _app.StopAsync();
        await _app.DisposeAsync();
        Database.Dispose();
        if (_ownsFolder)
            Directory.Delete(_folder, recursive: true);
    }

    private Task<Result<RequestView>> Decide(Caller caller, RequestRow request, bool approve, string? comment) =>
        Get<DecisionTurn>().Decide(caller, request.Id.ToString(), new(request.StatementDigest, comment), approve, default);

    private async Task Enrol()
    {
        var inventory = await Get<Inventories>().Keep(Writes, [Nmap()]);
        await Writes.Append(db =>
        {
            db.Runners.Add(new() { Id = RunnerId.New(Begin), Name = "staging-1", EnrolledAt = Begin, Version = "0", InventoryDigest = inventory.Digest() });
            return Task.CompletedTask;
        });
        await Connect();
    }

    private async Task Connect() =>
        _runner = new(await Read(db => db.Runners.AsNoTracking().SingleAsync()), Get<RunnerHub>(), Get<RunReports>(), Clock);

    /// <summary>Another runner with nmap, connected, whose runs are held by these.</summary>
    public async Task<ConnectedRunner> Another(string name, params string[] protections)
    {
        var tool = Nmap();
        tool.Protections.Clear();
        tool.Protections.Add(protections);
        return await Another(name, tool);
    }

    /// <summary>Another runner with this tool, connected.</summary>
    public async Task<ConnectedRunner> Another(string name, Tool tool)
    {
        var inventory = await Get<Inventories>().Keep(Writes, [tool]);
        var row = new RunnerRow { Id = RunnerId.New(Clock.GetUtcNow()), Name = name, EnrolledAt = Clock.GetUtcNow(), Version = "0", InventoryDigest = inventory.Digest() };
        await Writes.Append(db =>
        {
            db.Runners.Add(row);
            return Task.CompletedTask;
        });
        return new(row, Get<RunnerHub>(), Get<RunReports>(), Clock);
    }

    /// <summary>What the runner has.</summary>
    public static Tool Nmap()
    {
        var services = Encoding.ASCII.GetBytes("http\t80/tcp\t0.5\nssh\t22/tcp\t0.2\n");
        return new()
        {
            Name = "nmap", Path = "/usr/bin/nmap", Version = "7.93", Sha256 = new('0', 64),
            Files = { new ToolData { Name = "nmap-services", Sha256 = Sha256(services), Content = ByteString.CopyFrom(services) } },
            Protections = { Protections.FenceV4, Protections.FenceV6, Protections.Sandbox, Protections.Seccomp },
        };
    }

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
}
