using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Contracts;
using Writ.Contracts.Requests;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.SystemTests.Databases;
using Writ.SystemTests.Runner.Fences;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// A whole Writ of real processes: a server, a runner whose tools run in the lab's network and nowhere else, and people
/// who type <c>writ</c>. ada is admin and has every role, dana is a developer, sam and sue are security engineers, bob is
/// both.
/// </summary>
internal sealed class House : IAsyncDisposable
{
    /// <summary>What this runner may ever reach. <c>annex</c> is outside, on purpose; <c>nowhere</c> has no route.</summary>
    private static readonly string[] Ceiling = ["10.20.0.0/24", "2001:db8:20::/64", "10.30.0.0/24", "10.50.0.0/24"];

    private static readonly (string Name, string[] Groups)[] People =
        [("ada", ["engineering", "secops"]), ("dana", ["engineering"]), ("sam", ["secops"]), ("sue", ["secops"]), ("bob", ["engineering", "secops"])];

    /// <summary>The addresses from which the runs of this house come.</summary>
    private string[] Pool { get; } = Lab.Pool();

    private readonly Dictionary<string, string> _tokens = [];
    private readonly List<HouseProcess> _processes = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 200 }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly string _folder;
    private readonly bool _smallDisk;
    private readonly Uri _address;
    private readonly Uri _runnerDoor;
    private HouseProcess? _server;
    private HouseProcess? _runner;
    private int _target;
    private int _brittle;
    private int _gentle;

    private House(HouseDatabase database, string folder, bool smallDisk)
    {
        (Database, _folder, _smallDisk) = (database, folder, smallDisk);
        (_address, _runnerDoor) = (new($"http://127.0.0.1:{FreePort()}"), new($"https://127.0.0.1:{FreePort()}"));
    }

    public HouseDatabase Database { get; }

    /// <summary>Where people type.</summary>
    public string Folder => _folder;

    public string ServerData => Path.Combine(_folder, "server");

    public string RunnerData => Path.Combine(_folder, "runner");

    /// <summary>The tool: a copy of the real Nmap, so that a test can change it.</summary>
    public string Tool => Path.Combine(_folder, "nmap");

    public Uri RunnerDoor => _runnerDoor;

    /// <summary>What the next server is started with beside the usual.</summary>
    public string[] ServerOptions { get; set; } = [];

    /// <summary>Where people and browsers find the server.</summary>
    public Uri Address => _address;

    public HouseProcess Runner => _runner ?? throw new InvalidOperationException("no runner was started");

    /// <summary>The database's engine and version, as the server tells.</summary>
    public string Engine { get; private set; } = "";

    public static string Policy { get; } = """
        version: 1
        roles:
          developer:         { groups: [engineering] }
          security-engineer: { groups: [secops] }
        zones:
          staging:    { addresses: [10.20.0.0/25, "2001:db8:20::/64"] }
          quarantine: { addresses: [10.20.0.120/30] }
          brittle:    { addresses: [10.20.0.128/25] }
          production: { addresses: [10.30.0.0/25] }
          gentle:     { addresses: [10.30.0.128/25] }
          annex:      { addresses: [10.40.0.0/24] }
          nowhere:    { addresses: [10.50.0.0/24] }
        rules:
          - id: developers-scan-staging
            roles: [developer]
            zones: [staging, quarantine]
            tools: { nmap: { techniques: [ping, connect, version], ports: "1-10000", max-timing: 4, max-hosts: 32 } }
            max-duration: 30m
            max-uses: 100
            require: [reason]
            approval: { from: [security-engineer], count: 1 }
          - id: developers-scan-production
            roles: [developer]
            zones: [production]
            tools: { nmap: { techniques: [ping, connect], ports: "1-10000" } }
            approval: { from: [security-engineer], count: 2 }
          - id: secops-self-serve
            roles: [security-engineer]
            zones: [staging, annex, nowhere]
            tools: { nmap: any }
            max-duration: 1h
            max-uses: 100
            approval: none
          - id: secops-scan-brittle
            roles: [security-engineer]
            zones: [brittle]
            tools: { nmap: any }
            max-disconnected: 2s
            approval: none
          - id: secops-scan-gently
            roles: [security-engineer]
            zones: [gentle]
            tools: { nmap: any }
            budget: { packets: 150, bytes: 1MB, violations: 10 }
            approval: none
        tests:
          - as: { user: dana, groups: [engineering] }
            command: nmap -sT -p 22,80 10.20.0.5
            for: 30m
            reason: a test
            expect: require-approval
            by: developers-scan-staging

        """;

    /// <summary>The lab's namespace: without it nothing is started, since a tool would reach the host's own network.</summary>
    public static string NetworkNamespace => Namespace;

    private static string Namespace
    {
        get
        {
            var name = Environment.GetEnvironmentVariable("WRIT_LAB_RUNNER_NETNS");
            if (string.IsNullOrEmpty(name) || !File.Exists($"/run/netns/{name}"))
                throw new InvalidOperationException("WRIT_LAB_RUNNER_NETNS names no network of a lab: run lab/up; ./test does so by itself");
            return name;
        }
    }

    public static string Program(string name) => Path.Combine(
        Environment.GetEnvironmentVariable("WRIT_DIST") ?? throw new InvalidOperationException("WRIT_DIST names no folder with writ, writ-server and writ-runner; ./test sets it"),
        name);

    /// <summary>Builds a house from nothing, by the same steps as an operator.</summary>
    public static async Task<House> Build(HouseDatabase database, bool smallDisk = false)
    {
        _ = Namespace;
        var house = new House(database, Directory.CreateDirectory($"/var/tmp/writ-house-{Guid.CreateVersion7():n}").FullName, smallDisk);
        try
        {
            await house.Build();
            return house;
        }
        catch (Exception failed)
        {
            var said = house.Said();
            await house.DisposeAsync();
            throw new InvalidOperationException($"the house could not be built: {failed.Message}\n{said}", failed);
        }
    }

    private async Task Build()
    {
        Directory.CreateDirectory(ServerData);
        if (_smallDisk)
            await Commands.Run("mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "writ-test", ServerData);
        File.Copy("/usr/bin/nmap", Tool);

        // 1. The server, with people: the first by the program, the others by its verb, which is cheaper than five programs.
        await OnBox("init");
        var (_, firstGroups) = People[0];
        var starting = StartServer();
        _tokens["ada"] = await OnBox("token", ["create", "--actor", "ada", "--admin", .. firstGroups.SelectMany(group => new[] { "--group", group })]);
        await starting;
        using (var database = Database.Connection is { } connection ? Writ.Server.Storage.Database.Postgres(connection) : Writ.Server.Storage.Database.Sqlite(Path.Combine(ServerData, "writ.db")))
        {
            var create = new CreateToken(new(database, new SequencerBell(), TimeProvider.System));
            foreach (var (name, groups) in People.Skip(1))
                _tokens[name] = (await create.Create(new(name, false, null, groups, false, false, TimeSpan.FromHours(8)))).ShouldBeOk().Text;
        }

        (await Apply(Policy)).ShouldBeOk();

        // 2. The runner.
        var token = (await Type("ada", "runner", "enroll", "near")).ShouldBeOk().Text;
        (await Enrol(token, RunnerData)).ShouldBeOk();
        ChangeRunnerConfig(config => config["tools"]![0]!["path"] = Tool);
        await BeWhole();
    }

    /// <summary>Starts what is not there, and waits until the server takes calls and the runner is connected.</summary>
    public async Task BeWhole()
    {
        if (_server is not { HasExited: false })
            await StartServer();
        if (_runner is not { HasExited: false })
            _runner = Start("writ-runner", Program("writ-runner"), ["serve", "--data", RunnerData]);
        // The books may say so of the server before this one: it says it itself, too.
        await Until(async () => _server!.Said.Contains(" is connected", StringComparison.Ordinal)
            && (await As("ada").Get("/v1/runners", WritJson.Default.PageRunnerView)).Value?.Items.Any(runner => runner.Connected) == true, "the runner is not connected; it said: " + _runner!.Said);
    }

    public void KillServer()
    {
        _server?.Kill();
        _server = null;
    }

    public async Task StopRunner()
    {
        Runner.Signal(HouseProcess.Terminate);
        await Runner.End(15);
    }

    /// <summary>The runner's operator changes its configuration and starts it anew.</summary>
    public async Task RestartRunner(Action<JsonNode> change)
    {
        var before = TimesGone();
        await StopRunner();
        // Whoever waits for a runner next must not take the one that went for it.
        if (_server is { HasExited: false })
            await Until(() => Task.FromResult(TimesGone() > before), "the server does not notice that its runner went");
        ChangeRunnerConfig(change);
        _runner = Start("writ-runner", Program("writ-runner"), ["serve", "--data", RunnerData]);
    }

    private int TimesGone() => _server?.Said.Split(" is gone").Length ?? 0;

    private async Task StartServer()
    {
        _server = Start("writ-server", Program("writ-server"),
            ["serve", "--data", ServerData, "--urls", _address.ToString().TrimEnd('/'), "--runner-listen", _runnerDoor.ToString().TrimEnd('/'), .. ServerOptions],
            ("WRIT_DATABASE", Database.Connection));
        await Until(() =>
        {
            _server.HasExited.ShouldBeFalse(_server.Said);
            return Task.FromResult(_server.Error.Contains("ready on", StringComparison.Ordinal));
        }, "the server does not start", SecondsToStart);
        var ready = _server.Error.Split('\n').First(line => line.Contains("ready on", StringComparison.Ordinal));
        Engine = ready.Split('(', ')')[1].TrimEnd();
    }

    /// <summary>A verb of writ-server, on the box: its standard output.</summary>
    public async Task<string> OnBox(string verb, params string[] arguments)
    {
        using var process = HouseProcess.Start($"writ-server {verb}", _folder, Program("writ-server"), [verb, .. arguments, "--data", ServerData], ("WRIT_DATABASE", Database.Connection));
        (await process.End(30)).ShouldBe(0, process.Said);
        return Encoding.UTF8.GetString(process.Output).Trim();
    }

    /// <summary>A line of writ-server on the box, whatever comes of it.</summary>
    public async Task<Typed> TypeOnBox(params string[] line)
    {
        using var process = HouseProcess.Start($"writ-server {line[0]}", _folder, Program("writ-server"), line, ("WRIT_DATABASE", Database.Connection));
        return await new Typing($"writ-server {string.Join(' ', line)}", process).End(30);
    }

    /// <summary>A verb of writ-runner, on the runner's host. One that looks through all files of the disk takes as long as there are files.</summary>
    public async Task<Typed> OnRunnerHost(string verb, string[] arguments, string? data = null, string? token = null, int seconds = 30)
    {
        string[] line = [verb, .. arguments, "--data", data ?? RunnerData];
        using var process = HouseProcess.Start($"writ-runner {verb}", _folder, Program("writ-runner"), line, ("WRIT_ENROLL_TOKEN", token));
        return await new Typing($"writ-runner {string.Join(' ', line)}", process).End(seconds);
    }

    /// <summary>Enrols a runner with this token.</summary>
    public Task<Typed> Enrol(string token, string data) => OnRunnerHost("enroll",
        ["--server", _runnerDoor.ToString().TrimEnd('/'), "--network-namespace", Namespace, .. Pool.SelectMany(addresses => new[] { "--pool", addresses }), .. Ceiling.SelectMany(network => new[] { "--ceiling", network })], data, token);

    private void ChangeRunnerConfig(Action<JsonNode> change)
    {
        var path = Path.Combine(RunnerData, "runner.json");
        var config = JsonNode.Parse(File.ReadAllText(path), documentOptions: new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        change(config);
        config["network_namespace"]!.GetValue<string>().ShouldBe(Namespace);
        File.WriteAllText(path, config.ToJsonString());
    }

    /// <summary>Somebody types <c>writ …</c> and waits for its end.</summary>
    public async Task<Typed> Type(string actor, params string[] arguments)
    {
        using var typing = StartTyping(actor, arguments);
        return await typing.End();
    }

    /// <summary>Somebody types <c>writ …</c>.</summary>
    public Typing StartTyping(string actor, params string[] arguments) => StartTypingWith(TokenOf(actor), arguments);

    /// <summary>Somebody types <c>writ …</c> with a token of their own.</summary>
    public Typing StartTypingWith(string token, params string[] arguments)
    {
        var line = $"writ {string.Join(' ', arguments)}";
        return new(line, Start(line, Program("writ"), arguments, ("WRIT_SERVER", _address.ToString()), ("WRIT_TOKEN", token)));
    }

    /// <summary>Somebody types <c>writ …</c> at a terminal of their own, with 100 columns; what it shows is the output.</summary>
    public Typing StartTypingAtTerminal(string actor, params string[] arguments)
    {
        var line = $"writ {string.Join(' ', arguments)}";
        return new(line, Start(line, "/usr/bin/script", ["-qec", $"stty cols 100; exec {Program("writ")} {string.Join(' ', arguments)}", "/dev/null"],
            ("WRIT_SERVER", _address.ToString()), ("WRIT_TOKEN", TokenOf(actor)), ("TERM", "xterm"), ("LANG", "C.UTF-8")));
    }

    /// <summary>Somebody types the name of another program, which finds <c>writ</c>'s environment.</summary>
    public Typing StartTypingOther(string actor, string program, string[] arguments, params (string Name, string? Value)[] environment) =>
        new($"{program} {string.Join(' ', arguments)}", Start(program, program, arguments, [("WRIT_SERVER", _address.ToString()), ("WRIT_TOKEN", TokenOf(actor)), .. environment]));

    /// <summary>An actor at <c>/v1</c>.</summary>
    public Api As(string actor) => With(TokenOf(actor));

    /// <summary>Whoever holds this token, at <c>/v1</c>.</summary>
    public Api With(string token) => new(_http, _address, token);

    /// <summary>ada applies a policy.</summary>
    public async Task<Typed> Apply(string policy)
    {
        var file = Path.Combine(_folder, "policy.yaml");
        await File.WriteAllTextAsync(file, policy);
        return await Type("ada", "policy", "apply", file);
    }

    /// <summary>A file in the house.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>An address of staging that no test before had, so that no grant covers it.</summary>
    public string Target() => string.Create(CultureInfo.InvariantCulture, $"10.20.0.{1 + (Interlocked.Increment(ref _target) % 119)}");

    /// <summary>The same of the zone whose runs may be out of reach for two seconds only.</summary>
    public string BrittleTarget() => string.Create(CultureInfo.InvariantCulture, $"10.20.0.{129 + (Interlocked.Increment(ref _brittle) % 120)}");

    /// <summary>The same of the zone whose runs have a budget.</summary>
    public string GentleTarget() => string.Create(CultureInfo.InvariantCulture, $"10.30.0.{129 + (Interlocked.Increment(ref _gentle) % 120)}");

    /// <summary>A scan that takes minutes.</summary>
    public static string[] LongScan(string target) => ["nmap", "-n", "-Pn", "-v", "-sT", "--max-rate", "20", "-p", "1-9000", target];

    /// <summary>A scan that takes a moment.</summary>
    public static string[] ShortScan(string target) => ["nmap", "-n", "-Pn", "-sT", "-p", "22,25,80", target];

    /// <summary>A security engineer starts a long scan that goes on by itself; it has processes when this returns.</summary>
    public async Task<RunOnHost> Launch(string target, params string[] options)
    {
        var typed = await Type("sam", ["run", "--detach", .. options, "--", .. LongScan(target)]);
        return await OnHost(typed.ShouldBeOk().Text);
    }

    /// <summary>Where a run is in the runner's network, as its supervisor was told.</summary>
    public JsonElement PlaceOf(string run)
    {
        using var spec = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(RunnerData, "runs", run, "run.json")));
        return spec.RootElement.GetProperty("place").Clone();
    }

    /// <summary>Waits until the run has processes on the runner's host.</summary>
    public async Task<RunOnHost> OnHost(string run)
    {
        var folder = Path.Combine(RunnerData, "runs", run);
        await Until(() => Task.FromResult(File.Exists(Path.Combine(folder, "started"))), $"{run} was never started");
        var found = new RunOnHost(run, folder);
        await Until(() => Task.FromResult(found.Processes().Count > 1), $"{run} has no processes");
        return found;
    }

    /// <summary>The newest pending request for this target.</summary>
    public async Task<RequestView> Pending(string target)
    {
        RequestView? found = null;
        await Until(async () => (found = (await As("ada").Get("/v1/requests?state=pending&limit=200", WritJson.Default.PageRequestView)).Ok.Items
            .FirstOrDefault(request => request.Command.Contains(target))) is not null, $"nobody asked for {target}");
        return found!;
    }

    /// <summary>The run of this target that is live and has processes.</summary>
    public async Task<RunOnHost> Running(string target)
    {
        string? id = null;
        await Until(async () => (id = (await As("ada").Get("/v1/runs?state=running&limit=200", WritJson.Default.PageRunView)).Ok.Items
            .FirstOrDefault(run => run.Command.Contains(target))?.Id) is not null, $"nothing runs against {target}");
        return await OnHost(id!);
    }

    /// <summary>The run when it has ended, and its entry in the audit log.</summary>
    public async Task<(Writ.Contracts.Runs.RunView Run, JsonElement Entry)> Ended(string run, double withinSeconds = 10)
    {
        var view = await As("ada").Run(run);
        await Until(async () => (view = await As("ada").Run(run)).EndedAt is not null, $"{run} has not ended", withinSeconds);
        var entries = await As("ada").Audit(view.Request);
        return (view, entries.Single(entry => entry.Type() == "run.ended" && entry.Text("run") == run));
    }

    /// <summary>Its books, changed behind the server's back.</summary>
    public async Task Change(Func<Writ.Server.Storage.WritDb, Task> change)
    {
        using var database = Database.Connection is { } connection ? Writ.Server.Storage.Database.Postgres(connection) : Writ.Server.Storage.Database.Sqlite(Path.Combine(ServerData, "writ.db"));
        await using var db = database.Open();
        await change(db);
        await db.SaveChangesAsync();
    }

    public async Task FillDisk()
    {
        _smallDisk.ShouldBeTrue("only a small disk can be filled");
        await using var filler = File.Create(Path.Combine(ServerData, "filler"), 1);
        try
        {
            for (var piece = new byte[4096]; ;)
                await filler.WriteAsync(piece);
        }
        catch (IOException)
        {
            // Full, as it should be.
        }
    }

    public void FreeDisk() => File.Delete(Path.Combine(ServerData, "filler"));

    /// <summary>All that the processes said, those of <c>writ</c> included.</summary>
    public string Said()
    {
        lock (_processes)
            return string.Join('\n', _processes.Where(process => process.Said.Length > 0).Select(process => $"--- {process.Name} ({process.Id})\n{process.Said.TrimEnd()}"));
    }

    /// <summary>What was said until here is forgotten, except for the daemons.</summary>
    public void ForgetCommands()
    {
        lock (_processes)
            _processes.RemoveAll(process => process != _server && process != _runner);
    }

    /// <summary>A server compiles while it starts, and others do so beside it; no test is about how long that takes.</summary>
    public const double SecondsToStart = 60;

    public static async Task Until(Func<Task<bool>> condition, string otherwise, double seconds = 15)
    {
        for (var clock = Stopwatch.StartNew(); !await condition();)
        {
            if (clock.Elapsed.TotalSeconds > seconds)
                throw new ShouldAssertException($"{otherwise} (after {seconds} s)");
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_processes)
            _processes.ForEach(process => process.Dispose());
        EndRuns();
        _http.Dispose();
        await Database.Drop();
        if (_smallDisk)
            await Commands.Run("umount", "-l", ServerData);
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Runs outlive their daemon. With its supervisor, each ends.</summary>
    private void EndRuns()
    {
        var runs = Path.Combine(RunnerData, "runs");
        foreach (var mark in Directory.Exists(runs) ? Directory.GetDirectories(runs).Select(run => Path.Combine(run, "supervisor")).Where(File.Exists) : [])
        {
            using var supervisor = JsonDocument.Parse(File.ReadAllBytes(mark));
            var process = supervisor.RootElement.GetProperty("pid").GetInt32();
            try
            {
                // The number may mean another process by now: its command line names this very run.
                if (File.ReadAllText($"/proc/{process}/cmdline").Contains(Path.GetDirectoryName(mark)!, StringComparison.Ordinal))
                    _ = HouseProcess.SendSignal(process, 9);
            }
            catch (IOException)
            {
                // It has ended.
            }
        }
    }

    private HouseProcess Start(string name, string program, IEnumerable<string> arguments, params (string, string?)[] environment)
    {
        var process = HouseProcess.Start(name, _folder, program, arguments, environment);
        lock (_processes)
            _processes.Add(process);
        return process;
    }

    public string TokenOf(string actor)
    {
        lock (_tokens)
            return _tokens[actor];
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
