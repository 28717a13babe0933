using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.EndToEnd;

/// <summary>A house whose runner offers every tool that is in the box and installed here, and whose policy is a folder with definitions of its own.</summary>
public sealed class ToolsStreet() : HousesOnSqlite("tools")
{
    /// <summary>A tool that only the policy of this house knows: dig under another name, with less to say.</summary>
    internal const string Lookup = """
        version: 1
        tool: lookup
        summary: asks the company's name server for one address
        program: dig
        runner: { path: /usr/bin/dig, package: bind9-dnsutils, version: ["-v"] }
        facets:
          ports: { least: "53" }
        always: ["-r", "+short", "+tries=1", "+time=5"]
        positionals:
          server: { value: host, prefix: "@", required: true }
          name: { value: text, pattern: "[a-z0-9.-]{1,200}", as: "-q", required: true }
        network:
          - { purpose: query, udp: "53" }
        estimate: { packets: 1, seconds: 1 }
        examples:
          - { command: lookup @10.20.0.53 a.example, argv: lookup -r +short +tries=1 +time=5 -q a.example @10.20.0.53, udp: "53", tcp: "" }
          - { command: lookup @10.20.0.53 a.example MX, refused: takes no further argument }

        """;

    /// <summary>What somebody wrote who did not know curl: it lets through what reads files and leads elsewhere.</summary>
    internal const string Careless = """
        version: 1
        tool: careless
        summary: curl by somebody who does not know it
        program: curl
        options:
          "-s": {}
          "-S": {}
          "-e": { value: host }
          "-m": { value: number, least: 1, most: 60 }
          "-K": { value: text, pattern: ".*" }
          "-x": { value: text, pattern: ".*" }
          "-o": { value: text, pattern: ".*" }
          "--data-binary": { value: text, pattern: ".*" }
        positionals:
          url: { value: text, pattern: ".*", at-most: 3 }
        network:
          - { purpose: requests, tcp: "80" }
        examples:
          - { command: careless -e 10.20.0.5 }
          - { command: careless, refused: no target }

        """;

    /// <summary>A shell, as somebody would define who wants to see what a terminal can be made to do.</summary>
    internal const string Console = """
        version: 1
        tool: console
        summary: a shell that asks nobody
        program: dash
        runner: { path: /usr/bin/dash, package: dash, data: [/lib/terminfo], programs: [/usr/bin/stty, /usr/bin/sleep, /usr/bin/head, /usr/bin/sha256sum, /usr/bin/top], version: ["-c", "echo dash"] }
        always: ["-i", "-s"]
        interactive: { unless: ["-n"] }
        options:
          "-n": { means: reads and does nothing }
        positionals:
          host: { value: host, required: true }
        network:
          - { purpose: talk, tcp: "80" }
        examples:
          - { command: console 10.20.0.5, interactive: needed }
          - { command: console -n 10.20.0.5, interactive: "no" }
          - { command: console, refused: needs host }

        """;

    internal const string Rules = """
        version: 1
        roles:
          developer:         { groups: [engineering] }
          security-engineer: { groups: [secops] }
        zones:
          staging:    { addresses: [10.20.0.0/24, "2001:db8:20::/64"] }
          production: { addresses: [10.30.0.0/24] }
        rules:
          - id: developers-use-tools
            roles: [developer]
            zones: [staging]
            tools: { dig: {}, lookup: {}, ping: {}, traceroute: {}, curl: {}, openssl: {}, sslscan: {}, masscan: {}, tcpdump: { ports: "80" }, redis-cli: {}, ssh: { ports: "2222", users: [postgres], commands: [id], secrets: [web-key] }, psql: { databases: [shop], users: [reader], secrets: [shop-open, shop-also] } }
            max-uses: 100
            require: [reason]
            approval: { from: [security-engineer], count: 1 }
          - id: secops-self-serve
            roles: [security-engineer]
            zones: [staging]
            tools: { nmap: any, dig: any, lookup: any, careless: any, console: any, ping: any, traceroute: any, curl: any, openssl: any, sslscan: any, masscan: any, tcpdump: { others: any, features: [file] }, testssl: any, ssh: { others: any, features: [interactive] }, redis-cli: { others: any, commands: [any, SET], features: [interactive] }, psql: { others: any, features: [statements, interactive] } }
            max-uses: 100
            approval: none
          - id: developers-check-the-web
            roles: [developer]
            zones: [staging]
            templates: [web-check]
            approval: none

        """;

    /// <summary>What developers may run of Nmap in this house, and nothing else of it.</summary>
    internal const string WebCheck = """
        version: 1
        template: web-check
        description: is the web server up
        command: [nmap, -sT, -Pn, -n, -p, "{ports}", "{host}"]
        parameters:
          host: { value: host, zones: [staging], means: the host to look at }
          ports: { value: ports, within: "80,443", default: "80" }
        max-duration: 5m
        reason: is it up
        examples:
          - { with: { host: 10.20.0.5 }, argv: nmap -sT -Pn -n -p 80 10.20.0.5 }

        """;

    /// <summary>Writes the policy's folder.</summary>
    internal static string Folder(House house, string rules, params (string Name, string Text)[] definitions)
    {
        var folder = Directory.CreateDirectory(Path.Combine(house.Folder, "policy")).FullName;
        foreach (var (name, text) in definitions.Prepend(("rules.yaml", rules)))
            File.WriteAllText(Path.Combine(folder, name), text);
        return folder;
    }

