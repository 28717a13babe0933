using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Statements;
using Writ.Runner;
using Writ.Runner.Runners;
using Writ.Runner.Runs;
using Writ.Runner.Secrets;
using Writ.Tests.Cli;

namespace Writ.Tests.Runner.Secrets;

public sealed class SecretStoreTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly FakeTimeProvider TestClock = new(new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
    private readonly FakeTimeProvider _time = TestClock;
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-secrets-").FullName;

    [Fact]
    public async Task Fetch_reads_a_file_anew_each_time()
    {
        var store = Store();
        Write("first-one\n");
        using (var first = await Fetch(store))
            Text(first).ShouldBe("first-one");
        Write("second-one");
        using var second = await Fetch(store);
        Text(second).ShouldBe("second-one");
        second.Terms.ShouldBe([new RunSecret("door", "file") { Environment = "PGPASSWORD" }]);
    }

    [Fact]
    public async Task Fetch_for_another_tool_or_reach_or_of_another_name_is_refused()
    {
        Write("a-password");
        (await Refused(Store(), tool: "redis-cli")).ShouldBe("secret door is not for redis-cli on this runner");
        (await Refused(Store(), address: "10.20.0.41")).ShouldBe("secret door is not for all that this run may reach");
        (await Refused(Store(), port: 22)).ShouldBe("secret door is not for all that this run may reach");
        (await Refused(Store(), name: "window")).ShouldBe("secret window: this runner has none of this name");
        (await Refused(Store(more: "\"tools\": [], "))).ShouldBe("secret door is not for psql on this runner", "what is absent permits nothing");
    }

    [Fact]
    public async Task Fetch_tells_why_a_secret_cannot_be_had_and_never_what_it_is()
    {
        (await Refused(Store())).ShouldBe($"secret door cannot be had: there is no {File}");
        Write("abc\n");
        (await Refused(Store())).ShouldBe("secret door cannot be had: it is shorter than 4 bytes, which cannot be kept out of a recording");
        Write("a-password");
        System.IO.File.SetUnixFileMode(File, Owner | UnixFileMode.OtherRead);
        (await Refused(Store())).ShouldBe($"secret door cannot be had: {File} is open to others");
        Write("a-\0password");
        (await Refused(Store())).ShouldBe("secret door holds a zero byte, which no variable can");
        Write(new string('x', SecretBytes.Most + 1));
        (await Refused(Store())).ShouldBe($"secret door cannot be had: {File} is longer than 64 KiB");
        Write("a-password");
        (await Refused(Store(), user: "PGUSER")).ShouldBe("secret door comes without a user's name, and the command takes it as PGUSER");
    }

    [Fact]
    public async Task Fetch_reads_the_environment_and_the_credentials_of_systemd()
    {
        const string variable = "WRIT_TEST_SECRET_OF_THE_STORE", folder = "CREDENTIALS_DIRECTORY";
        var store = new SecretStore(Config($"\"secrets\": [{{ \"name\": \"a\", \"environment\": \"{variable}\" }}, {{ \"name\": \"door\", \"credential\": \"door\" }}]"), _time);
        async Task<(string Value, string Source)> Had(SecretText secret)
        {
            using var given = await store.Fetch(secret, TestContext.Current.CancellationToken);
            return (Encoding.UTF8.GetString(given.Value.Trimmed), given.Terms.Source);
        }

        SecretText environment = new("a") { Environment = variable }, credential = new("door") { Credential = "door" };
        (await Should.ThrowAsync<RunnerException>(() => Had(environment))).Message.ShouldBe($"secret a cannot be had: the runner's environment has no {variable}");
        (await Should.ThrowAsync<RunnerException>(() => Had(credential))).Message.ShouldBe("secret door cannot be had: systemd has handed no credentials over");
        try
        {
            Environment.SetEnvironmentVariable(variable, "of-the-environment");
            Environment.SetEnvironmentVariable(folder, _folder);
            Write("of-systemd\n");
            (await Had(environment)).ShouldBe(("of-the-environment", "environment"));
            (await Had(credential)).ShouldBe(("of-systemd", "credential"));
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
            Environment.SetEnvironmentVariable(folder, null);
        }
    }

    [Fact]
    public void Handed_over_secrets_are_those_that_were_fetched()
    {
        RunSecret[] terms = [new("a", "file") { Environment = "A" }, new("b", "vault-database") { Environment = "B", UserEnvironment = "C" }];
        using var given = new GivenSecrets([new(terms[0], SecretBytes.Of("one-secret\r\n"u8), null), new(terms[1], SecretBytes.Of("two"u8), SecretBytes.Of("user"u8))]);
        using var memory = given.ToMemory();
        using var taken = GivenSecrets.Read(memory, terms);
        taken.All.Select(secret => Encoding.UTF8.GetString(secret.Value.Span)).ShouldBe(["one-secret\r\n", "two"]);
        taken.All.SelectMany(secret => secret.Variables()).Select(variable => $"{variable.Name}={Encoding.UTF8.GetString(variable.Value.Trimmed)}").ShouldBe(["A=one-secret", "B=two", "C=user"]);
        Should.Throw<RunnerException>(() => GivenSecrets.Read(memory, [.. terms, new("c", "file")])).Message.ShouldBe("the run's secrets did not come");
    }

    [Fact]
    public void Dispose_clears_the_bytes()
    {
        var secret = SecretBytes.Of("a-password"u8);
        secret.Dispose();
        secret.Span.ToArray().ShouldAllBe(letter => letter == 0);
        $"{secret}".ShouldBe("a secret");
    }

    [Theory]
    [InlineData("""{ "name": "a b", "file": "/x" }""", "no plain name")]
    [InlineData("""{ "name": "a" }""", "has one source")]
    [InlineData("""{ "name": "a", "file": "/x", "environment": "X" }""", "has one source")]
    [InlineData("""{ "name": "a", "file": "x" }""", "no absolute path")]
    [InlineData("""{ "name": "a", "vault": "main" }""", "names what it is in main: kv or creds")]
    [InlineData("""{ "name": "a", "vault": "other", "kv": "x" }""", "is not among vaults")]
    [InlineData("""{ "name": "a", "vault": "main", "kv": "../sys/seal" }""", "is no path")]
    [InlineData("""{ "name": "a", "vault": "main", "kv": "x?y" }""", "is no path")]
    [InlineData("""{ "name": "a", "file": "/x", "kv": "y" }""", "without 'vault'")]
    [InlineData("""{ "name": "a", "credential": "../x" }""", "is no name of a credential")]
    [InlineData("""{ "name": "a", "file": "/x", "reach": { "addresses": ["nowhere"] } }""", "'reach' of 'a'")]
    [InlineData("""{ "name": "a", "file": "/x" }, { "name": "a", "file": "/y" }""", "is there twice")]
    public void Configuration_of_a_secret_that_cannot_be_meant_is_refused(string secrets, string saying)
    {
        var wrong = Should.Throw<RunnerException>(() => Config($"\"vaults\": [{{ \"name\": \"main\", \"address\": \"https://vault.example:8200\", \"ca_file\": \"/ca\", \"token_file\": \"/t\" }}], \"secrets\": [{secrets}]"));
        wrong.Message.ShouldContain("secrets: ");
        wrong.Message.ShouldContain(saying);
    }

    [Theory]
    [InlineData("""{ "name": "m", "address": "http://vault.example:8200", "token_file": "/t" }""", "no https:// address")]
    [InlineData("""{ "name": "m", "address": "https://u:p@vault.example", "ca_file": "/ca", "token_file": "/t" }""", "no https:// address")]
    [InlineData("""{ "name": "m", "address": "https://vault.example", "token_file": "/t" }""", "has no 'ca_file'")]
    [InlineData("""{ "name": "m", "address": "https://vault.example", "ca_file": "/ca" }""", "signs in in one way")]
    [InlineData("""{ "name": "m", "address": "http://127.0.0.1:8200", "token_file": "t" }""", "no absolute path")]
    [InlineData("""{ "name": "m", "address": "http://127.0.0.1:8200", "app_role": { "role_id": "", "secret_id_file": "/s" } }""", "needs a role_id")]
    public void Configuration_of_a_vault_that_cannot_be_trusted_is_refused(string vault, string saying)
    {
        var wrong = Should.Throw<RunnerException>(() => Config($"\"vaults\": [{vault}]"));
        wrong.Message.ShouldContain("vaults: ");
        wrong.Message.ShouldContain(saying);
    }

    [Theory]
    [InlineData("""{"data":{"data":{"password":"a\"\u00e9b","username":"u"},"metadata":{}}}""", "a\"éb")]
    [InlineData("""{"data":{"metadata":{"data":{"password":"no"}},"data":{"x":{"password":"no"},"password":"yes"}}}""", "yes")]
    [InlineData("""{"data":{"data":{"password":7}}}""", null)]
    [InlineData("""{"data":{"data":null}}""", null)]
    [InlineData("""{"data":{"data":{"password":"x""", null)]
    [InlineData("[]", null)]
    [InlineData("", null)]
    public void Text_of_an_answer_is_found_by_its_path_alone(string json, string? expected)
    {
        using var found = Vault.Text(Encoding.UTF8.GetBytes(json), "data", "data", "password");
        (found is null ? null : Encoding.UTF8.GetString(found.Span)).ShouldBe(expected);
    }

    [Fact]
    public async Task Vault_that_lends_for_less_than_the_run_may_last_is_refused_unless_it_can_be_renewed_and_gets_it_back()
    {
        await using var vault = await FakeServer.StartAsync();
        var answer = """{"lease_id":"database/creds/door/1","lease_duration":600,"renewable":false,"data":{"username":"v-door","password":"a-lent-password"}}""";
        vault.On("GET /v1/database/creds/door", context => context.Response.WriteAsync(answer));
        vault.On("PUT /v1/sys/leases/revoke", context => Task.FromResult(context.Response.StatusCode = 204));
        System.IO.File.WriteAllText(File, "hvs.token-of-the-runner");
        System.IO.File.SetUnixFileMode(File, Owner);
        var store = new SecretStore(Config($$"""
            "vaults": [{ "name": "main", "address": "{{vault.Address}}", "token_file": "{{File}}" }],
            "secrets": [{ "name": "door", "tools": ["psql"], "reach": { "addresses": ["10.20.0.40"], "tcp": "5432" }, "vault": "main", "creds": "door" }]
            """), _time);

        (await Refused(store)).ShouldBe("secret door is lent for 600 s and cannot be renewed, and the run may last 1800 s");
        vault.Asked.ShouldBe(["GET /v1/database/creds/door", "PUT /v1/sys/leases/revoke"]);
        vault.Calls.Last().Body.ShouldBe("""{"lease_id":"database/creds/door/1"}""");

        // As long as the run, or renewable, or without a word of how long: it is had.
        foreach (var (from, to) in new[] { (":600", ":1800"), (":1800,\"renewable\":false", ":600,\"renewable\":true"), (":600,\"renewable\":true", ":0,\"renewable\":false") })
        {
            answer.ShouldContain(from);
            answer = answer.Replace(from, to, StringComparison.Ordinal);
            using var given = await Fetch(store);
            Text(given).ShouldBe("a-lent-password");
        }

        answer = answer.Replace(":0", ":600,\"x\":{\"renewable\":true}", StringComparison.Ordinal);
        (await Refused(store)).ShouldContain("cannot be renewed");
    }

    [Fact]
    public async Task Vault_whose_sign_in_ends_before_the_run_may_is_refused_and_gets_back_what_it_lent()
    {
        await using var vault = await FakeServer.StartAsync();
        var token = 1799;
        vault.On("POST /v1/auth/approle/login", context => context.Response.WriteAsync($$$"""{"auth":{"client_token":"hvs.one","lease_duration":{{{token}}},"renewable":true}}"""));
        vault.On("GET /v1/database/creds/door", context => context.Response.WriteAsync("""{"lease_id":"database/creds/door/1","lease_duration":600,"renewable":true,"data":{"username":"v-door","password":"a-lent-password"}}"""));
        vault.On("PUT /v1/sys/leases/revoke", context => Task.FromResult(context.Response.StatusCode = 204));
        vault.On("POST /v1/auth/token/revoke-self", context => Task.FromResult(context.Response.StatusCode = 204));
        System.IO.File.WriteAllText(File, "role-secret-id");
        System.IO.File.SetUnixFileMode(File, Owner);
        var store = new SecretStore(Config($$"""
            "vaults": [{ "name": "main", "address": "{{vault.Address}}", "app_role": { "role_id": "r", "secret_id_file": "{{File}}" } }],
            "secrets": [{ "name": "door", "tools": ["psql"], "reach": { "addresses": ["10.20.0.40"], "tcp": "5432" }, "vault": "main", "creds": "door" }]
            """), _time);

        (await Refused(store)).ShouldBe("secret door ends with the sign-in that it came by, after 1799 s, and the run may last 1800 s");
        vault.Asked.ShouldContain("PUT /v1/sys/leases/revoke");
        foreach (var enough in new[] { 1800, 0 })
        {
            token = enough;
            using var given = await Fetch(store);
            given.All.Single().Terms.TokenUntil.ShouldBe(enough == 0 ? null : UnixMicroseconds.From(_time.GetUtcNow()) + 1_800_000_000);
        }
    }

    [Fact]
    public async Task Vault_renews_a_lease_until_an_instant_and_says_how_long_it_lasts()
    {
        await using var vault = await FakeServer.StartAsync();
        System.IO.File.WriteAllText(File, "role-secret-id");
        System.IO.File.SetUnixFileMode(File, Owner);
        var store = new SecretStore(Config($$"""
            "vaults": [{ "name": "main", "address": "{{vault.Address}}", "namespace": "team-a", "app_role": { "role_id": "r", "secret_id_file": "{{File}}" } }],
            "secrets": [{ "name": "door", "tools": ["psql"], "vault": "main", "creds": "door" }]
            """), _time);
        vault.On("POST /v1/auth/approle/login", context => context.Response.WriteAsync("""{"auth":{"client_token":"hvs.made"}}"""));
        vault.On("POST /v1/auth/token/revoke-self", context => Task.FromResult(context.Response.StatusCode = 204));
        var (status, answer, token, space) = (200, """{"lease_id":"l/1","renewable":true,"lease_duration":900}""", "", "");
        vault.On("PUT /v1/sys/leases/renew", context =>
        {
            (token, space) = (context.Request.Headers["X-Vault-Token"].ToString(), context.Request.Headers["X-Vault-Namespace"].ToString());
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(answer);
        });
        var now = UnixMicroseconds.From(_time.GetUtcNow());
        var lent = new RunSecret("door", "vault-database") { Vault = "main", Lease = "l/1", LentAt = now - 600_000_000, LeaseUntil = now + 1, Renewable = true };

        var renewed = (await store.Renew(lent, now + 1_799_000_001, TestContext.Current.CancellationToken)).ShouldNotBeNull();
        renewed.ShouldBe(lent with { LentAt = now, LeaseUntil = now + 900_000_000 });
        (token, space).ShouldBe(("hvs.made", "team-a"));
        vault.Asked.ShouldBe(["POST /v1/auth/approle/login", "PUT /v1/sys/leases/renew", "POST /v1/auth/token/revoke-self"]);
        vault.Calls.ElementAt(1).Body.ShouldBe("""{"lease_id":"l/1","increment":1800}""", "whole seconds, and no less");

        foreach (var (told, until, renewable) in ((string, long?, bool)[])
                 [
                     ("""{"renewable":false,"lease_duration":60}""", now + 60_000_000, false), ("""{"lease_duration":60}""", now + 60_000_000, false),
                     ("""{"renewable":true}""", null, false), ("""{"renewable":true,"lease_duration":0}""", null, false), ("""{"renewable":true,"lease_duration":-5}""", null, false),
                     ("""{"renewable":true,"lease_duration":"900"}""", null, false), ("""{"renewable":"true","lease_duration":60}""", now + 60_000_000, false), ("[]", null, false), ("{", null, false), ("", null, false),
                 ])
        {
            answer = told;
            (await store.Renew(lent, now + 1, TestContext.Current.CancellationToken)).ShouldBe(lent with { LentAt = now, LeaseUntil = until, Renewable = renewable }, told);
        }

        (status, answer) = (400, """{"errors":["lease not found"]}""");
        (await store.Renew(lent, now + 1, TestContext.Current.CancellationToken)).ShouldBeNull();
        foreach (var (failing, why) in new[] { (403, "sys/leases/renew: permission denied"), (503, "sys/leases/renew: the Vault is sealed or down"), (500, "sys/leases/renew: answered with HTTP 500") })
        {
            (status, answer) = (failing, """{"errors":["hvs.made role-secret-id"]}""");
            (await Should.ThrowAsync<RunnerException>(() => store.Renew(lent, now + 1, TestContext.Current.CancellationToken))).Message.ShouldBe(why);
        }

        vault.Asked.Count(asked => asked.EndsWith("revoke-self", StringComparison.Ordinal)).ShouldBe(vault.Asked.Count(asked => asked.EndsWith("login", StringComparison.Ordinal)), "each sign-in is over");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File => Path.Combine(_folder, "door");

    private void Write(string text)
    {
        System.IO.File.WriteAllText(File, text);
        System.IO.File.SetUnixFileMode(File, Owner);
    }

    private SecretStore Store(string more = "\"tools\": [\"psql\"], ") =>
        new(Config($"\"secrets\": [{{ \"name\": \"door\", {more}\"reach\": {{ \"addresses\": [\"10.20.0.40\"], \"tcp\": \"5432\" }}, \"file\": \"{File}\" }}]"), _time);

    private RunnerConfig Config(string members)
    {
        var path = Path.Combine(_folder, "runner.json");
        System.IO.File.WriteAllText(path, $"{{ \"server\": \"https://127.0.0.1:1\", {members} }}");
        return RunnerConfig.Read(path);
    }

    private static Task<GivenSecrets> Fetch(SecretStore store, string tool = "psql", string address = "10.20.0.40", ushort port = 5432, string name = "door", string? user = null)
    {
        AddressSet.TryParse([address], out var addresses, out _).ShouldBeTrue();
        return store.Fetch([new StatementSecret(name) { Environment = "PGPASSWORD", UserEnvironment = user }], tool,
            NetworkScope.Nothing with { Addresses = addresses, Tcp = PortSet.OfPorts(port) }, UnixMicroseconds.From(TestClock.GetUtcNow().AddMinutes(30)), TestContext.Current.CancellationToken);
    }

    private static async Task<string> Refused(SecretStore store, string tool = "psql", string address = "10.20.0.40", ushort port = 5432, string name = "door", string? user = null) =>
        (await Should.ThrowAsync<RunnerException>(() => Fetch(store, tool, address, port, name, user))).Message;

    private static string Text(GivenSecrets secrets) => Encoding.UTF8.GetString(secrets.All.Single().Value.Trimmed);
}
