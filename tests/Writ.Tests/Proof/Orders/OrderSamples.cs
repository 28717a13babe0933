using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Orders;
using Writ.Proof.Runners;
using Writ.Proof.Statements;

namespace Writ.Tests.Proof.Orders;

/// <summary>A statement, an order for it and a runner that obeys it, all with fixed values.</summary>
internal static class OrderSamples
{
    public const string Runner = "rnr_06bq0000000000000000000000";
    public const string OtherRunner = "rnr_06bq0000000000000000000001";
    /// <summary>2026-11-22T14:00:00Z, when the last decision was made.</summary>
    public const long Decided = 1_795_356_000_000_000;
    public const long Now = Decided + 5_000_000;
    public const long Minute = 60_000_000;

    public static byte[] Seed { get; } = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    public static Inventory Inventory { get; } = new(
    [
        new("nmap", "/usr/bin/nmap", "7.93", new('a', 64), [new("nmap-services", new('b', 64), default), new("script.db", new('c', 64), default)]),
    ]);

    public static ScopeText Scope { get; } = new(["10.20.1.0/24", "2001:db8:20::/64"], "22,80,443", "53", "", true);

    public static NetworkScope Ceiling { get; } =
        new ScopeText(["10.20.0.0/16", "2001:db8:20::/48"], "0-65535", "0-65535", "", true).Read().Value;

    public static Statement Asked { get; } = new()
    {
        Request = "req_06bq0000000000000000000002",
        Revision = 1,
        Actor = new("act_06bq0000000000000000000003", "dana"),
        Tool = "nmap",
        Argv = ["nmap", "-n", "-sV", "-p", "22,80", "10.20.1.5"],
        Scope = Scope,
        Inputs = [],
        Zones = ["staging"],
        Runner = Runner,
        Inventory = Inventory.Digest(),
        Duration = 30 * Minute,
        Uses = 1,
        MaxDisconnected = Minute,
        Policy = new('d', 64),
    };

    /// <summary>The same with everything that version 2 added.</summary>
    public static Statement WithFiles { get; } = Asked with
    {
        Argv = ["nmap", "-n", "-iL", "/in/targets", "-oX", "/out/scan.xml", "web1.staging.example.com"],
        Inputs = [new("hosts.txt", 12, new('9', 64))],
        Files = [new("/in/targets", 12, new('9', 64))],
        Names = [new("web1.staging.example.com", ["10.20.1.5", "10.20.1.6"])],
        Outputs = [new("scan.xml", "/out/scan.xml")],
    };

    /// <summary>The same with the budget that version 3 added.</summary>
    public static Statement Budgeted { get; } = WithFiles with { Budget = new(PacketsPerSecond: 500, Packets: 100_000, Violations: 0) };

    /// <summary>The same with the sandbox that version 4 added.</summary>
    public static Statement WithSandbox { get; } = Budgeted with { Sandbox = new(true, ["banner", "http-title"]) };

    /// <summary>The same with the live view that version 5 added.</summary>
    public static Statement WithLive { get; } = WithSandbox with
    {
        Argv = [.. WithFiles.Argv!, "--stats-every=1s"],
        Live = new("nmap-xml", "/out/scan.xml", "apart"),
    };

    public static Statement WithSecrets { get; } = WithSandbox with
    {
        Sandbox = WithSandbox.Sandbox! with
        {
            Secrets = [new("shop") { Environment = "PGPASSWORD", UserEnvironment = "PGUSER" }, new("key") { Path = "/secrets/key" }],
        },
    };

    public static Statement WithTerminal { get; } = WithSecrets with { Sandbox = WithSecrets.Sandbox! with { Terminal = SandboxTerms.TerminalAllowed } };

    public static RunOrder Order(Statement? statement = null)
    {
        var bytes = (statement ?? Asked).ToBytes();
        return new()
        {
            Run = "run_06bq0000000000000000000004",
            Runner = Runner,
            Nonce = new('e', 64),
            Issued = Now,
            StartBy = Now + 10_000_000,
            Deadline = Decided + (30 * Minute),
            MaxDisconnected = Minute,
            Statement = bytes,
            Argv = statement?.Argv ?? Asked.Argv!,
            Fence = new(["10.20.1.5"], "22,80,443", "", "", true),
            Budget = statement?.Budget,
            Decisions = [new("act_06bq0000000000000000000005", Decided, Statement.DigestOf(bytes))],
        };
    }

