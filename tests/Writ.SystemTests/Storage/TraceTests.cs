using System.Text.Json;
using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Runners;
using Writ.Contracts.Traces;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Server.Storage;
using Writ.Server.Traces;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Which runs touched an address: the index against a naive reading of everything, and what is written into it.</summary>
public abstract class TraceTests(StorageEngine engine) : StorageTest(engine)
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    [Fact]
    public async Task Answers_are_those_of_a_naive_reading_of_everything()
    {
        var world = await Create();
        var auditor = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Caller;
        var random = new Random(20260301);
        var history = new TraceHistory(auditor.Id, world.Runner.Row.Id);
        var made = new List<(MadeGrant Grant, GrantId Id, RunId[] Runs)>();
        for (var i = 0; i < 150; i++)
        {
            var grant = Any(random);
            var (id, runs) = history.Add(grant);
            made.Add((grant, id, runs));
        }

        await world.Writes.Append(db =>
        {
            db.AddRange(history.Rows);
            return Task.CompletedTask;
        });

        var found = new int[4];
        for (var round = 0; round < TestScale.Times(150); round++)
        {
            var question = Question(random, made);
            await using var db = world.Open();
            var answer = await world.Get<TraceSearch>().Answer(db, auditor, question, Cancel);
            answer.More.ShouldBe(answer.Gaps.Count == TraceSearch.MostGaps);
            var told = answer.Findings.ToDictionary(finding => finding.Run?.ToString() ?? finding.Grant.ToString(), finding => finding.Touch);
            told.ShouldBe(Naive(question, made), ignoreOrder: true, $"{question}");
            foreach (var touch in told.Values)
                found[(int)touch]++;
        }

        // The questions were worth asking.
        found[1..].Min().ShouldBeGreaterThan(0, string.Join(", ", found));
    }

    [Fact]
    public async Task What_a_runner_tells_is_answered_and_each_answer_is_an_entry()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 2);
        var run = (await world.Start(holder, grant)).ShouldBeOk();
        Tell(world, run, ["10.20.0.200"], shared: true);
        world.Runner.Say(new() { Drops = Drops(world, run, 5, ("10.30.0.77", 17, 161, 3), ("2001:db8::9", 58, 0, 1)) });
        var end = world.Runner.End(run.Id.ToString(), EndCause.Exited);
        (end.Fence, end.LastPacketAt) = (new() { Closed = true, Passed = 12, Refused = 9, Unlisted = 5 }, UnixMicroseconds.From(world.Clock.GetUtcNow()));
        world.Runner.Say(new() { Ended = end });
        await Ended(world, run);

        var auditor = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Caller;
        var did = (await Ask(world, auditor, "10.20.0.5", 22)).Findings.ShouldHaveSingleItem();
        (did.Kind, did.Run!.Id, did.Actor.Name, did.Purpose, did.PacketsPassed, did.SharedSource).ShouldBe(("did", run.Id.ToString(), "dana", "to look", 12, true));
        did.Sources.ShouldBe(["10.20.0.200"]);
        did.Approvals.Select(yes => yes.By!.Name).ShouldBe(["rae"]);
        did.Incomplete.ShouldHaveSingleItem().ShouldBe("5 packets out of scope went to destinations that were not listed one by one");
        // A port that is not in its plan, an address that is not, and two that it tried.
        (await Ask(world, auditor, "10.20.0.5", 443)).ShouldSatisfyAllConditions(
            none => none.Findings.ShouldBeEmpty(), none => none.Incomplete.ShouldHaveSingleItem().Run.ShouldBe(run.Id.ToString()), none => none.All.ShouldBeTrue());
        (await Ask(world, auditor, "10.20.0.6")).Findings.ShouldBeEmpty();
        var tried = (await Ask(world, auditor, "10.30.0.77", 161, "udp")).Findings.ShouldHaveSingleItem();
        (tried.Kind, tried.Refused.Single().Packets).ShouldBe(("tried", 3));
        (await Ask(world, auditor, "10.30.0.77", 161)).Findings.ShouldBeEmpty();
        (await Ask(world, auditor, "2001:db8::9")).Findings.ShouldHaveSingleItem().Refused.Single().Protocol.ShouldBe("icmp");
        (await Ask(world, auditor, null, from: "10.20.0.200")).Findings.ShouldHaveSingleItem().Kind.ShouldBe("did");
        (await Ask(world, auditor, "10.20.0.5", from: "10.20.0.201")).Findings.ShouldBeEmpty();

        // The right is open still, and unused tomorrow morning within its hour.
        world.Clock.Advance(TimeSpan.FromMinutes(30));
        var later = await Ask(world, auditor, "10.20.0.5", since: world.Clock.GetUtcNow() - TimeSpan.FromMinutes(10));
        (later.Findings.ShouldHaveSingleItem().Kind, later.Findings[0].Run, later.Findings[0].Grant).ShouldBe(("could", null, grant.Id.ToString()));

        // Others know of what they may know of alone.
        (await Ask(world, await world.Developer("dora"), "10.20.0.5")).ShouldSatisfyAllConditions(
            none => none.Findings.ShouldBeEmpty(), none => none.Incomplete.ShouldBeEmpty(), none => none.All.ShouldBeFalse());
        (await Ask(world, await world.Developer("dora"), null, from: "10.20.0.200")).Findings.ShouldBeEmpty();
        (await Ask(world, await world.Reviewer(), "10.20.0.5")).Findings.ShouldHaveSingleItem().Run!.Id.ShouldBe(run.Id.ToString());
        (await Ask(world, holder, "10.30.0.77")).Findings.ShouldHaveSingleItem().Kind.ShouldBe("tried");
    }

    [Fact]
    public async Task Trace_over_the_api_is_recorded_and_is_not_answered_where_it_cannot_be()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved();
        (await world.Start(holder, grant)).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        var auditor = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Token;
        var (socket, home) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"));
        var server = Keep(await world.Beside(socket));
        await server.Serve();

        var (code, output) = await TamperTests.Type(socket, auditor, home, "trace", "10.20.0.5:22", "--from", "192.0.2.1");
        (code, output.Contains("nothing that went through Writ touched it then", StringComparison.Ordinal)).ShouldBe((0, true), output);
        var view = JsonSerializer.Deserialize((await TamperTests.Type(socket, auditor, home, "trace", "10.20.0.5:22", "--format", "json")).Output, WritJson.Default.TraceView)!;
        view.Findings.ShouldHaveSingleItem().Kind.ShouldBe("could");
        var entries = await world.Read(db => db.AuditEntries.Where(row => row.Type == AuditType.TraceAnswered).OrderBy(row => row.Id).Select(row => row.Bytes).ToListAsync());
        entries.Count.ShouldBe(2);
        var told = JsonDocument.Parse(entries[1]).RootElement;
        (told.GetProperty("address").GetString(), told.GetProperty("port").GetInt32(), told.GetProperty("told")[0].GetString()).ShouldBe(("10.20.0.5", 22, view.Findings[0].Run!.Id));
        foreach (var (words, why) in ((string[], string)[])[(["trace", "web1.staging"], "is no address with a port"), (["trace", "10.20.0.5", "--at", "25:99"], "is no moment"), (["trace"], "no address is named")])
            (await TamperTests.Type(socket, auditor, home, words)).ShouldSatisfyAllConditions(typed => typed.Code.ShouldBe(2), typed => typed.Output.ShouldContain(why));

        await world.Writes.Append(db => db.Database.ExecuteSqlRawAsync("ALTER TABLE audit_entries RENAME TO gone"));
        (code, output) = await TamperTests.Type(socket, auditor, home, "trace", "10.20.0.5:22");
        (code, output.Contains("run_", StringComparison.Ordinal)).ShouldBe((1, false), output);
    }

    [Fact]
    public async Task Index_that_is_filled_from_the_log_is_the_one_that_was_written()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 3);
        foreach (var lost in (bool[])[false, true])
        {
            var run = (await world.Start(holder, grant)).ShouldBeOk();
            Tell(world, run, ["10.20.0.200", "2001:db8::1"], shared: lost);
            world.Runner.Say(new() { Drops = Drops(world, run, 0, ("10.30.0.77", 17, 161, 3)) });
            world.Clock.Advance(TimeSpan.FromSeconds(10));
            world.Runner.Say(new() { Drops = Drops(world, run, 2, ("10.30.0.77", 17, 161, 4), ("10.30.0.78", 6, 80, 1)) });
            if (!lost)
            {
                var end = world.Runner.End(run.Id.ToString(), EndCause.Exited);
                (end.Fence, end.LastPacketAt) = (new() { Closed = true, Passed = 12, Refused = 7 }, UnixMicroseconds.From(world.Clock.GetUtcNow()));
                world.Runner.Say(new() { Ended = end });
                await Ended(world, run);
            }
        }

        await World.Eventually(async () => await world.Read(db => db.Refused.CountAsync()) == 4, "the runner is not heard");
        world.Clock.Advance(TimeSpan.FromHours(3));
        await world.Sweep();
        await world.Granted(await world.Operator());
        var written = await Index(world);
        written.Length.ShouldBeGreaterThan(10);

        // As a database was before there was an index; and a server that was killed half-way.
        await world.Writes.Append(async db =>
        {
            await db.Traces.ExecuteDeleteAsync();
            await db.Refused.ExecuteDeleteAsync();
            await db.Runs.ExecuteUpdateAsync(set => set.SetProperty(row => row.Sources, Array.Empty<string>()).SetProperty(row => row.HasSharedSource, false)
                .SetProperty(row => row.PacketsPassed, (long?)null).SetProperty(row => row.LastPacketAt, (DateTimeOffset?)null).SetProperty(row => row.RefusedUnlisted, 0).SetProperty(row => row.IsRecordingWhole, (bool?)null));
            await db.Grants.ExecuteUpdateAsync(set => set.SetProperty(row => row.IsTraced, false));
        });
        await Should.ThrowAsync<OperationCanceledException>(() => FillTraces.Run(world.Database, new CancellationToken(true)));
        (await Outcomes.AtOnce(2, _ => FillTraces.Run(world.Database, Cancel))).Sum().ShouldBe(2);
        (await Index(world)).ShouldBe(written);
        (await FillTraces.Run(world.Database, Cancel)).ShouldBe(0);
    }

    private static Task<string[]> Index(World world) => world.Read(async db => (string[])
    [
        .. (await db.Traces.AsNoTracking().ToListAsync()).Select(row => JsonSerializer.Serialize(row)).Order(StringComparer.Ordinal),
        .. (await db.Refused.AsNoTracking().ToListAsync()).Select(row => JsonSerializer.Serialize(row)).Order(StringComparer.Ordinal),
        .. (await db.Runs.AsNoTracking().OrderBy(row => row.Id).ToListAsync())
            .Select(row => JsonSerializer.Serialize(new { row.Id, row.Sources, row.HasSharedSource, row.PacketsPassed, row.LastPacketAt, row.RefusedUnlisted, row.IsRecordingWhole })),
        .. (await db.Grants.AsNoTracking().OrderBy(row => row.Id).ToListAsync()).Select(row => $"{row.Id} {row.IsTraced}"),
    ]);

    private static void Tell(World world, RunRow run, string[] sources, bool shared)
    {
        var now = UnixMicroseconds.From(world.Clock.GetUtcNow());
        var addresses = sources.Select(text => Address.TryParse(text, out var address) ? address : throw new FormatException(text)).ToList();
        world.Runner.Say(new() { Accepted = new() { Run = run.Id.ToString(), At = now } });
        world.Runner.Say(new()
        {
            Started = new()
            {
                Run = run.Id.ToString(), At = now, Argv = { "nmap" }, Sandbox = "none", SharedSource = shared, Sources = { addresses.Select(address => ByteString.CopyFrom(address.ToBytes())) },
                Fence = $"netdev: wr-12345-1 {string.Join(' ', sources)}{(shared ? " of the uplink" : "")}",
            },
        });
    }

    private static Drops Drops(World world, RunRow run, long uncounted, params (string Address, uint Protocol, uint Port, long Count)[] drops) => new()
    {
        Run = run.Id.ToString(), At = UnixMicroseconds.From(world.Clock.GetUtcNow()), Uncounted = uncounted,
        Drops_ =
        {
            drops.Select(drop => new Drop
            {
                Address = ByteString.CopyFrom((Address.TryParse(drop.Address, out var address) ? address : throw new FormatException(drop.Address)).ToBytes()),
                Protocol = drop.Protocol, Port = drop.Port, Count = drop.Count,
            }),
        },
    };

    private static Task Ended(World world, RunRow run) => World.Eventually(async () => (await world.Now(run)).EndedAt is not null, "the run does not end");

    private static async Task<TraceView> Ask(
        World world, Caller caller, string? address, int? port = null, string? protocol = null, string? from = null, DateTimeOffset? since = null)
    {
        var question = TraceQuestion.Read(address, port, protocol ?? (port is null ? null : "tcp"), from, since, null, null, world.Clock.GetUtcNow().AddSeconds(1)).ShouldBeOk();
        await using var db = world.Open();
        return await TraceViews.Load(db, caller, question, await world.Get<TraceSearch>().Answer(db, caller, question, Cancel), Cancel);
    }

    // Few addresses and ports, so that questions meet grants; ranges that are no networks; both families; any length of time.
    private static MadeGrant Any(Random random)
    {
        var ranges = Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
        {
            var first = AnyAddress(random);
            var most = (uint)random.Next(random.Next(1, 200));
            return new AddressRange(first, new(first.Bits + most));
        });
        var addresses = random.Next(8) == 0 ? AddressSet.Of(new AddressRange(Address.V4(0x0a00_0000), Address.V4(0x0aff_ffff))) : AddressSet.Of(ranges);
        var ports = PortSet.OfPorts((ushort)random.Next(20, 30));
        var scope = random.Next(3) == 0 ? new NetworkScope(addresses, PortSet.Empty, ports, PortSet.Empty, false) : new NetworkScope(addresses, ports, PortSet.Empty, PortSet.Empty, true);
        var from = Begin + (Month * random.NextDouble());
        var until = from + TimeSpan.FromSeconds(Math.Pow(10, 1 + (random.NextDouble() * 5)));
        var runs = Enumerable.Range(0, random.Next(4)).Select(_ =>
        {
            var started = from + ((until - from) * random.NextDouble());
            var ended = started + ((until - started) * random.NextDouble());
            var passed = random.Next(5) switch { 0 => (long?)null, 1 => 0, _ => 10 };
            var last = passed is > 0 ? started + ((ended - started) * random.NextDouble()) : (DateTimeOffset?)null;
            var tried = Enumerable.Range(0, random.Next(3)).Select(_ => new MadeTry(AnyAddress(random), random.Next(2) == 0 ? 6 : 17, random.Next(20, 24), Whole(started + ((ended - started) * random.NextDouble())))).ToArray();
            return new MadeRun(Whole(started), Whole(ended), passed, last is { } at ? Whole(at) : null, Address.V4(0x0a63_0100 + (uint)random.Next(4)), tried);
        }).ToArray();
        return new(scope, Whole(from), Whole(until), random.Next(2) == 0 && runs.Length > 0, runs);
    }

    private static Address AnyAddress(Random random) => random.Next(4) == 0
        ? new(new UInt128(0x2001_0db8_0000_0000, (ulong)random.Next(300)))
        : Address.V4(0x0a14_0000 + (uint)random.Next(600));

    private static TraceQuestion Question(Random random, List<(MadeGrant Grant, GrantId Id, RunId[] Runs)> made)
    {
        var (grant, _, _) = made[random.Next(made.Count)];
        Address? to = random.Next(3) switch
        {
            0 => AnyAddress(random),
            1 when grant.Runs.SelectMany(run => run.Tried).ToList() is { Count: > 0 } tried => tried[random.Next(tried.Count)].Address,
            _ => grant.Scope.Addresses.Ranges[0].First,
        };
        ushort? port = random.Next(2) == 0 ? (ushort)random.Next(20, 30) : null;
        Address? from = random.Next(4) == 0 ? Address.V4(0x0a63_0100 + (uint)random.Next(4)) : null;
        if (from is not null && random.Next(2) == 0)
            (to, port) = (null, null);
        DateTimeOffset? since = random.Next(5) == 0 ? null : grant.NotBefore + ((grant.NotAfter - grant.NotBefore) * random.NextDouble());
        var until = since is { } begin ? begin + TimeSpan.FromSeconds(random.Next(1, 100_000)) : Begin + (Month * 3);
        return new(to, port, port is null ? null : random.Next(3) == 0 ? 17 : 6, from, since is { } at ? Whole(at) : null, Whole(until), 100_000);
    }

    private static DateTimeOffset Whole(DateTimeOffset at) => UnixMicroseconds.ToInstant(UnixMicroseconds.From(at));

    // Everything, one by one, by the words of the documents.
    private static Dictionary<string, Touch> Naive(TraceQuestion question, List<(MadeGrant Grant, GrantId Id, RunId[] Runs)> made)
    {
        var touched = new Dictionary<string, Touch>(StringComparer.Ordinal);
        foreach (var (grant, id, runs) in made)
        {
            var inScope = question.Address is not { } to || (grant.Scope.Addresses.Ranges.Any(range => range.First <= to && to <= range.Last)
                && (question.Port is not { } port || (question.Protocol == 6 ? grant.Scope.Tcp : grant.Scope.Udp).Contains(port)));
            var used = false;
            foreach (var (run, runId) in grant.Runs.Zip(runs))
            {
                if (question.From is { } source && run.Source != source)
                    continue;
                var end = run.Passed is null ? grant.NotAfter : run.Ended;
                var tried = run.Tried.Any(each => (question.Address is not { } address || each.Address == address) && (question.Port is not { } port || (each.Port == port && each.Protocol == question.Protocol))
                    && Overlaps(each.At - TimeSpan.FromSeconds(11), each.At));
                var touch = inScope && run.Passed != 0 && Overlaps(run.Started, run.LastPacket ?? end) ? Touch.Did
                    : tried ? Touch.Tried
                    : inScope && Overlaps(run.Started, end) ? Touch.Could
                    : Touch.None;
                if (touch != Touch.None)
                    touched[runId.ToString()] = touch;
                used |= touch != Touch.None;
            }

            if (inScope && question.From is null && !used && !grant.IsUsedUp && Overlaps(grant.NotBefore, grant.NotAfter))
                touched[id.ToString()] = Touch.Could;
        }

        return touched;

        bool Overlaps(DateTimeOffset from, DateTimeOffset to) => from < question.Until && (question.Since is null || question.Since <= to);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : TraceTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : TraceTests(engine);
}