    /// <summary>The house, with tools and policy.</summary>
    internal async Task<House> Ready()
    {
        if (_ready)
            return House;
        // What an operator copies from `writ tools show` into runner.json.
        var offered = new List<JsonNode>();
        await MakeKeys();
        (await House.Type("ada", "policy", "apply", Folder(House, Rules, ("lookup.yaml", Lookup), ("careless.yaml", Careless), ("web-check.yaml", WebCheck), ("console.yaml", Console), ("ssh.yaml", Ssh())))).ShouldBeOk();
        var tools = JsonNode.Parse((await House.Type("ada", "tools", "--format", "json")).ShouldBeOk().Text)!["items"]!.AsArray();
        foreach (var tool in tools.Where(tool => tool!["place"] is not null))
        {
            var shown = (await House.Type("ada", "tools", "show", tool!["name"]!.GetValue<string>())).ShouldBeOk();
            var line = shown.Error.Split('\n').First(text => text.Contains("runner.json: {", StringComparison.Ordinal));
            offered.Add(JsonNode.Parse(line[line.IndexOf('{', StringComparison.Ordinal)..(line.LastIndexOf('}') + 1)])!);
        }

        // Whichever PostgreSQL this machine has.
        offered.Single(tool => (string?)tool["name"] == "psql")["path"] = Path.Combine(CompanyServer.PostgresFolder, "psql");
        await File.WriteAllTextAsync(Path.Combine(_secrets.FullName, "ca.pem"), VaultCertificate.ExportCertificatePem());
        await House.RestartRunner(config =>
        {
            offered.ForEach(tool => config["tools"]!.AsArray().Add(tool));
            config["vaults"] = JsonNode.Parse($$"""
                [{ "name": "main", "address": "https://127.0.0.1:{{VaultPort}}", "namespace": "{{TestVault.Namespace}}", "ca_file": "{{_secrets}}/ca.pem", "token_file": "{{_secrets}}/vault-token" },
                 { "name": "lending", "address": "https://127.0.0.1:{{VaultPort}}", "namespace": "{{TestVault.Namespace}}", "ca_file": "{{_secrets}}/ca.pem", "app_role": { "role_id": "{{TestVault.RoleId}}", "secret_id_file": "{{_secrets}}/secret-id" } }]
                """);
            const string shop = "\"tools\": [\"psql\"], \"reach\": { \"addresses\": [\"10.20.0.40\"], \"tcp\": \"5432\" }";
            config["secrets"] = JsonNode.Parse($$"""
                [{ "name": "shop-keeper", {{shop}}, "file": "{{_secrets}}/shop-keeper" }, { "name": "shop-open", {{shop}}, "file": "{{_secrets}}/shop-open" }, { "name": "shop-also", {{shop}}, "file": "{{_secrets}}/shop-also" },
                 { "name": "cache", "tools": ["redis-cli"], "reach": { "addresses": ["10.20.0.40"], "tcp": "6379" }, "file": "{{_secrets}}/cache" },
                 { "name": "shop-stocker", {{shop}}, "vault": "main", "mount": "kv", "kv": "app/shop" }, { "name": "web-key", "tools": ["ssh"], "reach": { "addresses": ["10.20.0.40-10.20.0.41"], "tcp": "2222" }, "file": "{{_secrets}}/web-key" }, { "name": "shop-lent", {{shop}}, "vault": "lending", "creds": "reader" }]
                """);
        });
        await House.BeWhole();
        _ready = true;
        return House;
    }

    /// <summary>Where a Vault is expected, on this host alone.</summary>
    internal int VaultPort { get; } = TestVault.FreePort();

    /// <summary>What a Vault there must show.</summary>
    internal X509Certificate2 VaultCertificate { get; } = TestVault.Certificate();

    /// <summary>The operator writes a file of a secret, outside the house.</summary>
    internal void WriteSecret(string name, string value)
    {
        var path = Path.Combine(_secrets.FullName, name);
        File.WriteAllText(path, value);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>The file of a server's key that the runner knows, for 10.20.0.40 alone.</summary>
    internal string HostKey => Path.Combine(_secrets.FullName, "host");

    /// <summary>A key of somebody's, whose other half is beside it as <c>.pub</c>.</summary>
    internal string PersonKey => Path.Combine(_secrets.FullName, "person");

    private async Task MakeKeys()
    {
        // They stay where a test before could not wait for the rest: ssh-keygen would ask somebody whether it may write over them.
        foreach (var key in new[] { HostKey, PersonKey }.Where(key => !File.Exists(key)))
            await Commands.Run("/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key);
        var known = Path.Combine(_secrets.FullName, "known_hosts");
        await File.WriteAllTextAsync(known, $"[10.20.0.40]:{CompanyServer.SshPort} {await File.ReadAllTextAsync(HostKey + ".pub")}");
        File.SetUnixFileMode(known, (UnixFileMode)0b110_100_100);
    }

    // That of the box, with hosts that are known in these tests alone.
    private string Ssh() => ((DefinedTool)ToolCatalogue.Box.Find("ssh")!).Definition.Text.Replace("/etc/ssh/ssh_known_hosts", Path.Combine(_secrets.FullName, "known_hosts"), StringComparison.Ordinal);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _secrets.Delete(recursive: true);
        VaultCertificate.Dispose();
    }

    private readonly DirectoryInfo _secrets = Directory.CreateTempSubdirectory("writ-operator-");
    private bool _ready;
}

[CollectionDefinition(Name)]
public sealed class ToolsCollection : ICollectionFixture<ToolsStreet>
{
    internal const string Name = "tools";
}
