using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Runner.Sandboxes;
using Writ.Runner.Secrets;

namespace Writ.Runner.Runners;

/// <summary>
/// The operator's own file on the runner's host, <c>runner.json</c>: JSON with comments. Nothing that a server says
/// widens it. What is absent permits nothing. (Optional members are settable, as the JSON generator passes over the
/// initial value of an init-only one.)
/// </summary>
internal sealed partial record RunnerConfig
{
    public const string FileName = "runner.json";
    public const long DefaultSpoolLimit = 1L << 30;
    public const long DefaultOutputLimit = 64L << 20;

    /// <summary>Writ's runner listener, <c>https://host:port</c>.</summary>
    public required string Server { get; init; }
    /// <summary>What this runner may ever reach; null for nothing at all.</summary>
    public CeilingText? Ceiling { get; set; }
    /// <summary>Whose approvals by passkey this runner asks for by itself; null for nobody's.</summary>
    public ApprovalsText? Approvals { get; set; }
    /// <summary>The network namespace under /run/netns through which runs reach the network, or null for the host's own.</summary>
    public string? NetworkNamespace { get; set; }
    /// <summary>What holds the packets of runs: <c>netdev</c>, or <c>none</c> where the operator does without.</summary>
    public string Fence { get; set; } = NetdevFence;
    /// <summary>The addresses that runs come from: each has one of its own while it lives. Of the uplink's networks, and nobody else's.</summary>
    public IReadOnlyList<string> Pool { get; set; } = [];
    /// <summary>How many places for runs stand ready.</summary>
    public int PreparedFences { get; set; } = 2;
    /// <summary>The tools that this runner offers.</summary>
    public IReadOnlyList<ToolPath> Tools { get; set; } = [new("nmap", "/usr/bin/nmap")];
    /// <summary>The secrets that runs can be given. A server learns their names alone.</summary>
    public IReadOnlyList<SecretText> Secrets { get; set; } = [];
    /// <summary>The Vaults that some of them are in.</summary>
    public IReadOnlyList<VaultText> Vaults { get; set; } = [];
    /// <summary>The most bytes of one run's recording; a run that passes it is killed.</summary>
    public long SpoolLimitBytes { get; set; } = DefaultSpoolLimit;
    /// <summary>The most bytes that one run may write into files that are handed back; they lie in memory while it lives.</summary>
    public long OutputLimitBytes { get; set; } = DefaultOutputLimit;

    /// <summary>Users of this host that are nobody else's, such as <c>2000000000-2000001023</c>: each run is one of them while it lives.</summary>
    public string RunUsers { get; set; } = RunUser.DefaultRange;
    /// <summary>How much of this machine one run may take.</summary>
    public RunLimits Limits { get; set; } = new();

    private const string NetdevFence = "netdev", NoFence = "none";

    /// <summary>Whether each run must have a fence.</summary>
    public bool HasFence => Fence != NoFence;

    /// <summary>The pool's addresses.</summary>
    public AddressSet PoolAddresses() => AddressSet.TryParse(Pool, out var addresses, out _) ? addresses : AddressSet.Empty;

    /// <summary>The ceiling as a scope; nothing where there is none.</summary>
    public NetworkScope CeilingScope() => Ceiling?.ToText().Read() is { IsOk: true } scope ? scope.Value : NetworkScope.Nothing;

    /// <summary>The approvals that are asked for; nobody's where the configuration has none.</summary>
    /// <exception cref="InvalidOperationException">They are wrong, and the file was never read.</exception>
    public LocalApprovals LocalApprovals() =>
        Approvals is null ? Proof.Orders.LocalApprovals.None : Approvals.Read() is ({ } read, _) ? read : throw new InvalidOperationException("the approvals were never checked");

