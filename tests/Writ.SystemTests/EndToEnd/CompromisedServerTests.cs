using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Writ.Contracts;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server;
using Writ.Server.Identity;
using Writ.Server.Runners;
using Writ.Server.Storage;
using Writ.SystemTests.Runner.Fences;
using Writ.SystemTests.Tools;
using Writ.Tests.Proof.Identity;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// Somebody has taken the server over, with its database and every key. Here they are that server: its data folder, its database, its
/// runners' door and its signature, and orders of their own. What they have not is the passkey of sue.
/// </summary>
[Collection(ApartOnSqliteCollection.Name)]
public sealed class CompromisedServerTests(ApartSqliteStreet houses) : EndToEndTest(houses)
{
    private const string Target = "10.20.0.124", Wider = "10.20.0.125";
    private static readonly TimeProvider Clock = TimeProvider.System;

    [Fact]
    public async Task Server_taken_over_with_database_and_keys_gets_no_packet_out_without_the_approvers_passkey()
    {
        (await House.Type("sam", ["run", "--", .. Scan(Target)])).ShouldBeOk();
        var honest = (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0].Id;
        var sue = (await House.As("sue").Get("/v1/whoami", WritJson.Default.WhoAmI)).Ok.Id;
        using var passkey = new SoftAuthenticator();
        House.KillServer();
        try
        {
            await using var taken = await Taken.Over(House, RunId.Parse(honest));

            // Without approvals of the runner's own, what the taken server signs is executed.
            var made = taken.Order(Target, uses: 2, (statement, now) => [new(sue, now, statement)]);
            var (state, packets) = await taken.Send(made, Target);
            (state, packets > 0).ShouldBe((RunState.Exited, true), taken.Said);

            await House.RestartRunner(config => config["approvals"] = new JsonObject
            {
                ["origin"] = SoftAuthenticator.Party.Origin,
                ["approvers"] = new JsonArray(new JsonObject { ["person"] = sue, ["name"] = "sue", ["keys"] = new JsonArray(Convert.ToBase64String(passkey.Key.Info)) }),
                ["zones"] = new JsonArray(new JsonObject { ["zone"] = "own", ["addresses"] = new JsonArray(Target, Wider), ["approvers"] = new JsonArray("sue"), ["count"] = 1 }),
            });
            await taken.Reached();

            // With them, nothing of it: not what policy is said to allow, nor a decision that is made up, nor one with a passkey that is.
            using var forged = new SoftAuthenticator();
            foreach (var (what, decide) in ((string, Func<string, long, OrderDecision[]>)[])
                     [
                         ("policy", (statement, now) => [new("policy", now, statement)]),
                         ("a decision", (statement, now) => [new(sue, now, statement)]),
                         ("a passkey of somebody else's", (statement, now) => [new(sue, now, statement, Passkey: forged.Approve(statement, now))]),
                     ])
            {
                (state, packets) = await taken.Send(taken.Order(Target, uses: 2, decide), Target);
                (state, packets).ShouldBe((RunState.Failed, 0), what);
            }

            // What sue approves is executed, as often as she approved and no more.
            var approved = taken.Order(Target, uses: 2, (statement, now) => [new(sue, now, statement, Passkey: passkey.Approve(statement, now))]);
            (state, packets) = await taken.Send(approved, Target);
            (state, packets > 0).ShouldBe((RunState.Exited, true), taken.Said);
            (state, packets) = await taken.Send(Taken.Again(approved), Target);
            (state, packets > 0).ShouldBe((RunState.Exited, true), $"the second use: {taken.Said}");
            (state, packets) = await taken.Send(Taken.Again(approved), Target);
            (state, packets).ShouldBe((RunState.Failed, 0), "a third use");

            // Nor does her yes carry another Target, or the same one as of another day.
            (state, packets) = await taken.Send(taken.Order(Wider, uses: 2, (statement, _) => [approved.Decisions[0] with { Statement = statement }]), Wider);
            (state, packets).ShouldBe((RunState.Failed, 0), "another Target");
            (state, packets) = await taken.Send(taken.Order(Target, uses: 3, (statement, now) =>
                [new(sue, now, statement, Passkey: passkey.Approve(statement, now - (86_400L * 1_000_000)))]), Target);
            (state, packets).ShouldBe((RunState.Failed, 0), "a yes of yesterday");
        }
        finally
        {
            await House.RestartRunner(config => config.AsObject().Remove("approvals"));
            await House.BeWhole();
            // The books say that the runner was there a moment ago: with the taken server.
            await House.Until(async () => (await House.Type("sam", ["run", "--", .. Scan(Target)])).Code == 0, "the house is not whole again");
        }
    }

