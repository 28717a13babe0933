using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Core.Audit;
using Writ.Core.Results;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Server.Runs;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>What a run found: taken in with its digest, kept as hosts and ports, shown, and compared with another run's.</summary>
public abstract class ResultsTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Head = """<?xml version="1.0"?><nmaprun version="7.93" start="1772442000"><scaninfo type="connect" protocol="tcp" numservices="2" services="22,80"/>""";
    private const string Tail = """<runstats><finished time="1772442010" exit="success"/></runstats></nmaprun>""";

    private static string Host(string ssh, string http) => $"""
        <host endtime="1772442005"><status state="up" reason="user-set"/><address addr="10.20.0.5" addrtype="ipv4"/><ports>
        <port protocol="tcp" portid="22"><state state="{ssh}" reason="{(ssh == "filtered" ? "no-response" : "syn-ack")}"/><service name="ssh" product="OpenSSH&#x9b;2J"/></port>
        <port protocol="tcp" portid="80"><state state="{http}" reason="{(http == "filtered" ? "no-response" : "conn-refused")}"/><service name="http"/></port></ports></host>
        """;

    [Fact]
    public async Task Results_are_kept_as_hosts_and_ports_beside_the_bytes_that_the_tool_wrote()
    {
        var world = await Create();
        var (olga, token) = await world.SignIn(new("olga", false, null, ["ops"], false, false, TimeSpan.FromHours(24)));
        var grant = await world.Granted(olga, uses: 9);
        var xml = Encoding.UTF8.GetBytes(Head + Host("open", "closed") + Tail);
        var first = await Ended(world, (await world.Start(olga, grant)).ShouldBeOk(), xml);
        var second = await Ended(world, (await world.Start(olga, grant)).ShouldBeOk(), Encoding.UTF8.GetBytes(Head + Host("closed", "open") + Tail));
        var digest = Convert.ToHexStringLower(SHA256.HashData(xml));
        (await world.Entries(AuditType.RunEnded))[0]["results"].ShouldNotBeNull().ShouldContain(digest);

        // The rows answer who found what where, without any XML.
        var address = Address.TryParse("10.20.0.5", out var parsed) ? parsed.ToBytes() : [];
        (await world.Read(db => db.ResultPorts.AsNoTracking().Where(row => row.Address == address && row.Port == 80 && row.State == "open").ToListAsync()))
            .ShouldHaveSingleItem().RunId.ShouldBe(second.Id);

        var (socket, home) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"));
        await using var server = await world.Beside(socket);
        await server.Serve();
        Task<(int Code, string Output)> Type(params string[] line) => TamperTests.Type(socket, token, home, line);
        var (code, told) = await Type("results", first.Id.ToString());
        code.ShouldBe(0, told);
        told.ShouldContain("1 host up, 1 open port");
        told.ShouldContain("22/tcp  open    ssh   OpenSSH\\x9b2J");
        told.ShouldNotContain("\u009b");
        (await Type("results", first.Id.ToString(), "--format", "xml")).ShouldBe((0, Encoding.UTF8.GetString(xml)));
        (await Type("results", first.Id.ToString(), "--format", "json")).Output.ShouldContain(digest);

        (code, told) = await Type("diff", first.Id.ToString(), second.Id.ToString(), "--exit-code");
        (code, told).ShouldBe((1, """
            - 10.20.0.5  22/tcp  closed, was open ssh OpenSSH\x9b2J
            + 10.20.0.5  80/tcp  open http

            1 opened, 1 closed, 0 changed

            """));
        (await Type("diff", first.Id.ToString(), first.Id.ToString(), "--exit-code")).ShouldBe((0, "no difference\n"));
        (await Type("diff", first.Id.ToString(), second.Id.ToString())).Code.ShouldBe(0);

        // Nobody who may not know of the run.
        var (_, stranger) = await world.SignIn(new("mallory", false, null, [], false, false, TimeSpan.FromHours(24)));
        (await TamperTests.Type(socket, stranger, home, "results", first.Id.ToString())).Output.ShouldContain("there is no run");
        (await TamperTests.Type(socket, stranger, home, "diff", first.Id.ToString(), second.Id.ToString())).Code.ShouldBe(1);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Bytes_that_come_again_are_kept_once_and_others_than_those_of_the_end_never()
    {
        var world = await Create();
        var olga = await world.Operator();
        var xml = Encoding.UTF8.GetBytes(Head + Host("open", "closed") + Tail);
        var run = await Ended(world, (await world.Start(olga, await world.Granted(olga))).ShouldBeOk(), xml, handBack: false);
        (await world.Get<ShowResults>().Show(olga, run.Id.ToString(), Cancel)).Refusal.Code.ShouldBe(ErrorCode.WrongState);
        (await HandBack(world, run, [.. xml[..^1], 0])).ShouldBeFalse();

        // A server that died in the middle left some of the rows.
        await world.Writes.Append(db =>
        {
            db.ResultPorts.Add(new() { RunId = run.Id, Address = new byte[16], Protocol = "tcp", Port = 1, State = "open" });
            return Task.CompletedTask;
        });
        (await HandBack(world, run, xml)).ShouldBeTrue();
        (await HandBack(world, run, xml)).ShouldBeTrue();
        var shown = (await world.Get<ShowResults>().Show(olga, run.Id.ToString(), Cancel)).ShouldBeOk();
        shown.Hosts.ShouldHaveSingleItem().Ports.Count.ShouldBe(2);
        shown.OpenPorts.ShouldBe(1);
    }

    [Fact]
    public async Task Cut_run_tells_what_it_found_and_that_the_rest_was_not_measured()
    {
        var world = await Create();
        var olga = await world.Operator();
        var run = (await world.Start(olga, await world.Granted(olga))).ShouldBeOk();
        // The rule's budget dropped packets since the third second.
        var fence = new FenceEnd { Closed = true, OverBudget = 7, DegradedAt = UnixMicroseconds.From(DateTimeOffset.FromUnixTimeSeconds(1772442003)) };
        var ended = await Ended(world, run, Encoding.UTF8.GetBytes(Head + Host("open", "filtered")), EndCause.KillOrder, fence);
        var shown = (await world.Get<ShowResults>().Show(olga, ended.Id.ToString(), Cancel)).ShouldBeOk();
        (shown.Cut, shown.Complete, shown.NotMeasuredHosts).ShouldBe((true, false, "0"));
        shown.Hosts[0].Ports.Select(port => (port.State, port.Said)).ShouldBe([("open", null), (NotMeasured.State, "filtered")]);

        // And one that had not come to its only host.
        var other = await Ended(world, (await world.Start(olga, await world.Granted(olga))).ShouldBeOk(), Encoding.UTF8.GetBytes(Head), EndCause.Deadline);
        var nothing = (await world.Get<ShowResults>().Show(olga, other.Id.ToString(), Cancel)).ShouldBeOk();
        (nothing.Hosts.Count, nothing.NotMeasuredHosts).ShouldBe((0, "1"));
        nothing.NotMeasured.ShouldBe(["10.20.0.5"]);
        var diff = (await world.Get<ShowResults>().Diff(olga, ended.Id.ToString(), other.Id.ToString(), Cancel)).ShouldBeOk();
        (diff.Opened, diff.Closed, diff.Changed, diff.NotMeasured).ShouldBe((0, 0, 0, 1));
    }

    [Fact]
    public async Task What_a_cut_run_did_not_measure_is_a_command_on_just_that()
    {
        const string Command = "nmap -sT -Pn -n -p 22,80 10.20.0.4-7";
        var world = await Create();
        var olga = await world.Operator();
        var grant = await world.GrantOf(await world.Request(olga, Command, uses: 9));
        async Task<RestView> Rest(byte[] xml, EndCause cause, FenceEnd? fence = null) =>
            (await world.Get<ShowRest>().Show(olga, (await Ended(world, (await world.Start(olga, grant, Command)).ShouldBeOk(), xml, cause, fence)).Id.ToString(), Cancel)).ShouldBeOk();

        // It told of one host of four; what it told of another was after packets had been dropped.
        var cut = await Rest(Encoding.UTF8.GetBytes(Head + Host("open", "closed")), EndCause.Deadline);
        (cut.Hosts, string.Join(' ', cut.Command)).ShouldBe(("3", "nmap -sT -Pn -n -p 22,80 10.20.0.4 10.20.0.6/31"));
        var fence = new FenceEnd { Closed = true, OverBudget = 7, DegradedAt = UnixMicroseconds.From(DateTimeOffset.FromUnixTimeSeconds(1772442003)) };
        (await Rest(Encoding.UTF8.GetBytes(Head + Host("open", "filtered")), EndCause.KillOrder, fence)).Hosts.ShouldBe("4");
        // Nothing is left of one that came to its end, and nothing was asked by looking.
        var whole = await Rest(Encoding.UTF8.GetBytes(Head + Host("open", "closed") + Tail), EndCause.Exited);
        (whole.Hosts, whole.Command.Count).ShouldBe(("0", 0));
        (await world.Read(db => db.Requests.CountAsync(Cancel))).ShouldBe(1);
        // What is left can be asked for as it stands.
        (await world.Ask(olga, string.Join(' ', cut.Command))).ShouldBeOk().Denial.ShouldBeNull();
        (await world.Get<ShowRest>().Show(await world.Developer("dora"), (await world.Read(db => db.Runs.AsNoTracking().FirstAsync(Cancel))).Id.ToString(), Cancel)).ShouldBeRefused(ErrorCode.NotFound);
    }

    [Fact]
    public async Task Hostile_bytes_are_kept_and_told_as_what_they_are()
    {
        var world = await Create();
        var olga = await world.Operator();
        var grant = await world.Granted(olga, uses: 4);
        foreach (var (hostile, trouble) in new[]
                 {
                     ("<?xml version='1.0'?><!DOCTYPE nmaprun [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><nmaprun version='&b;'/>", "it ends or cannot be read"),
                     (Head + string.Concat(Enumerable.Repeat("<a>", 10_000)), "its elements lie too deep"),
                     ("\u0000\u0001 not xml at all", "it ends or cannot be read"),
                 })
        {
            var bytes = Encoding.UTF8.GetBytes(hostile);
            var run = await Ended(world, (await world.Start(olga, grant)).ShouldBeOk(), bytes);
            var shown = (await world.Get<ShowResults>().Show(olga, run.Id.ToString(), Cancel)).ShouldBeOk();
            (shown.Complete, shown.XmlBytes).ShouldBe((false, bytes.Length));
            shown.Trouble!.ShouldStartWith(trouble);
        }
    }

    /// <summary>A run that has ended with these results, which its runner has handed back.</summary>
    internal static async Task<RunRow> Ended(
        World world, RunRow run, byte[] xml, EndCause cause = EndCause.Exited, FenceEnd? fence = null, bool handBack = true)
    {
        var id = run.Id.ToString();
        world.Runner.SayStarted(id);
        var ended = world.Runner.End(id, cause);
        ended.Fence = fence;
        ended.Outputs.Add(new OutputFile { Path = "/live/xml", Bytes = xml.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(xml)), Cut = cause != EndCause.Exited });
        world.Runner.Say(new() { Ended = ended });
        await World.Eventually(() => Task.FromResult(world.Runner.EndAcks.Contains(id)), "the end is acknowledged");
        if (handBack)
            (await HandBack(world, run, xml)).ShouldBeTrue();
        return await world.Now(run);
    }

    private static Task<bool> HandBack(World world, RunRow run, byte[] xml) => world.Get<RunFiles>().Take(run.RunnerId, run.Id.ToString(), "/live/xml", xml, Cancel);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : ResultsTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : ResultsTests(engine);
}