    /// <summary>Reads the file.</summary>
    /// <exception cref="RunnerException">It is absent or wrong; the message names file, line and member.</exception>
    public static RunnerConfig Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RunnerException($"there is no {path}", "enrol this runner first: writ-runner enroll --server https://HOST:PORT --data DIR");
        }

        RunnerConfig config;
        try
        {
            config = JsonSerializer.Deserialize(bytes, RunnerJson.Default.RunnerConfig)
                ?? throw new RunnerException($"{path}:1: the file holds no settings");
        }
        catch (JsonException wrong)
        {
            throw new RunnerException($"{path}:{(wrong.LineNumber ?? 0) + 1}: {Explain(wrong)}", "docs/runner.md lists every setting");
        }

        config.Check(path, bytes);
        return config;
    }

    private void Check(string path, byte[] bytes)
    {
        if (!Uri.TryCreate(Server, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps)
            throw Wrong("server", $"'{Server}' is no https:// address");
        if (Ceiling?.ToText().Read() is { IsOk: false } ceiling)
            throw Wrong("ceiling", ceiling.Refusal.Message);
        if (Approvals?.Read() is (_, { } approvals))
            throw Wrong("approvals", approvals);
        if (NetworkNamespace is { } name && (name.Length == 0 || name.Contains('/', StringComparison.Ordinal) || name is "." or ".."))
            throw Wrong("network_namespace", $"'{name}' is no name of a network namespace");
        if (Fence is not (NetdevFence or NoFence))
            throw Wrong("fence", $"'{Fence}' is no fence; it is {NetdevFence} or {NoFence}");
        if (!AddressSet.TryParse(Pool, out _, out var stray))
            throw Wrong("pool", $"'{stray}' is no address, network or range");
        if (PreparedFences is < 0 or > 64)
            throw Wrong("prepared_fences", "it is 0 to 64");
        if (SpoolLimitBytes < 1 << 20)
            throw Wrong("spool_limit_bytes", "less than a mebibyte records nothing");
        if (OutputLimitBytes < 1 << 16)
            throw Wrong("output_limit_bytes", "less than 64 KiB holds no file");
        if (!RunUser.TryParse(RunUsers, out _, out _))
            throw Wrong("run_users", $"'{RunUsers}' is no range of users from {RunUser.Lowest} on, such as {RunUser.DefaultRange}");
        if (Limits.Wrong() is { } limit)
            throw Wrong("limits", limit);
        foreach (var tool in Tools)
        {
            if (tool.Data?.FirstOrDefault(path => !Path.IsPathFullyQualified(path) || path == "/" || path != Path.GetFullPath(path) || path.AsSpan().ContainsAny("\n\0")) is { } odd)
                throw Wrong("tools", $"'{odd}' is no plain absolute path of data");
            if (tool.Programs?.FirstOrDefault(path => !Path.IsPathFullyQualified(path) || path != Path.GetFullPath(path) || path.AsSpan().ContainsAny("\n\0")) is { } stranger)
                throw Wrong("tools", $"'{stranger}' is no plain absolute path of a program");
            if (tool.Version is { Count: 0 or > 8 } || tool.Version?.Any(word => word.Contains('\0', StringComparison.Ordinal)) == true)
                throw Wrong("tools", $"'version' of '{tool.Name}' is no short list of arguments");
            if (tool.Name.Length == 0 || tool.Name.AsSpan().ContainsAny("/\n \0") || !Path.IsPathFullyQualified(tool.Path)
                || tool.Path.AsSpan().ContainsAny("\n\0"))
                throw Wrong("tools", $"a tool needs a plain name and an absolute path, not '{tool.Name}' at '{tool.Path}'");
        }

        if (Vaults.Select(vault => vault.Wrong()).FirstOrDefault(wrong => wrong is not null) is { } vaults)
            throw Wrong("vaults", vaults);
        if (Vaults.GroupBy(vault => vault.Name).FirstOrDefault(group => group.Count() > 1) is { } twoVaults)
            throw Wrong("vaults", $"'{twoVaults.Key}' is there twice");
        if (Secrets.Select(secret => secret.Wrong(Vaults)).FirstOrDefault(wrong => wrong is not null) is { } secrets)
            throw Wrong("secrets", secrets);
        if (Secrets.GroupBy(secret => secret.Name).FirstOrDefault(group => group.Count() > 1) is { } twoSecrets)
            throw Wrong("secrets", $"'{twoSecrets.Key}' is there twice");
        if (Tools.FirstOrDefault(tool => tool.SoftStopSeconds is < 0 or > 60) is not null)
            throw Wrong("soft_stop_seconds", "it is 0 to 60");
        if (Tools.GroupBy(tool => tool.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Wrong("tools", $"'{twice.Key}' is there twice");

        RunnerException Wrong(string member, string what)
        {
            var text = Encoding.UTF8.GetString(bytes);
            var at = text.IndexOf($"\"{member}\"", StringComparison.Ordinal);
            return new($"{path}:{text.AsSpan(0, Math.Max(at, 0)).Count('\n') + 1}: {member}: {what}", "docs/runner.md lists every setting");
        }
    }

    private static string Explain(JsonException wrong)
    {
        if (UnknownMember().Match(wrong.Message) is { Success: true } unknown)
            return $"unknown setting '{unknown.Groups[1].Value}'";
        if (MissingMember().Match(wrong.Message) is { Success: true } missing)
            return $"missing setting {missing.Groups[1].Value.TrimEnd('.').Replace('"', '\'')}";
        if (wrong.Message.Contains("uplicate", StringComparison.Ordinal))
            return $"a setting is there twice{At(wrong)}";
        return wrong.InnerException is null ? $"a value has the wrong type{At(wrong)}" : $"this is no JSON{At(wrong)}";
    }

    private static string At(JsonException wrong) => wrong.Path is { Length: > 2 } path ? $" at {path[2..]}" : "";

    [GeneratedRegex("property '([^']+)' could not be mapped")]
    private static partial Regex UnknownMember();

    [GeneratedRegex("missing required properties including: (.+)$")]
    private static partial Regex MissingMember();

    /// <summary>The text of a new file.</summary>
    public static string NewText(string server, IReadOnlyCollection<string> ceiling, string? networkNamespace, IReadOnlyCollection<string> pool)
    {
        var some = ceiling.Count > 0;
        return $$"""
            {
              // Writ's runner listener. This runner dials out to it; nothing dials in.
              "server": {{Quote(server)}},

              // The ceiling: what this runner may ever reach, whatever a server orders. Empty permits nothing.
              // Addresses are single ones, networks (10.20.0.0/24) or ranges (10.20.0.1-10.20.0.9); ports are "22,80,8000-8100".
              "ceiling": {
                "addresses": [{{string.Join(", ", ceiling.Select(Quote))}}],
                "tcp": "{{(some ? "0-65535" : "")}}",
                "udp": "{{(some ? "0-65535" : "")}}",
                "sctp": "",
                "icmp": {{(some ? "true" : "false")}}
              },

              // The network namespace (a name under /run/netns) through which runs reach the network; the host's own without it.
              {{(networkNamespace is null ? "// \"network_namespace\": \"uplink\"" : $"\"network_namespace\": {Quote(networkNamespace)}")}},

              // The addresses that runs come from, IPv4 and IPv6: each run has its own while it lives, and the kernel holds its
              // packets. Addresses of the uplink's own networks that nobody else has. Without them runs come from the uplink's own
              // addresses, and two at a time cannot reach the same targets. "fence": "none" does without a fence.
              "pool": [{{string.Join(", ", pool.Select(Quote))}}],

              // The tools that this runner offers.
              "tools": [{ "name": "nmap", "path": "/usr/bin/nmap" }],

              // A run whose recording would pass this is killed: what cannot be recorded is not run.
              "spool_limit_bytes": {{DefaultSpoolLimit}},

              // The most bytes that one run may write into files that are handed back (-oX and the like); they lie in memory while it lives.
              "output_limit_bytes": {{DefaultOutputLimit}}
            }

            """;
    }

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}

