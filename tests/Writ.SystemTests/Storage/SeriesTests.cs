using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Contracts.Series;
using Writ.Contracts.Templates;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Series;
using Writ.Proof;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Audit;
using Writ.Server.Grants;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Series;
using Writ.Server.Storage;
using Writ.Server.Streams;
using Writ.Server.Users;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Series: people decide once, each run is started when it is due and once, and a series stops where what was decided is not what is there.</summary>
public abstract class SeriesTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Sweep = """
        version: 1
        template: sweep
        description: looks at a host
        command: [nmap, -sT, -Pn, -p, "22,80", "{host}"]
        parameters:
          host: { value: host, zones: [staging] }

        """;

    private const string Nightly = """
          - id: by-night
            roles: [developer, nightly]
            zones: [staging]
            templates: [sweep]
            recurring: true
            approval: { from: [reviewer], count: 1 }
          - id: on-call
            roles: [developer]
            zones: [staging]
            tools: { nmap: any }
            break-glass: true

        """;

    private const string Web = "web1.example";

    /// <summary>Two o'clock in Berlin; a world begins at ten there.</summary>
    private static readonly DateTimeOffset First = new(2026, 3, 3, 1, 0, 0, TimeSpan.Zero);

    private static string Rules { get; } = World.Policy.Replace("staging: { addresses: [10.20.0.0/24] }", "staging: { addresses: [10.20.0.0/24], owners: [reviewer] }", StringComparison.Ordinal) + Nightly;

    private static SeriesAsk Every { get; } = new("0 2 * * *", "Europe/Berlin", new(2026, 12, 31, 0, 0, 0, TimeSpan.Zero));

    private static async Task Apply(World world, string rules, string template = Sweep) =>
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Files: [new("rules.yaml", rules), new("sweep.yaml", template)]), Cancel)).ShouldBeOk();

    private async Task<World> Opened()
    {
        var world = await Create();
        await Apply(world, Rules);
        world.Runner.Names![Web] = ["10.20.0.5"];
        return world;
    }

    private static Task<Result<(RequestRow Request, Refusal? Denial)>> Ask(World world, Caller caller, SeriesAsk? series = null, string host = Web, double? seconds = null, string? key = null) =>
        world.Get<Ask>().Create(caller, new(Reason: "every night", Template: new("sweep", new Dictionary<string, string> { ["host"] = host }), DurationSeconds: seconds, Series: series ?? Every), key, Cancel);

    /// <summary>A series that rae decided on.</summary>
    private static async Task<(Caller Dana, RequestRow Request, SeriesRow Series)> Begun(World world, Caller? who = null, SeriesAsk? every = null)
    {
        var dana = who ?? await world.Developer();
        var (request, denial) = (await Ask(world, dana, every)).ShouldBeOk();
        denial.ShouldBeNull();
        (await world.Approve(await world.Reviewer(), request)).ShouldBeOk().State.ShouldBe("approved");
        return (dana, request, await world.Read(db => db.Series.AsNoTracking().SingleAsync(row => row.RequestId == request.Id)));
    }

    private static Task Turn(World world, DateTimeOffset? at = null)
    {
        if (at is { } then)
            world.Clock.SetUtcNow(then);
        return world.Get<SeriesClock>().Once(Cancel);
    }

    private static Task<List<OccurrenceRow>> Occurrences(World world) => world.Read(db => db.Occurrences.AsNoTracking().OrderBy(row => row.DueAt).ToListAsync());

    private static Task<SeriesRow> Now(World world, SeriesRow series) => world.Read(db => db.Series.AsNoTracking().SingleAsync(row => row.Id == series.Id));

    private static async Task<RunRow> Ended(World world, OccurrenceRow occurrence)
    {
        var run = await world.Read(db => db.Runs.AsNoTracking().SingleAsync(row => row.Id == occurrence.RunId));
        world.Runner.SayStarted(run.Id.ToString());
        world.Runner.Say(new() { Ended = world.Runner.End(run.Id.ToString(), EndCause.Exited) });
        await World.Eventually(async () => AccessLifecycle.Runs.IsFinal((await world.Now(run)).State), "the run does not end");
        return run;
    }

    [Fact]
    public async Task People_decide_once_and_each_night_has_a_run_of_its_own()
    {
        var world = await Opened();
        var (dana, request, series) = await Begun(world);
        (series.State, series.NextAt).ShouldBe((SeriesState.Active, First));
        (await world.Read(db => db.Grants.CountAsync())).ShouldBe(0, "there is no standing right");
        (await world.Get<Writ.Server.Runs.StartRun>().Start(dana, new(request.Command, Detach: true), null)).ShouldBeRefused(ErrorCode.NoGrant);

        await Turn(world, First.AddSeconds(-1));
        (await Occurrences(world)).ShouldBeEmpty();
        await Turn(world, First);
        await Turn(world, First.AddSeconds(1));
        var first = (await Occurrences(world)).ShouldHaveSingleItem();
        (first.DueAt, first.Outcome).ShouldBe((First, OccurrenceOutcome.Started));
        var run = await Ended(world, first);
        (run.Detached, run.ActorId, run.Deadline).ShouldBe((true, dana.Id, First + TimeSpan.FromMinutes(30)));

        var order = RunOrder.Read(run.OrderBytes).Value;
        var statement = Statement.Read(order.Statement).Value;
        SeriesCheck.Wrong(order, statement).ShouldBeNull();
        order.Series.ShouldNotBeNull().Statement.ShouldBe(request.Statement);
        order.Series.Decisions.ShouldHaveSingleItem().By.ShouldBe((await world.Reviewer()).Id.ToString());
        (statement.Occurrence!.Series, statement.Occurrence.At).ShouldBe((series.Id.ToString(), UnixMicroseconds.From(First)));
        var types = await world.Read(db => db.AuditEntries.Where(row => row.Correlation == run.RequestId).OrderBy(row => row.Id).Select(row => row.Type).ToListAsync());
        types.Take(8).ShouldBe([AuditType.RequestCreated, AuditType.RequestEvaluated, AuditType.DecisionMade, AuditType.GrantIssued, AuditType.GrantConsumed, AuditType.GrantEnded, AuditType.RunOrdered, AuditType.SeriesOccurred]);
        var decision = (await world.Entries(AuditType.DecisionMade)).Last();
        (decision["by"], decision["series"], decision["decided"], decision["rules"]).ShouldBe(("policy", series.Id.ToString(), request.StatementDigest, "[\"by-night\"]"));
        // More time would be a right that nobody decided on.
        (await world.Extend(dana, run, TimeSpan.FromMinutes(1))).IsOk.ShouldBeFalse();

        // Clocks are set forward on the 29th: what was two o'clock is an hour earlier from then on.
        for (var day = First.AddDays(1); day < new DateTimeOffset(2026, 3, 31, 12, 0, 0, TimeSpan.Zero); day = (await Now(world, series)).NextAt!.Value)
        {
            await Turn(world, day);
            await Ended(world, (await Occurrences(world))[^1]);
        }

        var all = await Occurrences(world);
        (all.Count, all.Count(row => row.Outcome == OccurrenceOutcome.Started)).ShouldBe((29, 29));
        all.TakeLast(3).Select(row => row.DueAt.ToString("dd HH:mm", null)).ShouldBe(["29 01:00", "30 00:00", "31 00:00"]);
        (await world.Read(db => db.Grants.Select(row => row.UsesGranted).Distinct().ToListAsync())).ShouldBe([1]);
        var view = (await ShowSeries.View(world.Open(), world.Get<RequestAccess>(), dana, series.Id.ToString(), Cancel)).ShouldBeOk();
        (view.State, view.Occurrences[0].Outcome, view.Occurrences[0].RunState, view.Next.Count).ShouldBe(("active", "started", "exited", 3));
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Only_rules_for_series_give_one_and_nobody_decides_on_their_own()
    {
        var world = await Opened();
        var (dana, rae) = (await world.Developer(), await world.Person("rae", "secops", "engineering"));
        (await Ask(world, await world.Operator())).ShouldBeOk().Denial.ShouldNotBeNull().Reasons!.ShouldContain(reason => reason.Contains("no recurring rule", StringComparison.Ordinal));
        (await world.Get<Ask>().Create(dana, new(Template: new("sweep", new Dictionary<string, string> { ["host"] = Web })), null, Cancel)).ShouldBeOk().Request.Series.ShouldBeNull();
        var own = (await Ask(world, rae)).ShouldBeOk().Request;
        (await world.Approve(rae, own)).ShouldBeRefused(ErrorCode.OwnRequest);
        var (ci, _) = await world.SignIn(new("ci-nightly", true, "rae", [], false, false, TimeSpan.FromHours(8)));
        var hers = (await Ask(world, ci)).ShouldBeOk().Request;
        (await world.Approve(rae, hers)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Get<NarrowRequest>().Narrow(await world.Person("rob", "secops"), hers.Id.ToString(), new(hers.StatementDigest, DurationSeconds: 60), Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await world.Approve(await world.Person("rob", "secops"), hers)).ShouldBeOk();
        var series = await world.Read(db => db.Series.AsNoTracking().SingleAsync());
        (series.ActorId, series.OwnerId).ShouldBe((ci.Id, rae.Id));
        Statement.Read(hers.Statement).Value.Series!.Owner.Name.ShouldBe("rae");

        // A new policy that asks for more voids what was said, and the series stays one.
        var waits = (await Ask(world, dana)).ShouldBeOk().Request;
        await Apply(world, Rules.Replace("recurring: true\n    approval: { from: [reviewer], count: 1 }", "recurring: true\n    approval: { from: [reviewer], count: 2 }", StringComparison.Ordinal));
        var revised = await world.Now(waits);
        var (before, after) = (Statement.Read(waits.Statement).Value.Series!, Statement.Read(revised.Statement).Value.Series.ShouldNotBeNull());
        (revised.Revision, after with { Template = before.Template }).ShouldBe((2, before));
        after.Template.Values.ShouldBe(before.Template.Values);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task What_is_no_series_is_refused()
    {
        var world = await Opened();
        var dana = await world.Developer();
        var now = world.Clock.GetUtcNow();
        foreach (var (wrong, code) in new[]
        {
            (Every with { Cron = "* * * * *" }, ErrorCode.InvalidInput), (Every with { Cron = "0 2 * *" }, ErrorCode.InvalidInput), (Every with { TimeZone = "Berlin" }, ErrorCode.InvalidInput),
            (Every with { Until = now }, ErrorCode.InvalidInput), (Every with { Until = now.AddHours(1) }, ErrorCode.InvalidInput), (Every with { Until = now.AddDays(365).AddSeconds(1) }, ErrorCode.DurationTooLong),
            (Every with { Until = DateTimeOffset.MaxValue }, ErrorCode.DurationTooLong), (Every with { Cron = null! }, ErrorCode.InvalidInput), (Every with { TimeZone = null! }, ErrorCode.InvalidInput),
        })
            (await Ask(world, dana, wrong)).ShouldBeRefused(code);
        (await Ask(world, dana, Every with { Until = now.AddDays(365) })).ShouldBeOk().Denial.ShouldBeNull();
        var use = new TemplateAsk("sweep", new Dictionary<string, string> { ["host"] = Web });
        foreach (var wrong in new[]
        {
            new AskForAccess(World.Command.Split(' '), "x", Series: Every), new AskForAccess(Template: use, Uses: 2, Series: Every), new AskForAccess(Template: use, Start: now.AddHours(1), Series: Every),
            new AskForAccess(Template: use, BreakGlass: true, Series: Every),
        })
            (await world.Get<Ask>().Create(dana, wrong, null, Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        (await Ask(world, (await world.SignIn(new("ci-nightly", true, null, [], false, false, TimeSpan.FromHours(8)))).Caller)).ShouldBeRefused(ErrorCode.Forbidden).Message.ShouldContain("no owner");
        (await Ask(world, dana with { OnBehalfOf = new((await world.Reviewer()).Id, "rae") })).ShouldBeRefused(ErrorCode.Forbidden);
        (await Ask(world, dana, seconds: 3_600)).ShouldBeOk().Denial!.Code.ShouldBe(ErrorCode.DurationTooLong);
        // The same key is the same series, and no other one.
        var once = (await Ask(world, dana, key: "k")).ShouldBeOk().Request;
        (await Ask(world, dana, key: "k")).ShouldBeOk().Request.Id.ShouldBe(once.Id);
        (await Ask(world, dana, Every with { Cron = "0 3 * * *" }, key: "k")).ShouldBeRefused(ErrorCode.IdempotencyConflict);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Two_servers_start_a_run_once()
    {
        var world = await Opened();
        var other = await Beside(world);
        other.Runner.Names![Web] = ["10.20.0.5"];
        var (_, _, series) = await Begun(world);
        for (var round = 0; round < TestScale.Times(8); round++)
        {
            var due = (await Now(world, series)).NextAt!.Value;
            world.Clock.SetUtcNow(due);
            await Outcomes.AtOnce(4, async number =>
            {
                await Turn(number % 2 == 0 ? world : other);
                return true;
            });
            var occurrences = await Occurrences(world);
            (occurrences.Count, occurrences[^1].Outcome).ShouldBe((round + 1, OccurrenceOutcome.Started));
            (await world.Read(db => db.Runs.CountAsync())).ShouldBe(round + 1);
            var last = occurrences[^1].RunId;
            var run = await world.Read(db => db.Runs.AsNoTracking().SingleAsync(row => row.Id == last));
            other.Runner.SayStarted(run.Id.ToString());
            other.Runner.Say(new() { Ended = other.Runner.End(run.Id.ToString(), EndCause.Exited) });
            await World.Eventually(async () => AccessLifecycle.Runs.IsFinal((await world.Now(run)).State), "the run does not end");
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task What_is_late_missed_overlapping_or_without_a_runner_is_said_and_not_made_up_for()
    {
        var world = await Opened();
        var (_, _, series) = await Begun(world, every: Every with { Cron = "0 * * * *" });
        var at = (await Now(world, series)).NextAt!.Value;

        await Turn(world, at.AddMinutes(14));
        await Turn(world, at.AddHours(1));
        // Nobody was there for three hours and a half.
        await Turn(world, at.AddHours(5).AddMinutes(20));
        // Its runner is away, and comes back in time; and then it does not.
        await Ended(world, (await Occurrences(world))[0]);
        world.Runner.Leave();
        await Turn(world, at.AddHours(6));
        await Turn(world, at.AddHours(6).AddMinutes(10));
        (await Now(world, series)).WaitsFor.ShouldBe("its runner is not connected");
        await Turn(world, at.AddHours(6).AddMinutes(15));

        var all = await Occurrences(world);
        all.Select(row => (row.Outcome, row.Further)).ShouldBe([(OccurrenceOutcome.Late, 0), (OccurrenceOutcome.Overlapping, 0), (OccurrenceOutcome.Missed, 3), (OccurrenceOutcome.NoRunner, 0)]);
        all.Select(row => row.DueAt).ShouldBe([at, at.AddHours(1), at.AddHours(2), at.AddHours(6)]);
        var run = await world.Read(db => db.Runs.AsNoTracking().SingleAsync());
        run.Deadline.ShouldBe(at.AddMinutes(44), "it lasts as long as one in time");
        var now = await Now(world, series);
        (now.State, now.NextAt).ShouldBe((SeriesState.Active, at.AddHours(7)));
        (await Told(world)).ShouldBe([
            $"A run of dana's series of nmap was left out: overlapping, {run.Id} is still live", "A run of dana's series of nmap was left out: missed, no server started it in time",
            "A run of dana's series of nmap was left out: no-runner, its runner is not connected",
        ]);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Runner_that_is_back_within_the_grace_starts_late()
    {
        var world = await Opened();
        var (_, _, series) = await Begun(world);
        world.Runner.Leave();
        await Turn(world, First);
        var back = await Beside(world);
        back.Runner.Names![Web] = ["10.20.0.5"];
        await Turn(back, First.AddMinutes(3));
        var late = (await Occurrences(world)).ShouldHaveSingleItem();
        (late.Outcome, late.Message).ShouldBe((OccurrenceOutcome.Late, "its runner is not connected"));
        await World.Eventually(() => Task.FromResult(back.Runner.Orders.Count() == 1), "the runner gets no order");
        (await Now(world, series)).WaitsAt.ShouldBeNull();
        await world.ShouldBalance();
    }

    [Theory]
    [InlineData("policy")]
    [InlineData("template")]
    [InlineData("withdrawn")]
    [InlineData("targets")]
    [InlineData("tool")]
    [InlineData("approver")]
    [InlineData("denial")]
    public async Task What_is_not_what_was_decided_suspends_until_it_is_decided_anew(string what)
    {
        var world = await Opened();
        var (dana, _, series) = await Begun(world);
        switch (what)
        {
            case "policy":
                await Apply(world, Rules.Replace("recurring: true\n    approval: { from: [reviewer], count: 1 }", "recurring: true\n    max-disconnected: 10s\n    approval: { from: [reviewer], count: 1 }", StringComparison.Ordinal));
                break;
            case "template":
                await Apply(world, Rules, Sweep.Replace("22,80", "22,443", StringComparison.Ordinal));
                break;
            case "withdrawn":
                await Apply(world, Rules.Replace("templates: [sweep]", "templates: [other]", StringComparison.Ordinal), Sweep.Replace("template: sweep", "template: other", StringComparison.Ordinal), withdraw: true);
                break;
            case "targets":
                world.Runner.Names![Web] = ["10.20.0.77", "10.30.0.5"];
                break;
            case "tool":
                await OtherInventory(world, "7.95");
                break;
            case "approver":
                await world.Person("rae");
                break;
            default:
                await Apply(world, Rules + World.NoMoreStaging[World.Policy.Length..]);
                break;
        }

        await Turn(world, First);
        (await Occurrences(world)).ShouldHaveSingleItem().Outcome.ShouldBe(OccurrenceOutcome.Suspended);
        var now = await Now(world, series);
        (now.State, now.NextAt, now.SuspendedBy).ShouldBe((SeriesState.Suspended, null, null));
        (await world.Read(db => db.Runs.CountAsync())).ShouldBe(0);
        (await world.Entries(AuditType.SeriesSuspended)).ShouldHaveSingleItem()["reason"].ShouldBe(now.Reason);
        foreach (var who in new[] { dana, await world.Person("rob", "secops"), await world.Admin() })
            (await world.Get<ResumeSeries>().Resume(who, series.Id.ToString(), null, Cancel)).ShouldBeRefused(ErrorCode.WrongState).Message.ShouldContain("has changed");
        (await Told(world)).ShouldHaveSingleItem().ShouldStartWith($"dana's series of nmap is suspended: {now.Reason![..20]}");
        await Turn(world, First.AddDays(1));
        (await Occurrences(world)).Count.ShouldBe(1);
        await world.ShouldBalance();
    }

    /// <summary>What a channel hears.</summary>
    private static async Task<string[]> Told(World world)
    {
        await world.Get<Sequencer>().Integrate(Cancel);
        await using var db = world.Open();
        var rows = await db.AuditEntries.AsNoTracking().OrderBy(row => row.Position).ToListAsync(Cancel);
        return [.. (await Writ.Server.Chat.ChatMessages.Of(db, rows, StreamForm.Slack, new("https://writ.example"), buttons: false, Cancel)).Select(message => JsonNode.Parse(message.Json)!["text"]!.GetValue<string>())];
    }

    [Fact]
    public async Task What_changes_nothing_of_the_answer_suspends_nothing()
    {
        var world = await Opened();
        var (_, _, series) = await Begun(world);
        await Apply(world, Rules + "  - { id: more, roles: [operator], zones: [production], tools: { nmap: any }, approval: none }\n");
        world.Runner.Names![Web] = ["10.20.0.5", "10.20.0.6"];
        await OtherInventory(world, "7.93", "dig");
        await Turn(world, First);
        var started = (await Occurrences(world)).ShouldHaveSingleItem();
        started.Outcome.ShouldBe(OccurrenceOutcome.Started, started.Message);
        (await Now(world, series)).State.ShouldBe(SeriesState.Active);
        var run = await world.Read(db => db.Runs.AsNoTracking().SingleAsync());
        var order = RunOrder.Read(run.OrderBytes).Value;
        SeriesCheck.Wrong(order, Statement.Read(order.Statement).Value).ShouldBeNull("the order is of the runner's inventory of now");
        Statement.Read(order.Statement).Value.Names!.ShouldHaveSingleItem().Addresses.ShouldBe(["10.20.0.5"], "it talks to what was decided");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task People_hold_up_let_go_on_and_end_what_is_theirs_to()
    {
        var world = await Opened();
        var (dana, _, series) = await Begun(world);
        var (rae, stranger) = (await world.Reviewer(), await world.Operator());
        var id = series.Id.ToString();
        (await world.Get<SuspendSeries>().Suspend(stranger, id, null, Cancel)).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Get<ResumeSeries>().Resume(dana, id, null, Cancel)).ShouldBeRefused(ErrorCode.WrongState);

        // The requester holds it up, and lets it go on; what came meanwhile is not made up for.
        (await world.Get<SuspendSeries>().Suspend(dana, id, "a freeze", Cancel)).ShouldBeOk().MayResume.ShouldBeTrue();
        await Turn(world, First.AddHours(1));
        (await world.Get<ResumeSeries>().Resume(dana, id, null, Cancel)).ShouldBeOk().Next[0].ShouldBe(First.AddDays(1));
        (await Occurrences(world)).ShouldBeEmpty();
        // What a reviewer holds up the requester does not let go on; another reviewer does.
        (await world.Get<SuspendSeries>().Suspend(rae, id, "why is this", Cancel)).ShouldBeOk();
        (await world.Get<ResumeSeries>().Resume(dana, id, null, Cancel)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await world.Get<ResumeSeries>().Resume(await world.Person("rob", "secops"), id, "it is well", Cancel)).ShouldBeOk().State.ShouldBe("active");

        await Turn(world, First.AddDays(1));
        var run = await world.Read(db => db.Runs.AsNoTracking().SingleAsync());
        world.Runner.SayStarted(run.Id.ToString());
        (await world.Get<EndSeries>().End(dana, id, "no longer needed", Cancel)).ShouldBeOk().State.ShouldBe("ended");
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Killed, "the run goes on");
        (await world.Get<EndSeries>().End(dana, id, null, Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await world.Get<SuspendSeries>().Suspend(dana, id, null, Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        await Turn(world, First.AddDays(2));
        (await Occurrences(world)).Count.ShouldBe(1);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Every_change_of_a_series_is_one_of_the_table()
    {
        var world = await Opened();
        var (dana, _, series) = await Begun(world);
        var id = series.Id.ToString();
        foreach (var state in Enum.GetValues<SeriesState>())
        {
            async Task<SeriesState> After(Func<Task> what)
            {
                await world.Writes.Append(db => db.Series.ExecuteUpdateAsync(set => set
                    .SetProperty(row => row.State, state).SetProperty(row => row.NextAt, First.AddDays(9)).SetProperty(row => row.SuspendedBy, dana.Id)));
                await what();
                return (await Now(world, series)).State;
            }

            (await After(() => world.Get<SuspendSeries>().Suspend(dana, id, null, Cancel))).ShouldBe(AccessLifecycle.Series.Next(state, SeriesEvent.Suspend) ?? state, $"suspend {state}");
            (await After(() => world.Get<ResumeSeries>().Resume(dana, id, null, Cancel))).ShouldBe(AccessLifecycle.Series.Next(state, SeriesEvent.Resume) ?? state, $"resume {state}");
            (await After(() => world.Get<EndSeries>().End(dana, id, null, Cancel))).ShouldBe(AccessLifecycle.Series.Next(state, SeriesEvent.End) ?? state, $"end {state}");
            var before = (await Occurrences(world)).Count;
            await After(async () =>
            {
                await world.Writes.Append(db => db.Series.ExecuteUpdateAsync(set => set.SetProperty(row => row.NextAt, world.Clock.GetUtcNow().AddSeconds((int)state))));
                await Turn(world, world.Clock.GetUtcNow().AddSeconds(10));
            });
            ((await Occurrences(world)).Count - before).ShouldBe(AccessLifecycle.Series.Next(state, SeriesEvent.Occur) is null ? 0 : 1, $"occur {state}");
        }
    }

    [Theory]
    [InlineData("actor")]
    [InlineData("owner")]
    [InlineData("end date")]
    public async Task Series_of_somebody_who_is_gone_or_whose_end_has_come_is_over(string what)
    {
        var world = await Opened();
        var olaf = await world.Person("olaf");
        var (ci, _) = await world.SignIn(new("ci-nightly", true, "olaf", [], false, false, TimeSpan.FromHours(8)));
        var (_, _, series) = await Begun(world, ci, Every with { Until = First.AddDays(2).AddMinutes(1) });
        if (what == "end date")
        {
            for (var day = 0; day < 3; day++)
            {
                await Turn(world, First.AddDays(day));
                await Ended(world, (await Occurrences(world))[^1]);
            }

            (await Now(world, series)).NextAt.ShouldBeNull();
            await Turn(world, First.AddDays(2).AddMinutes(1));
            (await Occurrences(world)).Count.ShouldBe(3);
        }
        else
        {
            await world.Get<DisableUser>().Disable(what == "actor" ? ci.Id : olaf.Id, AuditActor.System, "left", null);
            await Turn(world, First);
            (await Occurrences(world)).ShouldBeEmpty();
        }

        (await Now(world, series)).State.ShouldBe(SeriesState.Ended);
        (await world.Read(db => db.Series.AsNoTracking().SingleAsync())).EndedAt.ShouldNotBeNull();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Broken_glass_holds_its_runs_up_until_it_is_reviewed()
    {
        var world = await Opened();
        var (dana, _, series) = await Begun(world);
        var broken = (await world.Get<Ask>().Create(dana, new(World.Command.Split(' '), "it is down", BreakGlass: true), null, Cancel)).ShouldBeOk().Request;
        var second = (await Ask(world, await world.Developer("dora"))).ShouldBeOk().Request;
        await Turn(world, First);
        var held = (await Occurrences(world)).ShouldHaveSingleItem();
        (held.Outcome, held.Message!.StartsWith("dana broke the glass", StringComparison.Ordinal)).ShouldBe((OccurrenceOutcome.HeldUp, true));
        (await Now(world, series)).ShouldSatisfyAllConditions(row => row.State.ShouldBe(SeriesState.Active), row => row.NextAt.ShouldBe(First.AddDays(1)));
        (await world.Get<ReviewGrant>().Review(await world.Reviewer(), (await world.GrantOf(broken)).Id.ToString(), new(true, "it was"), Cancel)).ShouldBeOk();
        await Turn(world, First.AddDays(1));
        (await Occurrences(world))[^1].Outcome.ShouldBe(OccurrenceOutcome.Started);
        second.Series.ShouldNotBeNull();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task What_fails_on_the_way_leaves_nothing_of_the_run_and_is_not_tried_twice()
    {
        var world = await Opened();
        var (dana, _, series) = await Begun(world);
        // Everything was taken from her on this server, and the database could not be written.
        (await world.Get<Takings>().Bar(dana.Id, _ => throw new IOException("the disk is full"))).ShouldBeFalse();
        await Turn(world, First);
        var failed = (await Occurrences(world)).ShouldHaveSingleItem();
        (failed.Outcome, failed.RunId).ShouldBe((OccurrenceOutcome.Failed, null));
        (await world.Read(db => db.Requests.CountAsync(row => row.DueAt != null))).ShouldBe(0, "neither request nor grant");
        (await world.Read(db => db.Grants.CountAsync())).ShouldBe(0);
        await Turn(world, First.AddMinutes(1));
        (await Occurrences(world)).Count.ShouldBe(1);
        (await Now(world, series)).NextAt.ShouldBe(First.AddDays(1));
    }

    [Fact]
    public async Task Hours_of_a_rule_hold_for_each_run()
    {
        var world = await Create();
        string Within(string hours) => Rules.Replace("recurring: true", $"recurring: true\n    when: {{ hours: \"{hours}\", tz: Europe/Berlin }}", StringComparison.Ordinal);
        await Apply(world, Within("01:00-02:20"));
        world.Runner.Names![Web] = ["10.20.0.5"];
        var dana = await world.Developer();
        (await Ask(world, dana, Every with { Cron = "0 2,3 * * *" })).ShouldBeRefused(ErrorCode.InvalidInput).Message.ShouldContain("outside of the hours");
        // Until the clocks are set forward, when two o'clock is three.
        var (_, _, series) = await Begun(world, dana, Every with { Until = new(2026, 3, 28, 0, 0, 0, TimeSpan.Zero) });
        await Turn(world, First);
        (await world.Read(db => db.Runs.AsNoTracking().SingleAsync())).Deadline.ShouldBe(First.AddMinutes(20));
        await Ended(world, (await Occurrences(world))[0]);
        (await Now(world, series)).State.ShouldBe(SeriesState.Active);
        await world.ShouldBalance();
    }

    private static async Task Apply(World world, string rules, string template, bool withdraw) =>
        (await world.Get<ApplyPolicy>().Apply(await world.Admin(), new(Files: [new("rules.yaml", rules), new("sweep.yaml", template)], Withdraw: withdraw), Cancel)).ShouldBeOk();

    /// <summary>The runner has been brought up to date.</summary>
    private static async Task OtherInventory(World world, string nmap, string? beside = null)
    {
        var tool = World.Nmap();
        tool.Version = nmap;
        Tool[] tools = beside is null ? [tool] : [tool, new Tool { Name = beside, Path = $"/usr/bin/{beside}", Version = "9", Sha256 = new('1', 64) }];
        var digest = (await world.Get<Writ.Server.Runners.Inventories>().Keep(world.Writes, tools)).Digest();
        await world.Writes.Append(db => db.Runners.ExecuteUpdateAsync(set => set.SetProperty(row => row.InventoryDigest, digest)));
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : SeriesTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : SeriesTests(engine);
}
