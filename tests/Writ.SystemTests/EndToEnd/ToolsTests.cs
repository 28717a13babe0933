using System.Text.Json.Nodes;
using Writ.Contracts;
using Writ.Contracts.Runs;
using Writ.SystemTests.Databases;
using Writ.SystemTests.Runner.Fences;

namespace Writ.SystemTests.EndToEnd;

/// <summary>
/// Tools that a definition describes, from the question to the record, with the real programs from Debian: what is defined
/// runs in fence and sandbox as Nmap does, and what is not is refused before anybody is asked. One engine: nothing of this is in
/// the storage but the policy's text.
/// </summary>
[Collection(ToolsCollection.Name)]
public sealed class ToolsTests(ToolsStreet street) : EndToEndTest(street)
{
    private const string Server = "10.20.0.53";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await street.Ready();
    }

    private async Task<RunView> LastRun(string actor) => (await House.As(actor).Get("/v1/runs?mine=true&limit=1", WritJson.Default.PageRunView)).Ok.Items[0];

    [Fact]
    public async Task Dig_is_asked_for_approved_run_in_the_fence_and_recorded()
    {
        string[] command = ["dig", $"@{Server}", "web1.staging.example.com", "+short"];
        var told = (await House.Type("dana", ["explain", "--reason", "a test", "--", .. command])).ShouldBeOk().Text;
        told.ShouldContain("dig -r +short -q web1.staging.example.com @10.20.0.53");
        told.ShouldContain("1 of security-engineer for staging");
        told.ShouldContain("query");

        var request = (await House.Type("dana", ["request", "--reason", "a test", "--", .. command])).ShouldBeOk().Text;
        (await House.Type("dana", "approve", "--yes", request)).Code.ShouldNotBe(0, "nobody decides on their own");
        (await House.Type("sam", "approve", "--yes", request)).ShouldBeOk();
        var ran = (await House.Type("dana", ["run", "--", .. command])).ShouldBeOk();
        ran.Text.ShouldBe("10.20.0.5");

        var run = await LastRun("dana");
        run.Argv.ShouldBe(["dig", "-r", "+short", "-q", "web1.staging.example.com", "@10.20.0.53"]);
        var (_, entry) = await House.Ended(run.Id);
        entry.GetProperty("processes_left").GetInt32().ShouldBe(0);
        (await House.As("sam").Recording(run.Id)).Output.ShouldBe(ran.Output);
        // The right was for this question, not for another.
        (await House.Type("dana", ["run", "--wait", "1s", "--reason", "a test", "--", "dig", $"@{Server}", "web2.staging.example.com", "+short"])).ShouldBe(123);
    }

    [Theory]
    [InlineData("dig @10.20.0.53 -t AXFR staging.example.com", "dana", 121, "record type AXFR is not opened")]
    [InlineData("dig @10.30.0.53 a.example", "dana", 121, "in zone production, which no rule opens")]
    [InlineData("dig @192.0.2.53 a.example", "sam", 121, "is in no zone")]
    [InlineData("dig @10.20.0.53 -p 80 a.example", "dana", 121, "port 80 is not among 53")]
    [InlineData("dig @10.20.0.53 -f /etc/shadow", "sam", 2, "dig has no option '-f'")]
    [InlineData("digg @10.20.0.53 a.example", "sam", 127, "no tool is named 'digg'")]
    public async Task What_is_not_opened_or_not_defined_is_not_asked_for(string command, string actor, int code, string saying)
    {
        var typed = await House.Type(actor, ["run", "--reason", "a test", "--", .. command.Split(' ')]);
        typed.ShouldBe(code).Error.ShouldContain(saying);
    }

    [Fact]
    public async Task Name_is_resolved_by_the_runner_and_pinned_for_every_tool()
    {
        (await House.Type("sam", "run", "--", "dig", "@ns.staging.example.com", "mail.staging.example.com", "+short")).ShouldBeOk().Text.ShouldBe("10.20.0.25");
        (await LastRun("sam")).Argv.ShouldContain("@ns.staging.example.com");
    }

    [Fact]
    public async Task Template_is_used_by_who_may_not_compose_its_command_and_stands_in_the_receipt()
    {
        (await House.Type("dana", "templates")).ShouldBeOk().Text.ShouldContain("@web-check host=… [ports=80]");
        var file = Path.Combine(House.Folder, "shown.yaml");
        await File.WriteAllTextAsync(file, (await House.Type("dana", "templates", "show", "@web-check")).ShouldBeOk().Text, Cancel);
        (await House.Type("dana", "templates", "check", file)).ShouldBeOk().Text.ShouldBe("ok: web-check, 1 example passed");
        (await House.Type("dana", "templates", "apply", file)).Code.ShouldBe(1);
        (await House.Type("ada", "templates", "apply", file)).ShouldBeOk().Text.ShouldStartWith("in force: web-check version 1, ");

        (await House.Type("dana", "explain", "@web-check", "host=web1.staging.example.com")).ShouldBeOk().Text.ShouldContain("@web-check host=web1.staging.example.com ports=80 (version 1, ");
        var ran = (await House.Type("dana", "run", "@web-check", "host=web1.staging.example.com", "ports=80")).ShouldBeOk();
        ran.Text.ShouldContain("80/tcp open");
        var run = await LastRun("dana");
        var (_, entry) = await House.Ended(run.Id);
        entry.GetProperty("processes_left").GetInt32().ShouldBe(0);
        var receipt = Path.Combine(House.Folder, "web-check.receipt");
        (await House.Type("ada", "receipt", run.Id, "-o", receipt)).ShouldBeOk();
        (await House.Type("ada", "verify", receipt)).ShouldBeOk().Text.ShouldContain("web-check");

        // The same command, composed; and values that are none.
        (await House.Type("dana", ["run", "--reason", "a test", "--", .. run.Command])).ShouldBe(121).Error.ShouldContain("it opens nothing but the template web-check");
        foreach (var (value, saying) in new[] { ("host=--script=vuln", "begins with a hyphen"), ("host=10.20.0.5 10.30.0.5", "has a space"), ("host=10.30.0.5", "does not reach"), ("hots=10.20.0.5", "has no parameter 'hots'"), ("--script", "is no KEY=VALUE") })
            (await House.Type("dana", "run", "@web-check", value)).ShouldBeAnError(2, saying);
    }

    [Fact]
    public async Task Tool_of_the_policy_is_one_like_all_others()
    {
        (await House.Type("sam", "run", "--", "lookup", $"@{Server}", "db1.staging.example.com")).ShouldBeOk().Text.ShouldBe("10.20.0.40");
        (await House.Type("sam", "run", "--", "lookup", $"@{Server}", "db1.staging.example.com", "MX")).ShouldBeAnError(2, "takes no further argument");
        var tools = JsonNode.Parse((await House.Type("dana", "tools", "--format", "json")).ShouldBeOk().Text)!["items"]!.AsArray();
        tools.Select(tool => (tool!["name"]!.GetValue<string>(), tool["origin"]!.GetValue<string>())).ShouldContain(("lookup", "policy"));
        tools.Select(tool => (tool!["name"]!.GetValue<string>(), tool["origin"]!.GetValue<string>())).ShouldContain(("dig", "box"));
        tools.Select(tool => (tool!["name"]!.GetValue<string>(), tool["origin"]!.GetValue<string>())).ShouldContain(("nmap", "parser"));

        // Its text comes back byte by byte, checks, and a mistake in it is told with its line.
        var text = (await House.Type("dana", "tools", "show", "lookup")).ShouldBeOk();
        text.Text.ShouldBe(ToolsStreet.Lookup.TrimEnd('\n'));
        (await House.Type("dana", "tools", "check", House.Write("lookup.yaml", ToolsStreet.Lookup))).ShouldBeOk().Text.ShouldBe("ok: lookup, 2 examples passed");
        var wrong = await House.Type("dana", "tools", "check", House.Write("wrong.yaml", ToolsStreet.Lookup.Replace("value: host", "value: hsot", StringComparison.Ordinal)));
        wrong.ShouldBe(1).Text.ShouldContain("wrong.yaml:10: 'hsot' is no kind of value\n  hint: did you mean 'host'?");
        (await House.Type("dana", "tools", "check", House.Write("wrong.yaml", ToolsStreet.Lookup.Replace("udp: \"53\", tcp", "udp: \"54\", tcp", StringComparison.Ordinal))))
            .ShouldBe(1).Text.ShouldContain("wrong.yaml:16: example 'lookup @10.20.0.53 a.example': udp is 53");
        (await House.Type("dana", "tools", "show", "nosuch")).ShouldBeAnError(1, "there is no tool 'nosuch'");
    }

    [Fact]
    public async Task Grant_ends_where_the_definition_changes_under_it()
    {
        string[] command = ["lookup", $"@{Server}", "ns.staging.example.com"];
        (await House.Type("sam", ["request", "--uses", "5", "--", .. command])).ShouldBeOk();
        var grant = (await House.As("sam").Get("/v1/grants?mine=true&limit=1", WritJson.Default.PageGrantView)).Ok.Items[0];
        (await House.Type("sam", ["run", "--", .. command])).ShouldBeOk();
        try
        {
            // It would reach more now than what was decided on.
            await Apply(ToolsStreet.Lookup.Replace("udp: \"53\" }\nestimate", "udp: \"53\", tcp: \"53\" }\nestimate", StringComparison.Ordinal).Replace("tcp: \"\"", "tcp: \"53\"", StringComparison.Ordinal));
            var ended = await House.As("sam").Grant(grant.Id);
            ended.State.ShouldBe("revoked");
            ended.EndReason.ShouldBe("a new policy no longer allows it: the definition of lookup was changed, and the command means something else now than what was asked");
        }
        finally
        {
            await Apply(ToolsStreet.Lookup);
        }

        async Task Apply(string lookup) => (await House.Type("ada", "policy", "apply", "--withdraw", ToolsStreet.Folder(House, ToolsStreet.Rules, ("lookup.yaml", lookup), ("careless.yaml", ToolsStreet.Careless)))).ShouldBeOk();
    }

    [Fact]
    public async Task Ping_and_traceroute_find_their_hosts()
    {
        (await House.Type("sam", "run", "--", "ping", "-c", "2", "-i", "0.2", "web1.staging.example.com")).ShouldBeOk().Text.ShouldContain("2 packets transmitted, 2 received");
        (await House.Type("sam", "run", "--", "ping", "-6", "-c", "1", "2001:db8:20::5")).ShouldBeOk().Text.ShouldContain("1 received");
        // The exit code is the tool's: nobody answers there within a second.
        (await House.Type("sam", "run", "--", "ping", "-c", "1", "-W", "0.5", "-t", "1", "10.20.0.5")).ShouldBe(1).Text.ShouldContain("0 received");
        foreach (var how in new string[][] { [], ["-I"], ["-T", "-p", "80"], ["-U", "-p", "53"] })
            (await House.Type("sam", ["run", "--", "traceroute", "-w", "1", .. how, "10.20.0.9"])).ShouldBeOk().Text.ShouldMatch(@"10\.20\.0\.9  [0-9.]+ ms", string.Join(' ', how));
        // What asks for more than a rule opens is told which.
        (await House.Type("dana", "run", "--reason", "a test", "--", "ping", "-c", "500", "10.20.0.5")).ShouldBe(121).Error.ShouldContain("number of requests 500 is over 10");
    }

    [Fact]
    public async Task Curl_fetches_a_page_into_a_file_of_the_requesters()
    {
        var shown = (await House.Type("sam", "run", "--", "curl", "-i", "http://web1.staging.example.com/")).ShouldBeOk();
        shown.Text.ShouldContain("HTTP/1.");
        shown.Text.ShouldContain("Staging home");
        (await House.Type("sam", "run", "--", "curl", "-o", "page.html", "http://web1.staging.example.com/")).ShouldBeOk().Output.ShouldBeEmpty();
        var page = File.ReadAllText(Path.Combine(House.Folder, "page.html"));
        page.ShouldNotBeEmpty();
        shown.Text.ShouldEndWith(page.TrimEnd('\n'));
        // Another port is another right, and only a name opens what deletes.
        (await House.Type("dana", "run", "--reason", "a test", "--", "curl", "http://10.20.0.5:8080/")).ShouldBe(121).Error.ShouldContain("port 8080 is not among 80,443");
        (await House.Type("dana", "run", "--reason", "a test", "--", "curl", "-X", "DELETE", "http://10.20.0.5/")).ShouldBe(121).Error.ShouldContain("method DELETE is not opened");
        (await House.Type("sam", "run", "--", "curl", "file:///etc/passwd")).ShouldBeAnError(2, "has no scheme that may be used");
    }

    [Fact]
    public async Task Openssl_sslscan_and_testssl_look_at_a_server()
    {
        using var server = CompanyServer.Tls();
        var seen = (await House.Type("sam", "run", "--", "openssl", "s_client", "-connect", $"10.20.0.7:{CompanyServer.TlsPort}", "-servername", "web.example", "-brief")).ShouldBeOk();
        seen.Error.ShouldContain("CONNECTION ESTABLISHED");
        seen.Error.ShouldContain("CN = web.example");
        (await House.Type("sam", "run", "--", "sslscan", "--no-colour", "--tls12", "--no-heartbleed", "--xml=scan.xml", $"10.20.0.7:{CompanyServer.TlsPort}")).ShouldBeOk().Text.ShouldContain("TLSv1.2   enabled");
        File.ReadAllText(Path.Combine(House.Folder, "scan.xml")).ShouldContain("<protocol type=\"tls\" version=\"1.2\" enabled=\"1\" />");
        var examined = (await House.StartTyping("sam", "run", "--", "testssl", "-p", "--color", "0", "--jsonfile=found.json", $"10.20.0.7:{CompanyServer.TlsPort}").End(60)).ShouldBeOk();
        examined.Text.ShouldMatch(@"TLS 1\.2\s+offered \(OK\)");
        File.ReadAllText(Path.Combine(House.Folder, "found.json")).ShouldContain("\"TLS1_2\"");
    }

    [Fact]
    public async Task Masscan_finds_ports_with_a_stack_of_its_own_and_stays_in_the_fence()
    {
        // It asks once unless told, and one packet of many may get lost on a busy machine.
        var found = (await House.StartTyping("sam", "run", "--", "masscan", "-p", "22,80,81", "--rate", "500", "--retries", "2", "-oL", "list.txt", "10.20.0.64/29").End(60)).ShouldBeOk();
        var list = File.ReadAllLines(Path.Combine(House.Folder, "list.txt"));
        Open(80).ShouldBe(8, found.Error);
        Open(22).ShouldBe(8);
        list.ShouldNotContain(line => line.StartsWith("open tcp 81", StringComparison.Ordinal));
        (await House.Type("dana", "run", "--reason", "a test", "--", "masscan", "-p", "80", "--rate", "100000", "10.20.0.5")).ShouldBe(121).Error.ShouldContain("rate in packets a second 100000 is over 100");

        int Open(int port) => list.Where(line => line.StartsWith($"open tcp {port} 10.20.0.", StringComparison.Ordinal)).Select(line => line.Split(' ')[3]).Distinct().Count();
    }

    [Fact]
    public async Task Tcpdump_sees_what_passes_of_its_scope_and_nothing_else_and_sends_nothing()
    {
        var capture = House.StartTyping("sam", "run", "--for", "1m", "--", "tcpdump", "-c", "8", "-w", "web.pcap", "host", "10.20.0.5", "and", "tcp", "port", "80");
        await House.Until(() => Task.FromResult(capture.Process.Error.Contains("listening on eth0", StringComparison.Ordinal)), "tcpdump does not listen");
        // Another port, another host, and a conversation of the scope; all of them runs of others, from addresses of their own.
        (await House.Type("sam", "run", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22,25", "10.20.0.5")).ShouldBeOk();
        (await House.Type("sam", "run", "--", "curl", "http://10.20.0.6/")).ShouldBeOk();
        (await House.Type("sam", "run", "--", "curl", "http://10.20.0.5/")).ShouldBeOk();
        (await capture.End()).ShouldBeOk();
        var file = Path.Combine(House.Folder, "web.pcap");
        var packets = (await Commands.Run("tcpdump", "-n", "-r", file)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        packets.Length.ShouldBe(8);
        packets.ShouldAllBe(line => line.Contains(" 10.20.0.5.80: ", StringComparison.Ordinal) || line.Contains(" 10.20.0.5.80 > ", StringComparison.Ordinal));
        var (run, entry) = await House.Ended((await House.As("sam").Get("/v1/runs?mine=true&limit=50", WritJson.Default.PageRunView)).Ok.Items.First(run => run.Argv[0] == "tcpdump").Id);
        run.State.ShouldBe("exited");
        entry.GetProperty("processes_left").GetInt32().ShouldBe(0);

        // Whoever decides on one reads what it is.
        (await House.Type("dana", "explain", "--reason", "a test", "--", "tcpdump", "-c", "8", "host", "10.20.0.5", "and", "tcp", "port", "80")).ShouldBeOk().Text.ShouldContain("it captures: it sends nothing, and sees what others send");

        // It ends with its time, though nobody sends anything any more.
        (await House.Type("sam", "run", "--for", "3s", "--", "tcpdump", "-c", "8", "host", "10.20.0.9", "and", "tcp", "port", "80")).ShouldBe(124);
        (await House.Type("dana", "run", "--reason", "a test", "--", "tcpdump", "-c", "8", "-X", "host", "10.20.0.5", "and", "tcp", "port", "80")).ShouldBe(121).Error.ShouldContain("feature payload is not opened");
        (await House.Type("dana", "run", "--reason", "a test", "--", "tcpdump", "-c", "8", "host", "10.20.0.5", "and", "tcp", "port", "5432")).ShouldBe(121).Error.ShouldContain("port 5432 is not among 80");
        (await House.Type("sam", "run", "--", "tcpdump", "-c", "8", "-z", "/bin/sh", "host", "10.20.0.5")).ShouldBeAnError(2, "tcpdump has no option '-z'");
    }

    [Fact]
    public async Task Databases_answer_what_was_asked_and_nothing_else()
    {
        using var redis = CompanyServer.Redis();
        using var postgres = CompanyServer.Postgres();
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40", "SET", "greeting", "hello there")).ShouldBeOk().Text.ShouldBe("OK");
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40", "GET", "greeting")).ShouldBeOk().Text.ShouldBe("hello there");
        (await House.Type("sam", "run", "--", "redis-cli", "-h", "10.20.0.40", "CONFIG", "SET", "dir", "/tmp")).ShouldBeAnError(2, "'CONFIG' is none that may be given here");
        (await House.Type("dana", "run", "--reason", "a test", "--", "redis-cli", "-h", "10.20.0.40", "KEYS", "*")).ShouldBe(121).Error.ShouldContain("command KEYS is not opened");

        string[] shop = ["psql", "-h", "10.20.0.40", "-U", "reader", "-d", "shop"];
        (await House.Type("sam", ["run", "--", .. shop, "-At", "-c", "select 6 * 7"])).ShouldBeOk().Text.ShouldBe("42");
        (await House.Type("sam", ["run", "--", .. shop, "--csv", "-o", "users.csv", "-c", "select current_user, current_database()"])).ShouldBeOk().Output.ShouldBeEmpty();
        File.ReadAllText(Path.Combine(House.Folder, "users.csv")).ShouldBe("current_user,current_database\nreader,shop\n");
        (await House.Type("sam", ["run", "--", .. shop, "-c", "select nothing"])).ShouldBe(1).Error.ShouldContain("does not exist");
        (await House.Type("sam", ["run", "--", .. shop, "-c", "\\! id"])).ShouldBeAnError(2, "has not the form");
        (await House.Type("dana", ["run", "--reason", "a test", "--", "psql", "-h", "10.20.0.40", "-U", "postgres", "-d", "shop", "-l"])).ShouldBe(121).Error.ShouldContain("database user postgres is not opened");
    }

    [Fact]
    public async Task What_a_careless_definition_lets_through_is_held_by_sandbox_and_fence()
    {
        // The same words without sandbox and fence: the file is read, and the other host is reached.
        (await Commands.Run("/usr/bin/curl", "-sS", "file:///etc/hostname")).ShouldNotBeEmpty();
        Lab.Run(Lab.Uplink, "/usr/bin/curl", "-sS", "-m", "5", "-x", "http://10.30.0.5:80", "http://10.20.0.5/").ShouldContain("html");

        (await House.Type("sam", "run", "--", "careless", "-e", "10.20.0.5", "-s", "-S", "file:///etc/shadow")).ShouldBe(37).Error.ShouldContain("Couldn't open file /etc/shadow");
        (await House.Type("sam", "run", "--", "careless", "-e", "10.20.0.5", "-s", "-S", "-K", "/etc/shadow")).Code.ShouldNotBe(0);
        (await House.Type("sam", "run", "--", "careless", "-e", "10.20.0.5", "-s", "-S", "-o", "/usr/bin/x", "file:///proc/self/status")).ShouldBe(23);
        (await House.Type("sam", "run", "--", "careless", "-e", "10.20.0.5", "-s", "-S", "file:///proc/self/status")).ShouldBeOk().Text.ShouldContain("CapEff:\t0000000000000000");
        var elsewhere = await House.Type("sam", "run", "--", "careless", "-e", "10.20.0.5", "-s", "-S", "-m", "2", "-x", "http://10.30.0.5:80", "http://10.20.0.5/");
        elsewhere.ShouldBe(28);
        elsewhere.Error.ShouldContain("10.30.0.5");
    }
}