/// <summary>The ceiling as the configuration writes it; a member that is absent permits nothing.</summary>
internal sealed record CeilingText(IReadOnlyList<string>? Addresses = null, string Tcp = "", string Udp = "", string Sctp = "", bool Icmp = false)
{
    /// <summary>ICMP types beside echo and timestamp requests, and IP protocols, by number.</summary>
    public string? IcmpTypes { get; init; }
    /// <inheritdoc cref="IcmpTypes"/>
    public string? Protocols { get; init; }

    public ScopeText ToText() => new(Addresses ?? [], Tcp, Udp, Sctp, Icmp) { IcmpTypes = IcmpTypes, Protocols = Protocols };
}

/// <summary>A tool and where it is.</summary>
internal sealed record ToolPath(string Name, string Path)
{
    /// <summary>The files and folders that it is shown read-only at their own paths; null for those that a known tool needs.</summary>
    public IReadOnlyList<string>? Data { get; init; }

    /// <summary>Programs that it starts and libraries that it opens by itself; they lie in its root with all that they are linked with.</summary>
    public IReadOnlyList<string>? Programs { get; init; }

    /// <summary>The arguments by which it tells its version; null for <c>--version</c>.</summary>
    public IReadOnlyList<string>? Version { get; init; }

    /// <summary>How many seconds before its deadline it is asked to end, so that it writes what it has; null or 0 for never.</summary>
    public int? SoftStopSeconds { get; init; }

    /// <summary>True where its runs send nothing, and see copies of what passes the uplink's links within their scope; null for no.</summary>
    public bool? Capture { get; set; }

    /// <summary>What it is shown: what the operator says, else for Nmap the data folder where it looks first.</summary>
    public IReadOnlyList<string> DataOrDefault() => Data ?? (Name == "nmap" ? [NmapData(Path)] : []);

    /// <summary>The folder of its scripts, of which a run gets those that were approved; null for a tool that has none.</summary>
    public string? ScriptsOrDefault() =>
        Name == "nmap" ? DataOrDefault().Select(data => System.IO.Path.Combine(data, "scripts")).FirstOrDefault(Directory.Exists) : null;

    private static string NmapData(string path)
    {
        var beside = System.IO.Path.GetFullPath("../share/nmap", System.IO.Path.GetDirectoryName(path)!);
        return Directory.Exists(beside) ? beside : "/usr/share/nmap";
    }
}
