using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Server.Traces;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>
/// Traces over very many runs: two thousand, times WRIT_TEST_SCALE. At 500 and more, which is a million, each must be answered in a tenth
/// of a second; what is measured goes to WRIT_TEST_REPORT.
/// </summary>
public abstract class TraceScaleTests(StorageEngine engine) : StorageTest(engine)
{
    private const int AtOne = 2_000, Million = 1_000_000, Chunk = 20_000;
    private static readonly DateTimeOffset Begin = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    [Fact]
    public async Task Trace_over_many_runs_finds_the_one_whatever_the_scopes_are()
    {
        var world = await Create();
        var auditor = (await world.SignIn(new("audrey", false, null, [], false, true, TimeSpan.FromHours(24)))).Caller;
        var history = new TraceHistory(auditor.Id, world.Runner.Row.Id);
        var all = TestScale.Times(AtOne);
        var random = new Random(7);
        var asked = new List<(string What, TraceQuestion Question, string? Expected)>();
        // Few grants of many runs; a scope each; all of them a /8 (every one is open to the address at some time); IPv6.
        foreach (var (shape, part, runs) in ((string, double, int)[])[("2,000 grants, 200 runs each", 0.4, 200), ("a scope each", 0.3, 1), ("all 10.0.0.0/8", 0.2, 1), ("IPv6", 0.1, 1)])
        {
            var grants = Math.Max(1, (int)(all * part) / runs);
            for (var i = 0; i < grants; i++)
            {
                var made = Grant(random, shape, runs);
                var (_, ids) = history.Add(made);
                if (i == grants / 2)
                    asked.AddRange(Questions(shape, made, ids[runs / 2].ToString(), made.Runs[runs / 2]));
                if (history.Rows.Count >= Chunk)
                    await Flush(world, history);
            }
        }

        await Flush(world, history);
        await world.Read(db => db.Database.ExecuteSqlRawAsync("ANALYZE"));
        asked.Add(("nothing, at a minute", Question("172.16.0.1", 22, Begin + (Year / 2)), null));
        asked.Add(("nothing, ever", Question("172.16.0.1", 22, null), null));

        var slowest = 0.0;
        var rounds = all > AtOne ? 9 : 1;
        foreach (var (what, question, expected) in asked)
        {
            var times = new List<double>();
            for (var round = 0; round < rounds; round++)
            {
                var began = TimeProvider.System.GetTimestamp();
                await using var db = world.Open();
                var view = await TraceViews.Load(db, auditor, question, await world.Get<TraceSearch>().Answer(db, auditor, question, Cancel), Cancel);
                times.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
                if (expected is not null)
                    view.Findings.ShouldContain(found => found.Kind == "did" && found.Run!.Id == expected, what);
                else if (question.Address.ToString()!.StartsWith("172", StringComparison.Ordinal))
                    view.Findings.ShouldBeEmpty(what);
            }

            times.Sort();
            slowest = Math.Max(slowest, times[rounds / 2]);
            Report(string.Create(CultureInfo.InvariantCulture, $"trace: {GetType().Name}, {all:N0} runs, {what}: {times[rounds / 2]:0.0} ms ({times[0]:0.0} to {times[^1]:0.0})"));
        }

        if (all >= Million)
            slowest.ShouldBeLessThan(100, "the slowest median in milliseconds");
    }

    private static IEnumerable<(string, TraceQuestion, string?)> Questions(string shape, MadeGrant made, string run, MadeRun of)
    {
        var address = made.Scope.Addresses.Ranges[0].First.ToString();
        yield return ($"{shape}, at a minute", Question(address, 22, of.Started), run);
        yield return ($"{shape}, that month", Question(address, 22, of.Started - TimeSpan.FromDays(15), TimeSpan.FromDays(30)), null);
        yield return ($"{shape}, ever", Question(address, 22, null), null);
        yield return ($"{shape}, from its source at a minute", Question(null, null, of.Started, from: of.Source.ToString()), run);
    }

    private static TraceQuestion Question(string? address, int? port, DateTimeOffset? at, TimeSpan? length = null, string? from = null) => TraceQuestion.Read(
        address, port, port is null ? null : "tcp", from, at, at is { } begin ? begin + (length ?? TimeSpan.FromMinutes(1)) : Begin + Year + Year, null, Begin).ShouldBeOk();

    private static MadeGrant Grant(Random random, string shape, int runs)
    {
        var from = Begin + (Year * random.NextDouble());
        var until = from + (runs > 1 ? TimeSpan.FromDays(30) : TimeSpan.FromMinutes(random.Next(5, 480)));
        var addresses = shape switch
        {
            "all 10.0.0.0/8" => new AddressRange(Address.V4(0x0a00_0000), Address.V4(0x0aff_ffff)),
            "IPv6" => AddressRange.Network(new(new UInt128(0x2001_0db8_0000_0000UL | (uint)random.Next(1 << 24), 0)), 64),
            _ => AddressRange.Network(Address.V4(0x0b00_0000 + ((uint)random.Next(1 << 16) << 8)), random.Next(24, 33)),
        };
        var made = Enumerable.Range(0, runs).Select(_ =>
        {
            var started = from + ((until - from) * random.NextDouble());
            var ended = started + TimeSpan.FromSeconds(random.Next(60, 300));
            ended = ended < until ? ended : until;
            return new MadeRun(Whole(started), Whole(ended), 100, Whole(ended), Address.V4(0x0a63_0100 + (uint)random.Next(250)), []);
        }).ToArray();
        return new(new(AddressSet.Of(addresses), PortSet.Of([((ushort)1, (ushort)1_000)]), PortSet.Empty, PortSet.Empty, true), Whole(from), Whole(until), runs == 1, made);
    }

    private static DateTimeOffset Whole(DateTimeOffset at) => UnixMicroseconds.ToInstant(UnixMicroseconds.From(at));

    private static async Task Flush(World world, TraceHistory history)
    {
        using var turn = await world.Database.TurnToWrite(Cancel);
        await using var db = world.Open();
        await BulkInsert.Into(db, history.Rows, Cancel);
        history.Rows.Clear();
    }

    private static void Report(string line)
    {
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("WRIT_TEST_REPORT") is { Length: > 0 } report)
            File.AppendAllText(report, line + "\n");
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : TraceScaleTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : TraceScaleTests(engine);
}