    private static string[] Scan(string Target) => ["nmap", "-n", "-Pn", "-sT", "-p", "22", Target];

    /// <summary>The server in the attacker's hands.</summary>
    private sealed class Taken(WebApplication app, Database database, ServerKeys keys, RunRow honest) : IAsyncDisposable
    {
        private int _use = 1_000;

        /// <summary>What the runner said of the last order.</summary>
        public string? Said { get; private set; }

        public static async Task<Taken> Over(House house, RunId honest)
        {
            var database = house.Database.Connection is { } connection ? Database.Postgres(connection) : Database.Sqlite(Path.Combine(house.ServerData, "writ.db"));
            var keys = ServerKeys.Load(house.ServerData);
            var settings = new ServerSettings(house.ServerData, [$"unix://{Path.Combine(house.Folder, "taken.sock")}"], house.RunnerDoor.ToString().TrimEnd('/'), null);
            var app = Application.Build(settings, keys, database, Clock);
            await app.StartAsync(Cancel);
            await using var db = database.Open();
            var taken = new Taken(app, database, keys, await db.Runs.AsNoTracking().SingleAsync(row => row.Id == honest, Cancel));
            await taken.Reached();
            return taken;
        }

        private RunnerHub Hub => app.Services.GetRequiredService<RunnerHub>();

        private static long Now => UnixMicroseconds.From(Clock.GetUtcNow());

        public Task Reached() => House.Until(() => Task.FromResult(Hub.IsHere(honest.RunnerId)), "the runner does not come to the taken server");

        /// <summary>An order of the attacker's own for a statement of their own.</summary>
        public RunOrder Order(string to, int uses, Func<string, long, OrderDecision[]> decide)
        {
            var before = RunOrder.Read(honest.OrderBytes).Value;
            var said = Statement.Read(before.Statement).Value;
            var fence = before.Fence with { Addresses = [to] };
            var statement = (said with { Argv = [.. said.Argv!.SkipLast(1), to], Scope = said.Scope with { Addresses = [to] }, Uses = uses, LatestEnd = null, Start = null }).ToBytes();
            return Again(before with
            {
                Statement = statement, Argv = [.. before.Argv.SkipLast(1), to], Fence = fence, Zones = [new("own", [to])],
                Decisions = decide(Statement.DigestOf(statement), Now),
            });
        }

        /// <summary>The same signed anew, as if another use had been taken.</summary>
        public static RunOrder Again(RunOrder order) => order with
        {
            Run = RunId.New(Clock.GetUtcNow()).ToString(), Nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Issued = Now, StartBy = Now + 60_000_000, Deadline = Now + 120_000_000,
        };

        /// <summary>Puts it into the books, signs and sends it: how it ended, and the packets that came to the Target.</summary>
        public async Task<(RunState State, int Packets)> Send(RunOrder order, string to)
        {
            var signed = keys.SignOrder(order.ToBytes());
            var row = new RunRow
            {
                Id = RunId.Parse(order.Run), GrantId = honest.GrantId, UseNumber = _use++, RequestId = honest.RequestId, ActorId = honest.ActorId, RunnerId = honest.RunnerId,
                State = RunState.Queued, Command = honest.Command, Argv = [.. order.Argv], Detached = true, OrderBytes = signed.Bytes, OrderSignature = signed.Signature,
                OrderKeyId = signed.KeyId, Nonce = order.Nonce, StartBy = UnixMicroseconds.ToInstant(order.StartBy), Deadline = UnixMicroseconds.ToInstant(order.Deadline),
                MaxDisconnected = honest.MaxDisconnected, CreatedAt = Clock.GetUtcNow(), ClientSeenAt = Clock.GetUtcNow(),
            };
            using var capture = await PacketCapture.Start(Lab.Company, "runner");
            await app.Services.GetRequiredService<WriteTransaction>().Append(db =>
            {
                db.Runs.Add(row);
                return Task.CompletedTask;
            });
            Hub.Send(honest.RunnerId, new() { Order = new Order { Bytes = ByteString.CopyFrom(signed.Bytes), Signature = ByteString.CopyFrom(signed.Signature), KeyId = signed.KeyId } }).ShouldBeTrue();
            await House.Until(async () =>
            {
                await using var db = database.Open();
                row = await db.Runs.AsNoTracking().SingleAsync(run => run.Id == row.Id);
                return AccessLifecycle.Runs.IsFinal(row.State);
            }, $"{order.Run} does not end", 60);
            Said = $"{row.EndReason} {row.EndDetail}";
            Address.TryParse(to, out var address).ShouldBeTrue();
            return (row.State, capture.Stop().Where(sent => sent.Key.To == address).Sum(sent => sent.Value));
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
            database.Dispose();
        }
    }
}
