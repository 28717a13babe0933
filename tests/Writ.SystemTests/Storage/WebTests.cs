using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Web;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>What the API says to browsers, proxies and floods.</summary>
public abstract class WebTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Every_answer_carries_the_headers_that_hold_a_browser()
    {
        var api = Keep(await Served.Of(await Create()));
        var (_, token) = await api.World.SignIn(new("dana", false, null, [], false, false, TimeSpan.FromHours(1)));
        foreach (var (path, known) in new[] { ("/v1/whoami", true), ("/v1/whoami", false), ("/v1/no-such-path", true), ("/no-such-path", false), ("/health/live", false), ("/v1/openapi.json", false), ("/v1/requests/nonsense", true) })
        {
            var (_, _, headers) = await api.Send(HttpMethod.Get, path, known ? token : null, with: request => request.Headers.Add("Origin", "https://elsewhere.example"));
            Single(headers, "Content-Security-Policy").ShouldBe("default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'", path);
            Single(headers, "X-Content-Type-Options").ShouldBe("nosniff", path);
            Single(headers, "Referrer-Policy").ShouldBe("no-referrer", path);
            Single(headers, "Cross-Origin-Resource-Policy").ShouldBe("same-origin", path);
            headers.CacheControl.ShouldNotBeNull(path).NoStore.ShouldBeTrue(path);
            headers.Any(header => header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase)).ShouldBeFalse(path);
            headers.Contains("Strict-Transport-Security").ShouldBeFalse("this came without TLS");
            headers.Contains("Server").ShouldBeFalse(path);
        }

        static string Single(System.Net.Http.Headers.HttpResponseHeaders headers, string name) => headers.GetValues(name).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Stale_sign_in_is_challenged_as_rfc_9470_says_and_changes_nothing()
    {
        var world = await Create();
        var ada = await world.Admin();
        var old = ada with { SignIn = new(SignInWay.Browser, world.Clock.GetUtcNow() - SignIn.FreshFor, ["pwd"]) };
        var before = await world.Read(db => Task.FromResult(db.Policies.Count()));

        var refusal = (await world.Get<ApplyPolicy>().Apply(old, new(World.Policy + "# new\n"), Cancel)).ShouldBeRefused(ErrorCode.StaleSignIn);

        (await world.Read(db => Task.FromResult(db.Policies.Count()))).ShouldBe(before);
        HttpProblems.StatusOf(refusal.Code).ShouldBe(401);
        HttpProblems.ChallengeOf(refusal).ShouldBe(
            "Bearer error=\"insufficient_user_authentication\", error_description=\"this asks for a sign-in of the last 15 minutes\", max_age=900");
        (await world.Entries(AuditType.AttemptRefused)).ShouldContain(entry => entry["attempt"] == "apply policy" && entry["code"] == ErrorCode.StaleSignIn);
        // The control: a moment less, and it is done.
        (await world.Get<ApplyPolicy>().Apply(old with { SignIn = old.SignIn with { At = old.SignIn.At.AddTicks(10) } }, new(World.Policy + "# new\n"), Cancel)).ShouldBeOk();
    }

    [Fact]
    public async Task Forwarded_headers_count_from_a_pinned_proxy_alone_and_only_its_own_word()
    {
        var world = await Create();
        var trusting = await Refused(world, "127.0.0.1", "198.51.100.9", "203.0.113.7");
        trusting.ShouldBe("203.0.113.7", "what stands before the proxy's own word, the client may have written");
        (await Refused(world, "192.0.2.1", "198.51.100.9", "203.0.113.8")).ShouldBe("127.0.0.1", "this proxy is not pinned");
        (await Refused(world, null, "198.51.100.9", "203.0.113.9")).ShouldBe("127.0.0.1", "no proxy is");
    }

    [Fact]
    public async Task Browsers_are_told_to_stay_with_tls_over_tls_alone_and_of_a_name_alone()
    {
        var world = await Create();
        (await Told("127.0.0.1", "writ.example.com", "https")).ShouldBe("max-age=63072000");
        (await Told("127.0.0.1", "writ.example.com", "http")).ShouldBeNull();
        (await Told("127.0.0.1", "localhost", "https")).ShouldBeNull("it would bind every port of everybody's machine");
        (await Told("127.0.0.1", "192.0.2.1", "https")).ShouldBeNull();
        (await Told(null, "writ.example.com", "https")).ShouldBeNull("nobody who is believed says that this is TLS");

        async Task<string?> Told(string? trusted, string host, string proto)
        {
            string? told = null;
            await Call(world, trusted, request =>
            {
                request.Headers.Host = host;
                request.Headers.Add("X-Forwarded-Proto", proto);
            }, answer => told = answer.Headers.TryGetValues("Strict-Transport-Security", out var values) ? values.Single() : null);
            return told;
        }
    }

    [Fact]
    public async Task Flood_from_an_address_locks_out_nobody_who_is_signed_in()
    {
        var api = Keep(await Served.Of(await Create()));
        var (_, token) = await api.World.SignIn(new("dana", false, null, [], false, false, TimeSpan.FromHours(1)));
        var limits = api.World.Get<RateLimits>();
        while (limits.Take(RateLimits.KeyOf(null), RateLimits.Address) is null)
        {
        }

        (await api.Send(HttpMethod.Get, "/v1/whoami", "wrt_unknown")).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        (await api.Send(HttpMethod.Get, "/v1/openapi.json", null)).Status.ShouldBe(HttpStatusCode.TooManyRequests);
        (await api.Send(HttpMethod.Get, "/v1/whoami", token)).Status.ShouldBe(HttpStatusCode.OK);

        // An actor's own flood stops that actor.
        var me = JsonDocument.Parse((await api.Send(HttpMethod.Get, "/v1/whoami", token)).Body).RootElement.GetProperty("id").GetString()!;
        while (limits.Take(me, RateLimits.Actor) is null)
        {
        }

        var (status, body, headers) = await api.Send(HttpMethod.Get, "/v1/whoami", token);
        (status, JsonDocument.Parse(body).RootElement.GetProperty("type").GetString()).ShouldBe((HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts));
        headers.RetryAfter.ShouldNotBeNull().Delta.ShouldBe(TimeSpan.FromSeconds(1));
        api.World.Clock.Advance(TimeSpan.FromSeconds(1));
        (await api.Send(HttpMethod.Get, "/v1/whoami", token)).Status.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>The source that the log has of a refused call over a real connection, with these forwarded words.</summary>
    private static async Task<string?> Refused(World world, string? trusted, params string[] forwarded)
    {
        await Call(world, trusted, request =>
        {
            request.Headers.Add("X-Forwarded-For", string.Join(", ", forwarded));
            request.Headers.Authorization = new("Bearer", $"wrt_{string.Join('-', forwarded)}-{trusted}");
        }, answer => answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized));
        return (await world.Entries(AuditType.SignInFailed)).Last()["source_address"];
    }

    /// <summary>A call over a real connection to a server that trusts this proxy.</summary>
    private static async Task Call(World world, string? trusted, Action<HttpRequestMessage> with, Action<HttpResponseMessage> seen)
    {
        var proxies = ServerSettings.ReadProxies(trusted is null ? [] : [trusted]).ShouldBeOk();
        await using var app = Application.Build(new ServerSettings(world.Folder, ["http://127.0.0.1:0"], null, null) { TrustedProxies = proxies }, ServerKeys.Load(world.Folder), world.Database, world.Clock);
        await app.StartAsync(Cancel);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{address}/v1/whoami"));
        with(request);
        using var answer = await http.SendAsync(request, Cancel);
        seen(answer);
        await app.StopAsync(Cancel);
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : WebTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : WebTests(engine);
}