    /// <summary>One with the zones that version 3 added.</summary>
    public static RunOrder Zoned { get; } = Order(WithLive) with
    {
        Zones = [new("staging", ["2001:db8:20::/48", "10.20.0.0/16"]), new("web", ["10.20.1.0/24"])],
    };

    public static RunOrder AtTerminal { get; } = Order(WithTerminal) with { Zones = Zoned.Zones, Terminal = new(120, 40, "xterm-256color") };

    /// <summary>More time for <see cref="AtTerminal"/>: 15 minutes after its deadline.</summary>
    public static Statement Longer { get; } = WithTerminal with
    {
        Request = "req_06bq0000000000000000000007", Extends = AtTerminal.Run, Start = AtTerminal.Deadline, Duration = 15 * Minute, Policy = new('f', 64),
    };

    /// <summary>A right by break-glass, which version 9 added.</summary>
    public static Statement Broken { get; } = WithSandbox with { BreakGlass = true, OnBehalfOf = null, Start = null, Duration = 15 * Minute };

    /// <summary>A series, which version 10 added: at two o'clock for half a year.</summary>
    public static Statement Nightly { get; } = WithLive with
    {
        OnBehalfOf = null, Inputs = [], Series = new("ser_06bq0000000000000000000008", "0 2 * * 1-5", "Europe/Berlin", Decided + (180 * 1_440 * Minute), 130,
            new("act_06bq000000000000000000000a", "olaf"), new("sweep", 3, new('7', 64), [new("host", "10.20.1.5")])),
    };

    /// <summary>When one of its runs is due: the day after it was decided on.</summary>
    public const long Due = Decided + (1_440 * Minute);

    /// <summary>That run of it, under another policy that says the same.</summary>
    public static Statement OneNight { get; } = Nightly with
    {
        Request = "req_06bq000000000000000000000b", Series = null, Occurrence = new(Nightly.Series!.Id, Statement.DigestOf(Nightly.ToBytes()), Due), Policy = new('f', 64),
    };

    /// <summary>The order of it, a second after it is due.</summary>
    public static RunOrder Occurring(Statement? statement = null, Statement? decided = null)
    {
        var (bytes, series) = ((statement ?? OneNight).ToBytes(), (decided ?? Nightly).ToBytes());
        return Order(OneNight) with
        {
            Statement = bytes, Zones = Zoned.Zones, Issued = Due + 1_000_000, StartBy = Due + 11_000_000, Deadline = Due + 1_000_000 + (30 * Minute),
            Decisions = [new("policy", Due + 1_000_000, Statement.DigestOf(bytes))],
            Series = new(series, [new("act_06bq0000000000000000000005", Decided, Statement.DigestOf(series))]),
        };
    }

    /// <summary>The order of it, as it is given ten minutes after the run began.</summary>
    public static RunOrder Extension(Statement? statement = null)
    {
        var bytes = (statement ?? Longer).ToBytes();
        return AtTerminal with
        {
            Nonce = new('a', 64),
            Issued = Now + (10 * Minute),
            StartBy = AtTerminal.Deadline,
            Deadline = AtTerminal.Deadline + (15 * Minute),
            Statement = bytes,
            Decisions = [new("act_06bq0000000000000000000005", Now + (10 * Minute), Statement.DigestOf(bytes))],
        };
    }

    public static SignedBytes Signed(RunOrder order) => SigningKeys.Sign(Seed, order.ToBytes());

    public static RunnerTrust Trust { get; } = new(
        Runner, Inventory.Digest(),
        new Dictionary<string, byte[]> { [SigningKeys.KeyId(SigningKeys.PublicKey(Seed))] = SigningKeys.PublicKey(Seed) },
        Ceiling, LocalApprovals.None);
}
