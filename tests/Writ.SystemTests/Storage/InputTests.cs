using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Proof.Errors;
using Writ.Server.Grants;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>What people send reaches both engines alike, and lists come back whole.</summary>
public abstract class InputTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task A_nul_character_in_a_text_breaks_nothing()
    {
        var world = await Create();
        var (dana, rae) = (await world.Developer(), await world.Reviewer());

        var request = await world.Request(dana, reason: "look\0here");
        (await world.Approve(rae, request, "go\0on")).ShouldBeOk();
        var grant = await world.GrantOf(request);
        (await world.Get<RevokeGrant>().Revoke(dana, grant.Id.ToString(), "no\0more")).ShouldBeOk().Journalled.ShouldBeTrue();
        (await world.Now(grant)).State.ShouldBe(GrantState.Revoked);
        (await world.Deny(rae, await world.Request(dana), "no\0")).ShouldBeOk();
        // A runner's words too: they are tried again until they are written.
        var holder = await world.Operator();
        var run = (await world.Start(holder, await world.Granted(holder))).ShouldBeOk().Id.ToString();
        world.Runner.Say(new() { Refused = new() { Run = run, Code = "x", Message = "ref\0used" } });
        await World.Eventually(() => world.Read(db => db.Runs.AllAsync(row => row.State == RunState.Failed)), "a report is written");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task A_start_whose_time_is_over_or_far_away_is_refused()
    {
        var world = await Create();
        var now = world.Clock.GetUtcNow();
        foreach (var caller in new[] { await world.Operator(), await world.Developer() })
        {
            foreach (var start in new[] { now.AddHours(-10), now.AddHours(-1), DateTimeOffset.MinValue, DateTimeOffset.MaxValue })
                (await world.Ask(caller, start: start)).IsOk.ShouldBeFalse($"{caller.Name} {start:O}");
            // The controls: one that has begun and is not over, and one that is to come.
            (await world.Ask(caller, start: now.AddMinutes(-59))).ShouldBeOk();
            (await world.Ask(caller, start: now.AddDays(300))).ShouldBeOk();
        }

        await world.ShouldBalance();
    }

    [Fact]
    public async Task Lists_come_page_by_page_without_gaps_or_repetitions()
    {
        var world = await Create();
        var (olga, token) = await world.SignIn(new("olga", false, null, ["ops"], true, true, TimeSpan.FromHours(1)));
        for (var i = 0; i < 7; i++)
        {
            (await world.Start(olga, await world.Granted(olga))).ShouldBeOk();
            world.Clock.Advance(TimeSpan.FromMilliseconds(3));
        }

        var socket = Path.Combine(world.Folder, "api");
        var served = Keep(await world.Beside(socket));
        await served.Serve();
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                return new NetworkStream(connection, ownsSocket: true);
            },
        }) { BaseAddress = new("http://writ") };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);

        foreach (var list in new[] { "requests", "grants", "runs", "runs?state=queued", "grants?mine=true", $"requests?since={world.Clock.GetUtcNow().AddHours(-1):O}".Replace("+", "%2B") })
        {
            var ids = new List<string>();
            for (var cursor = (string?)""; cursor is not null;)
            {
                var page = await http.GetFromJsonAsync<JsonElement>($"/v1/{list}{(list.Contains('?') ? '&' : '?')}limit=3{(cursor == "" ? "" : $"&cursor={cursor}")}", Cancel);
                ids.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
                cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
            }

            ids.Count.ShouldBe(7, list);
            ids.ToArray().ShouldBe([.. ids.Distinct().OrderDescending(StringComparer.Ordinal)], list);
        }

        var log = await http.GetFromJsonAsync<JsonElement>("/v1/audit?limit=1000&type=run.ordered", Cancel);
        log.GetProperty("items").GetArrayLength().ShouldBe(7);
        // What no database can hold finds nothing, and is no failure.
        using var odd = await http.GetAsync(new Uri("/v1/audit?type=%00", UriKind.Relative), Cancel);
        ((int)odd.StatusCode).ShouldBe(200);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : InputTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : InputTests(engine);
}
