using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// Secrets that a run is given by its runner, with the real psql, PostgreSQL, redis-cli and Redis: they work, and they are nowhere where somebody could find
/// them. One engine: what the storage has of a secret is its name in a statement and an entry.
/// </summary>
[Collection(ToolsCollection.Name)]
public sealed class SecretTests(ToolsStreet street) : EndToEndTest(street)
{
    private static readonly string[] Shop = ["psql", "-h", "10.20.0.40", "-d", "shop", "-At"];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await street.Ready();
    }

    [Fact]
    public async Task Password_of_the_runner_opens_a_database_and_is_nowhere()
    {
        using var postgres = CompanyServer.Postgres();
        await using var database = postgres.Sql();
        var (password, other) = ($"pw/{Guid.NewGuid():n}", $"ot/{Guid.NewGuid():n}");
        await Execute(database, $"create role keeper login password '{password}' in role locked; create table words (word text); grant select on words to keeper; insert into words values ('{password}'), ('{other}')");

        // Without it the database's own no; with a wrong one too.
        street.WriteSecret("shop-keeper", "another-password");
        (await Keeper("-c", "select 1")).ShouldBe(2).Error.ShouldContain("no password supplied");
        (await Keeper("--secret", "shop-keeper", "-c", "select 1")).ShouldBe(2).Error.ShouldContain("password authentication failed for user \"keeper\"");

        // It works, and whatever shows it is masked; what is like it is not.
        street.WriteSecret("shop-keeper", password + "\n");
        var shown = (await Keeper("--secret", "shop-keeper", "-c", "select word, encode(convert_to(word, 'utf8'), 'base64'), encode(convert_to(word, 'utf8'), 'hex') from words order by word")).ShouldBeOk().Text;
        shown.ShouldBe(string.Join('\n', new[] { other, "" }.Select(word => word.Length > 0
            ? $"{word}|{Convert.ToBase64String(Encoding.UTF8.GetBytes(word))}|{Convert.ToHexStringLower(Encoding.UTF8.GetBytes(word))}"
            : "[secret shop-keeper]|[secret shop-keeper]" + Convert.ToBase64String(Encoding.UTF8.GetBytes(password))[^2..] + "|[secret shop-keeper]")));
        (await Keeper("--secret", "shop-keeper", "-o", "words.txt", "-c", "select word from words order by word")).ShouldBeOk();
        (await File.ReadAllTextAsync(Path.Combine(House.Folder, "words.txt"), Cancel)).ShouldBe($"{other}\n[secret shop-keeper]\n");

        // While it runs: in the tool's own environment, and in nobody else's; in no argv at all.
        await using var gate = await database.OpenConnectionAsync(Cancel);
        await Execute(gate, "select pg_advisory_lock(7)");
        using (var typing = House.StartTyping("sam", ["run", "--", .. Shop, "-U", "keeper", "--secret", "shop-keeper", "-c", "select pg_advisory_lock(7)"]))
        {
            await House.Until(async () => await Scalar(database, "select count(*) from pg_locks where locktype = 'advisory' and not granted") is 1L, "psql does not wait");
            Holders("cmdline", password).ShouldBeEmpty();
            Holders("environ", password).ShouldBe(["psql"]);
            await Execute(gate, "select pg_advisory_unlock(7)");
            (await typing.End()).ShouldBeOk();
        }

        // A password that is changed is the next run's.
        await Execute(database, $"alter role keeper password '{other}'");
        (await Keeper("--secret", "shop-keeper", "-c", "select 1")).ShouldBe(2);
        street.WriteSecret("shop-keeper", other);
        (await Keeper("--secret", "shop-keeper", "-c", "select 1")).ShouldBeOk().Text.ShouldBe("1");

        // The record has its name and where it came from; nothing that was kept has more.
        var run = await LastRun();
        _ = await House.Ended(run.Id);
        var started = (await House.As("ada").Audit(run.Request)).Single(each => each.Type() == "run.started" && each.Text("run") == run.Id);
        started.GetProperty("secrets").GetRawText().ShouldBe("""[{"name":"shop-keeper","source":"file"}]""");
        await House.Until(() => Task.FromResult(Directory.GetDirectories(Path.Combine(House.RunnerData, "runs")).Length == 0), "the runs' folders stay");
        Kept(password).ShouldBeEmpty();
        House.Said().ShouldNotContain(password);
    }

    [Fact]
    public async Task Person_at_a_databases_prompt_is_not_shown_the_password_and_finds_no_shell()
    {
        using var postgres = CompanyServer.Postgres();
        using var redis = CompanyServer.Redis();
        await using var database = postgres.Sql();
        var password = $"at/{Guid.NewGuid():n}";
        await Execute(database, $"create role prompter login password '{password}' in role locked");
        street.WriteSecret("shop-keeper", password);
        await using var pane = await TmuxPane.Open(House, "sam");
        // Control: outside of the sandbox the same words lead to a shell.
        await pane.Type($"{CompanyServer.PostgresFolder}/psql -X -h {postgres.Folder} -U postgres -d shop; echo left=$?");
        await pane.Until("shop=#");
        await pane.Type("\\! echo a-shell-$((6*7))");
        await pane.Until("a-shell-42");
        await pane.Type("\\q");
        await pane.Until("left=0");

        await pane.Type("clear; $WRIT run -- psql -h 10.20.0.40 -d shop -U prompter --secret shop-keeper; echo over=$?");
        await pane.Until("shop=>");
        await pane.Type("select 'is-' || current_user \\g");
        await pane.Until("is-prompter");
        await pane.Type("\\! echo another-shell-$((6*7))");
        await pane.Type("\\getenv found PGPASSWORD");
        await pane.Type("\\echo it-is :found .");
        await pane.Until("it-is [secret shop-keeper] .");
        await pane.Type("\\copy (select 'over' || 'written') to '/etc/passwd'");
        await pane.Until("/etc/passwd:");
        await pane.Type("\\connect 'host=10.30.0.40 dbname=shop user=prompter connect_timeout=2'");
        await pane.Until("out of scope, stopped: 10.30.0.40 tcp 5432");
        await pane.Until("Previous connection kept");
        await pane.Type("\\q");
        await pane.Until("over=0");
        (await pane.Screen()).ShouldNotContain("another-shell-42");

        await pane.Type("clear; $WRIT run -- redis-cli -h 10.20.0.40; echo over=$?");
        await pane.Until("10.20.0.40:6379>");
        await pane.Type("echo typed-$here");
        await pane.Until("\"typed-$here\"");
        await pane.Type("quit");
        await pane.Until("over=0");
        var run = await LastRun();
        run.Terminal.ShouldBeTrue();
        _ = await House.Ended(run.Id);
        Kept(password).ShouldBeEmpty();
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40")).ShouldBeAnError(2, "terminal");
        (await House.Type("dana", "run", "--reason", "a test", "--", "psql", "-h", "10.20.0.40", "-d", "shop", "-U", "reader")).ShouldBe(121).Error.ShouldContain("feature interactive is not opened");
    }

    [Fact]
    public async Task Secret_is_shown_by_name_and_opened_by_name()
    {
        string[] command = [.. Shop, "-U", "reader", "--secret", "shop-keeper", "-c", "select 1"];
        var told = (await House.Type("dana", ["explain", "--reason", "a test", "--", .. Shop, "-U", "reader", "--secret", "shop-open", "-l"])).ShouldBeOk().Text;
        told.ShouldContain("uses secret shop-open, as PGPASSWORD");
        told.ShouldContain("1 of security-engineer for staging");
        (await House.Type("dana", ["run", "--reason", "a test", "--", .. Shop, "-U", "reader", "--secret", "shop-keeper", "-l"])).ShouldBe(121).Error.ShouldContain("secret shop-keeper is not opened");
        // A yes to one is none to another, though both run with the same argv.
        var request = (await House.Type("dana", ["request", "--reason", "a test", "--", .. Shop, "-U", "reader", "--secret", "shop-open", "-l"])).ShouldBeOk().Text;
        (await House.Type("sam", "approve", "--yes", request)).ShouldBeOk();
        (await House.Type("dana", ["run", "--wait", "1s", "--reason", "a test", "--", .. Shop, "-U", "reader", "--secret", "shop-also", "-l"])).ShouldBe(123);
        // And what was given to the wrong tool, for the wrong host, or is not there, starts nothing.
        (await House.Type("sam", ["run", "--", "redis-cli", "-h", "10.20.0.40", "--secret", "shop-keeper", "PING"])).ShouldBe(126).Error.ShouldContain("secret shop-keeper is not for redis-cli on this runner");
        (await House.Type("sam", ["run", "--", "psql", "-h", "10.20.0.41", "-d", "shop", "-U", "reader", "--secret", "shop-keeper", "-l"])).ShouldBe(126).Error.ShouldContain("secret shop-keeper is not for all that this run may reach");
        (await House.Type("sam", ["run", "--", .. Shop, "-U", "reader", "--secret", "nowhere", "-l"])).ShouldBe(126).Error.ShouldContain("secret nowhere: this runner has none of this name");
        street.WriteSecret("shop-keeper", "abc");
        (await House.Type("sam", ["run", "--", .. command])).ShouldBe(126).Error.ShouldContain("secret shop-keeper cannot be had: it is shorter than 4 bytes");
    }

    [Fact]
    public async Task Redis_takes_the_runners_password()
    {
        var password = $"rp-{Guid.NewGuid():n}";
        using var redis = CompanyServer.Redis(password);
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40", "PING")).Text.ShouldContain("NOAUTH");
        street.WriteSecret("cache", "another");
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40", "--secret", "cache", "PING")).Text.ShouldContain("NOAUTH");
        street.WriteSecret("cache", password);
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40", "--secret", "cache", "PING")).ShouldBeOk().Text.ShouldBe("PONG");
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40", "--secret", "cache", "SET", "k", "x")).ShouldBeOk().Text.ShouldBe("OK");
    }

    [Fact]
    public async Task Ssh_has_the_runners_key_and_trusts_the_hosts_that_the_runner_knows()
    {
        var (key, open) = (await File.ReadAllTextAsync(street.PersonKey, Cancel), await File.ReadAllTextAsync(street.PersonKey + ".pub", Cancel));
        using var server = CompanyServer.Ssh(street.HostKey, open);
        var copy = Path.Combine(server.Folder, "copy");
        await File.WriteAllTextAsync(copy, key, Cancel);
        string[] ssh = ["ssh", "-p", $"{CompanyServer.SshPort}", "-l", "postgres", "-i", "web-key"];

        // A way out by the program itself, and none by the definition.
        var left = Path.Combine(House.Folder, "left");
        (await Record.ExceptionAsync(() => Commands.Run("/usr/bin/ssh", "-F", "none", "-o", $"ProxyCommand=touch {left}", "nowhere.example"))).ShouldNotBeNull();
        File.Exists(left).ShouldBeTrue();
        (await House.Type("sam", ["run", "--", "ssh", "-o", $"ProxyCommand=touch {left}", .. ssh[1..], "10.20.0.40", "id"])).ShouldBeAnError(2, "no option '-o'");

        street.WriteSecret("web-key", key);
        (await House.Type("sam", ["run", "--", .. ssh, "10.20.0.40", "id", "-un"])).ShouldBeOk().Text.ShouldBe("postgres");
        (await House.Type("sam", ["run", "--", .. ssh, "10.20.0.40", "echo", "-oProxyCommand=id"])).ShouldBeOk().Text.ShouldBe("-oProxyCommand=id");
        (await House.Type("sam", ["run", "--", .. ssh, "10.20.0.40", "ls", "/nowhere"])).ShouldBe(2).Error.ShouldContain("No such file");
        // The same server under an address that is not known, and with another key, is not talked to.
        (await House.Type("sam", ["run", "--", .. ssh, "10.20.0.41", "id"])).ShouldBe(255).Error.ShouldContain("Host key verification failed");
        // The key is in no output, neither whole nor by its lines.
        (await House.Type("sam", ["run", "--", .. ssh, "10.20.0.40", "cat", copy])).ShouldBeOk().Text.ShouldBe("[secret web-key]");
        var lines = (await House.Type("sam", ["run", "--", .. ssh, "10.20.0.40", "tail", "-n", "+2", copy])).ShouldBeOk().Text.Split('\n');
        lines.Length.ShouldBe(key.TrimEnd('\n').Split('\n').Length - 1);
        lines[..^1].ShouldAllBe(line => line == "[secret web-key]" || line.Length < 12);
        (await House.Type("dana", ["run", "--reason", "a test", "--", .. ssh, "10.20.0.40", "cat", copy])).ShouldBe(121).Error.ShouldContain("remote command cat is not opened");

        street.WriteSecret("web-key", await File.ReadAllTextAsync(street.HostKey, Cancel));
        (await House.Type("sam", ["run", "--", .. ssh, "10.20.0.40", "id"])).ShouldBe(255).Error.ShouldContain("Permission denied (publickey");
        foreach (var line in key.Split('\n').Where(line => line.Length >= 12 && !line.StartsWith("-----", StringComparison.Ordinal)))
            Kept(line).ShouldBeEmpty();
    }

    [Fact]
    public async Task Shell_of_ssh_is_a_right_of_its_own_and_every_key_goes_to_the_host()
    {
        var key = await File.ReadAllTextAsync(street.PersonKey, Cancel);
        using var server = CompanyServer.Ssh(street.HostKey, await File.ReadAllTextAsync(street.PersonKey + ".pub", Cancel));
        var copy = Path.Combine(server.Folder, "copy");
        await File.WriteAllTextAsync(copy, key, Cancel);
        street.WriteSecret("web-key", key);
        string[] ssh = ["ssh", "-p", $"{CompanyServer.SshPort}", "-l", "postgres", "-i", "web-key", "10.20.0.40"];
        (await House.Type("sam", ["run", "--", .. ssh])).ShouldBeAnError(2, "ssh is interactive here, and there is no terminal");
        (await House.Type("dana", ["explain", "--reason", "a test", "--", .. ssh])).Text.ShouldContain("feature interactive is not opened");

        await using var pane = await TmuxPane.Open(House, "sam");
        await pane.Type($"clear; $WRIT run -- {string.Join(' ', ssh)}; echo over=$?");
        await House.Running("10.20.0.40");
        await pane.Type("printf 'user-%s\\n' \"$(id -un)\"; printf 'size-%s\\n' \"$(stty size)\"");
        await pane.Until("user-postgres");
        await pane.Until("size-30 100");
        await pane.Resize(90, 25);
        await pane.Type("until [ \"$(stty size)\" = '25 90' ]; do sleep 0.05; done; printf 'resized-%s\\n' yes");
        await pane.Until("resized-yes");
        await pane.Type("printf 'sleeping-%s\\n' now; sleep 10000; printf 'woken-%s\\n' yes");
        await pane.Until("sleeping-now");
        await pane.Press("C-c");
        await pane.Type("printf 'prompt-%s\\n' again");
        await pane.Until("prompt-again");
        // What ends ssh elsewhere, or opens its own prompt, is two letters like any others.
        await pane.Type("~.");
        await pane.Type("~C");
        await pane.Type("printf 'there-%s\\n' still");
        await pane.Until("there-still");
        await pane.Type($"cat {copy}; exit 3");
        (await pane.Until("over=3")).ShouldContain("[secret web-key]");
        foreach (var line in key.Split('\n').Where(line => line.Length >= 12 && !line.StartsWith("-----", StringComparison.Ordinal)))
            Kept(line).ShouldBeEmpty();
        await pane.Modes().ShouldBeUsual();
    }

    [Fact]
    public async Task Lease_is_renewed_while_its_run_lives_and_one_that_cannot_be_starts_no_longer_run()
    {
        using var postgres = CompanyServer.Postgres();
        await using var database = postgres.Sql();
        await using var vault = await TestVault.Start(street.VaultPort, street.VaultCertificate, sql => Execute(database, sql));
        street.WriteSecret("secret-id", vault.SecretId);
        vault.Lends = (3, true);
        await using var gate = await database.OpenConnectionAsync(Cancel);
        await Execute(gate, "select pg_advisory_lock(8)");
        using (var typing = House.StartTyping("sam", ["run", "--for", "20m", "--", .. Shop, "--login", "shop-lent", "-c", "select pg_advisory_lock(8)"]))
        {
            await House.Until(() => Task.FromResult(vault.Renewed.Count >= 2), "the lease is not renewed", 30);
            await Execute(gate, "select pg_advisory_unlock(8)");
            (await typing.End()).ShouldBeOk();
        }

        var lent = vault.Lent.ShouldHaveSingleItem();
        vault.Renewed.ShouldAllBe(renewed => renewed.Lease == lent.Lease && renewed.Increment > 19 * 60 && renewed.Increment <= 20 * 60, "until the deadline, and no longer");
        await House.Until(() => Task.FromResult(vault.Ended.Contains(lent.Lease)), "the lease is not given back");
        (await Scalar(database, $"select count(*) from pg_roles where rolname = '{lent.User}'")).ShouldBe(0L);

        vault.Lends = (3, false);
        (await House.Type("sam", ["run", "--for", "20m", "--", .. Shop, "--login", "shop-lent", "-c", "select 1"])).ShouldBe(126).Error.ShouldContain("secret shop-lent is lent for 3 s and cannot be renewed, and the run may last");
        await House.Until(() => Task.FromResult(vault.Ended.Count == 2), "the lease is not given back");
        foreach (var word in new[] { lent.Password, vault.SecretId })
        {
            House.Said().ShouldNotContain(word);
            Kept(word).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Vault_lends_a_user_for_one_run_and_gets_them_back()
    {
        using var postgres = CompanyServer.Postgres();
        await using var database = postgres.Sql();
        await using var vault = await TestVault.Start(street.VaultPort, street.VaultCertificate, sql => Execute(database, sql));
        street.WriteSecret("secret-id", vault.SecretId);
        street.WriteSecret("vault-token", vault.Token);
        await Execute(database, "create role stocker login password 'from-the-vault-1' in role locked");
        vault.Kv = new() { ["username"] = "stocker", ["password"] = "from-the-vault-1" };

        // A key-value engine, by a token of a file; a new version is the next run's.
        (await Login("shop-stocker")).ShouldBeOk().Text.ShouldBe("stocker");
        await Execute(database, "alter role stocker password 'from-the-vault-2'");
        vault.Kv["password"] = "from-the-vault-2";
        (await Login("shop-stocker")).ShouldBeOk().Text.ShouldBe("stocker");

        // A database engine, signed in by AppRole: a user of their own, who is gone after the run.
        (await Login("shop-lent")).ShouldBeOk().Text.ShouldStartWith("v-");
        var lent = vault.Lent.ShouldHaveSingleItem();
        await House.Until(() => Task.FromResult(vault.Ended.Contains(lent.Lease) && vault.SignedIn <= 1), "the lease is not given back");
        (await Scalar(database, $"select count(*) from pg_roles where rolname = '{lent.User}'")).ShouldBe(0L);

        // The operator's own look: each can be had, none is shown, and what was lent for it is given back.
        var check = await House.OnRunnerHost("secrets", []);
        check.Text.ShouldContain("shop-lent  vault-database: ok; for psql");
        check.Text.ShouldContain("shop-stocker  vault-kv: ok; for psql");
        check.Text.ShouldNotContain("from-the-vault");
        vault.Lent.Count.ShouldBe(2);
        vault.Ended.Count.ShouldBe(2);

        // What cannot be had starts nothing, and says which and why in one line.
        vault.Kv.Remove("password");
        (await Login("shop-stocker")).ShouldBe(126).Error.ShouldContain("secret shop-stocker cannot be had: kv/data/app/shop has no password");
        street.WriteSecret("secret-id", "wrong-secret-id");
        (await Login("shop-lent")).ShouldBe(126).Error.ShouldContain("secret shop-lent cannot be had: auth/approle/login: answered with HTTP 400");
        street.WriteSecret("vault-token", "hvs.wrong");
        (await Login("shop-stocker")).ShouldBe(126).Error.ShouldContain("secret shop-stocker cannot be had: kv/data/app/shop: permission denied");
        vault.IsSealed = true;
        (await Login("shop-stocker")).ShouldBe(126).Error.ShouldContain("the Vault is sealed or down");
        await vault.DisposeAsync();
        await using (await TestVault.Start(street.VaultPort, TestVault.Certificate(), _ => Task.CompletedTask))
            (await Login("shop-stocker")).ShouldBe(126).Error.ShouldContain("is not one that ca_file vouches for");
        (await Login("shop-stocker")).ShouldBe(126).Error.ShouldContain("cannot be reached");
        foreach (var word in new[] { "from-the-vault", lent.Password, vault.Token, vault.SecretId })
        {
            House.Said().ShouldNotContain(word);
            Kept(word).ShouldBeEmpty();
        }
    }

    private Task<Typed> Keeper(params string[] more) => House.Type("sam", ["run", "--", .. Shop, "-U", "keeper", .. more]);

    private Task<Typed> Login(string secret) => House.Type("sam", ["run", "--", .. Shop, "--login", secret, "-c", "select current_user"]);

    private async Task<RunView> LastRun() => (await House.As("sam").Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];

    // The names of the processes that have these bytes there.
    private static string[] Holders(string where, string bytes)
    {
        var names = new List<string>();
        foreach (var process in Directory.GetDirectories("/proc").Where(path => path[6..].All(char.IsAsciiDigit)))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(process, where)).Contains(bytes, StringComparison.Ordinal))
                    names.Add(File.ReadAllText(Path.Combine(process, "comm")).Trim());
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It has ended.
            }
        }

        return [.. names.Distinct()];
    }

    // The files of server, runner and client that have these bytes in them, as they are or in base64.
    private string[] Kept(string secret)
    {
        byte[][] forms = [Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=')[..^1])];
        return [.. Directory.EnumerateFiles(House.Folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Where(Holds)];

        bool Holds(string file)
        {
            try
            {
                var content = File.ReadAllBytes(file);
                return forms.Any(form => content.AsSpan().IndexOf(form) >= 0);
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    private static async Task Execute(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static async Task Execute(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static async Task<object?> Scalar(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Cancel);
    }
}
