using System.Text;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using static Writ.Tests.Proof.Orders.OrderSamples;

namespace Writ.Tests.Proof.Orders;

/// <summary>
/// Golden files beside this one: bytes that were signed stay readable and digests stay what they were. A change here is a
/// new version of the format, never an edit of these files.
/// </summary>
public sealed class EncodingTests
{
    private static readonly string Folder = Path.Combine(
        Path.GetDirectoryName(GoldenFile())!, "..", "Statements", "golden");

    private static string GoldenFile([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

    internal static byte[] Golden(string name, byte[] now)
    {
        var path = Path.Combine(Folder, name);
        // Written once, by whoever asks for it; the tests themselves never do.
        if (Environment.GetEnvironmentVariable("WRIT_WRITE_GOLDEN") == "1" && !File.Exists(path))
        {
            Directory.CreateDirectory(Folder);
            File.WriteAllBytes(path, now);
        }

        return File.ReadAllBytes(path);
    }

    private static Statement Window { get; } = Asked with
    {
        Argv = null,
        OnBehalfOf = new("act_06bq0000000000000000000007", "Ø \"quoted\" \u0007"),
        Inputs = [new("hosts.txt", 12, new('9', 64))],
        Start = Decided,
        LatestEnd = Decided + (60 * Minute),
    };

    [Fact]
    public void Statement_encodes_to_the_golden_bytes()
    {
        var bytes = Asked.ToBytes();
        bytes.ShouldBe(Golden("statement-v1", bytes));
        Window.ToBytes().ShouldBe(Golden("statement-window-v1", Window.ToBytes()));
    }

    [Fact]
    public void Statement_decodes_from_the_golden_bytes()
    {
        var golden = Golden("statement-v1", Asked.ToBytes());
        var statement = Statement.Read(golden).Value;
        statement.ToBytes().ShouldBe(golden);
        statement.Argv.ShouldBe(Asked.Argv);
        statement.NotAfter(Decided).ShouldBe(Decided + (30 * Minute));
        var window = Statement.Read(Golden("statement-window-v1", Window.ToBytes())).Value;
        window.Argv.ShouldBeNull();
        window.OnBehalfOf.ShouldBe(Window.OnBehalfOf);
        window.Inputs.ShouldBe(Window.Inputs);
    }

    [Fact]
    public void Statement_with_files_encodes_to_and_decodes_from_the_golden_bytes_of_version_2()
    {
        var golden = Golden("statement-v2", WithFiles.ToBytes());
        WithFiles.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-statement/v2\n"u8).ShouldBeTrue();
        var read = Statement.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Files.ShouldBe(WithFiles.Files);
        read.Outputs.ShouldBe(WithFiles.Outputs);
        read.Names!.ShouldHaveSingleItem().Addresses.ShouldBe(["10.20.1.5", "10.20.1.6"]);
    }

    [Fact]
    public void Statement_and_order_with_a_budget_encode_to_and_decode_from_the_golden_bytes()
    {
        var statement = Golden("statement-v3", Budgeted.ToBytes());
        Budgeted.ToBytes().ShouldBe(statement);
        statement.AsSpan().StartsWith("writ-statement/v3\n"u8).ShouldBeTrue();
        Statement.Read(statement).Value.ToBytes().ShouldBe(statement);
        Statement.Read(statement).Value.Budget.ShouldBe(Budgeted.Budget);
        var order = Golden("order-v2", Order(Budgeted).ToBytes());
        Order(Budgeted).ToBytes().ShouldBe(order);
        order.AsSpan().StartsWith("writ-order/v2\n"u8).ShouldBeTrue();
        RunOrder.Read(order).Value.ToBytes().ShouldBe(order);
        RunOrder.Read(order).Value.Budget.ShouldBe(Budgeted.Budget);
    }

    [Fact]
    public void Order_with_zones_encodes_to_and_decodes_from_the_golden_bytes_of_version_3()
    {
        var golden = Golden("order-v3", Zoned.ToBytes());
        Zoned.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-order/v3\n"u8).ShouldBeTrue();
        var read = RunOrder.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Zones!.Select(zone => zone.Name).ShouldBe(["staging", "web"]);
        read.Zones![0].Addresses.ShouldBe(["2001:db8:20::/48", "10.20.0.0/16"]);
    }

    [Fact]
    public void Statement_with_a_sandbox_encodes_to_and_decodes_from_the_golden_bytes_of_version_4()
    {
        var golden = Golden("statement-v4", WithSandbox.ToBytes());
        WithSandbox.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-statement/v4\n"u8).ShouldBeTrue();
        var read = Statement.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Sandbox!.RawSockets.ShouldBeTrue();
        read.Sandbox.Scripts.ShouldBe(["banner", "http-title"]);
    }

    [Fact]
    public void Statement_with_a_live_view_encodes_to_and_decodes_from_the_golden_bytes_of_version_5()
    {
        var golden = Golden("statement-v5", WithLive.ToBytes());
        WithLive.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-statement/v5\n"u8).ShouldBeTrue();
        var read = Statement.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Live.ShouldBe(WithLive.Live);
    }

    [Fact]
    public void Statement_with_secrets_encodes_to_and_decodes_from_the_golden_bytes_of_version_6()
    {
        var golden = Golden("statement-v6", WithSecrets.ToBytes());
        WithSecrets.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-statement/v6\n"u8).ShouldBeTrue();
        var read = Statement.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Sandbox!.Secrets.ShouldBe(WithSecrets.Sandbox!.Secrets);
        SandboxTerms.Wrong(read).ShouldBeNull();
    }

    [Fact]
    public void Statement_and_order_with_a_terminal_encode_to_and_decode_from_the_golden_bytes()
    {
        var statement = Golden("statement-v7", WithTerminal.ToBytes());
        WithTerminal.ToBytes().ShouldBe(statement);
        statement.AsSpan().StartsWith("writ-statement/v7\n"u8).ShouldBeTrue();
        Statement.Read(statement).Value.Sandbox!.Terminal.ShouldBe(SandboxTerms.TerminalAllowed);
        var order = Golden("order-v5", AtTerminal.ToBytes());
        AtTerminal.ToBytes().ShouldBe(order);
        order.AsSpan().StartsWith("writ-order/v5\n"u8).ShouldBeTrue();
        RunOrder.Read(order).Value.Terminal.ShouldBe(new(120, 40, "xterm-256color"));
        RunOrder.HasTerminal(order).ShouldBeTrue();
        RunOrder.HasTerminal(Zoned.ToBytes()).ShouldBeFalse();
        foreach (var other in new[] { "/v5", "/v6" })
            Statement.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(statement).Replace("/v7", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
        foreach (var other in new[] { "order/v3", "order/v4" })
            RunOrder.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(order).Replace("order/v5", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
    }

    [Fact]
    public void Statement_of_more_time_encodes_to_and_decodes_from_the_golden_bytes_of_version_8()
    {
        var golden = Golden("statement-v8", Longer.ToBytes());
        Longer.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-statement/v8\n"u8).ShouldBeTrue();
        var read = Statement.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Extends.ShouldBe(AtTerminal.Run);
        read.NotAfter(Decided).ShouldBe(AtTerminal.Deadline + (15 * Minute), "it does not matter when it was decided");
        Statement.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(golden).Replace("/v8", "/v7", StringComparison.Ordinal))).IsOk.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => (Longer with { Start = null }).ToBytes(), "it says from when on");
    }

    [Fact]
    public void Statement_by_break_glass_encodes_to_and_decodes_from_the_golden_bytes_of_version_9()
    {
        var golden = Golden("statement-v9", Broken.ToBytes());
        Broken.ToBytes().ShouldBe(golden);
        golden.AsSpan().StartsWith("writ-statement/v9\n"u8).ShouldBeTrue();
        var read = Statement.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.BreakGlass.ShouldBe(true);
        foreach (var other in new[] { "/v4", "/v5", "/v8" })
            Statement.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(golden).Replace("/v9", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
        // It is never for longer, for later, for somebody else, or more time; and the mark is never taken back.
        foreach (var wrong in new[]
        {
            Broken with { Duration = (15 * Minute) + 1 }, Broken with { Duration = -1 }, Broken with { Start = Decided }, Broken with { OnBehalfOf = Broken.Actor },
            Broken with { Extends = AtTerminal.Run, Start = Decided }, Broken with { BreakGlass = false }, Broken with { Sandbox = null },
        })
            Should.Throw<InvalidOperationException>(() => wrong.ToBytes());
        var longer = Encoding.UTF8.GetString(golden).Replace($"\"duration\":{15 * Minute}", $"\"duration\":{16 * Minute}", StringComparison.Ordinal);
        longer.ShouldNotBe(Encoding.UTF8.GetString(golden));
        Statement.Read(Encoding.UTF8.GetBytes(longer)).IsOk.ShouldBeFalse("a runner refuses it too");
        Broken.IsSameButForTime(Broken).ShouldBeFalse("it gets no more time");
    }

    [Fact]
    public void Statements_of_a_series_and_of_one_of_its_runs_encode_to_and_decode_from_the_golden_bytes_of_version_10()
    {
        foreach (var (name, statement) in new[] { ("statement-v10", Nightly), ("statement-v10-occurrence", OneNight) })
        {
            var golden = Golden(name, statement.ToBytes());
            statement.ToBytes().ShouldBe(golden);
            golden.AsSpan().StartsWith("writ-statement/v10\n"u8).ShouldBeTrue();
            Statement.Read(golden).Value.ToBytes().ShouldBe(golden);
            foreach (var other in new[] { "/v1", "/v5", "/v9" })
                Statement.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(golden).Replace("/v10", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
        }

        foreach (var wrong in new[]
        {
            Nightly with { Uses = 2 }, Nightly with { Start = Decided }, Nightly with { LatestEnd = Decided }, Nightly with { OnBehalfOf = Nightly.Actor }, Nightly with { BreakGlass = true },
            Nightly with { Extends = Zoned.Run }, Nightly with { Argv = null }, Nightly with { Occurrence = OneNight.Occurrence }, Nightly with { Inputs = WithFiles.Inputs }, Nightly with { Series = Nightly.Series! with { Runs = 0 } },
            OneNight with { Uses = 2 }, OneNight with { Start = Decided }, OneNight with { BreakGlass = true }, OneNight with { Sandbox = null },
        })
            Should.Throw<InvalidOperationException>(() => wrong.ToBytes());
        var order = Golden("order-v6", Occurring().ToBytes());
        Occurring().ToBytes().ShouldBe(order);
        order.AsSpan().StartsWith("writ-order/v6\n"u8).ShouldBeTrue();
        RunOrder.Read(order).Value.ToBytes().ShouldBe(order);
        RunOrder.HasTerminal(order).ShouldBeFalse();
        foreach (var other in new[] { "order/v3", "order/v4", "order/v5" })
            RunOrder.Read(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(order).Replace("order/v6", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
        Should.Throw<InvalidOperationException>(() => (Occurring() with { Terminal = AtTerminal.Terminal }).ToBytes());
        OneNight.IsSameButForTime(OneNight).ShouldBeFalse("it gets no more time");
    }

    [Fact]
    public void Members_of_another_version_are_refused()
    {
        var first = Encoding.UTF8.GetString(Asked.ToBytes());
        var second = Encoding.UTF8.GetString(WithFiles.ToBytes());
        foreach (var text in new[]
        {
            first.Replace("/v1", "/v2", StringComparison.Ordinal), second.Replace("/v2", "/v1", StringComparison.Ordinal),
            second.Replace("/v2", "/v3", StringComparison.Ordinal), second.Replace(",\"names\":[{", ",\"nmaes\":[{", StringComparison.Ordinal),
        })
        {
            Statement.Read(Encoding.UTF8.GetBytes(text)).IsOk.ShouldBeFalse(text);
        }

        var third = Encoding.UTF8.GetString(Budgeted.ToBytes());
        Statement.Read(Encoding.UTF8.GetBytes(third.Replace("/v3", "/v2", StringComparison.Ordinal))).IsOk.ShouldBeFalse();
        Statement.Read(Encoding.UTF8.GetBytes(third.Replace("/v3", "/v4", StringComparison.Ordinal))).IsOk.ShouldBeFalse();
        var fourth = Encoding.UTF8.GetString(WithSandbox.ToBytes());
        foreach (var other in new[] { "/v1", "/v2", "/v3", "/v5" })
            Statement.Read(Encoding.UTF8.GetBytes(fourth.Replace("/v4", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
        foreach (var order in new[]
        {
            Encoding.UTF8.GetString(Order().ToBytes()).Replace("order/v1", "order/v2", StringComparison.Ordinal),
            Encoding.UTF8.GetString(Order(Budgeted).ToBytes()).Replace("order/v2", "order/v1", StringComparison.Ordinal),
            Encoding.UTF8.GetString(Order(Budgeted).ToBytes()).Replace("order/v2", "order/v3", StringComparison.Ordinal),
            Encoding.UTF8.GetString(Zoned.ToBytes()).Replace("order/v3", "order/v2", StringComparison.Ordinal),
            Encoding.UTF8.GetString(Zoned.ToBytes()).Replace("order/v3", "order/v4", StringComparison.Ordinal),
        })
        {
            RunOrder.Read(Encoding.UTF8.GetBytes(order)).IsOk.ShouldBeFalse(order);
        }

        var fifth = Encoding.UTF8.GetString(WithLive.ToBytes());
        foreach (var other in new[] { "/v1", "/v2", "/v3", "/v4", "/v6" })
            Statement.Read(Encoding.UTF8.GetBytes(fifth.Replace("/v5", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
        var sixth = Encoding.UTF8.GetString(WithSecrets.ToBytes());
        foreach (var other in new[] { "/v1", "/v2", "/v3", "/v4", "/v5" })
            Statement.Read(Encoding.UTF8.GetBytes(sixth.Replace("/v6", other, StringComparison.Ordinal))).IsOk.ShouldBeFalse(other);
    }

    [Fact]
    public void Digests_are_the_golden_ones()
    {
        var now = $"statement {Statement.DigestOf(Asked.ToBytes())}\n"
            + $"window {Statement.DigestOf(Window.ToBytes())}\n"
            + $"inventory {Inventory.Digest()}\n"
            + $"key {SigningKeys.KeyId(SigningKeys.PublicKey(Seed))}\n"
            + $"signature {Convert.ToHexStringLower(Signed(Order()).Signature)}\n";
        now.ShouldBe(Encoding.UTF8.GetString(Golden("digests-v1", Encoding.UTF8.GetBytes(now))));
    }

    [Fact]
    public void Order_encodes_to_and_decodes_from_the_golden_bytes()
    {
        var order = Order();
        order = order with { Decisions = [order.Decisions[0] with { Assertion = [1, 2, 3] }] };
        var golden = Golden("order-v1", order.ToBytes());
        order.ToBytes().ShouldBe(golden);
        var read = RunOrder.Read(golden).Value;
        read.ToBytes().ShouldBe(golden);
        read.Decisions.ShouldHaveSingleItem().Assertion.ShouldBe([1, 2, 3]);
        Statement.Read(read.Statement).IsOk.ShouldBeTrue();
    }

    [Theory]
    [InlineData("writ-order/v1\n{}")]
    [InlineData("writ-order/v2\n{}")]
    [InlineData("writ-statement/v1\nnull")]
    [InlineData("writ-statement/v1\n")]
    [InlineData("")]
    public void Read_bytes_of_another_kind_or_none_is_refused(string text)
    {
        Statement.Read(Encoding.UTF8.GetBytes(text)).IsOk.ShouldBeFalse();
        RunOrder.Read(Encoding.UTF8.GetBytes(text)).IsOk.ShouldBeFalse();
    }

    [Theory]
    [InlineData("\"uses\":1", "\"uses\":1,\"uses\":9")]
    [InlineData("\"uses\":1", "\"uses\":1,\"extra\":1")]
    [InlineData("\"uses\":1,", "")]
    [InlineData("\"tool\":\"nmap\"", "\"tool\":null")]
    public void Read_statement_with_a_duplicate_unknown_missing_or_null_member_is_refused(string from, string to)
    {
        var text = Encoding.UTF8.GetString(Asked.ToBytes());
        text.ShouldContain(from);
        Statement.Read(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal))).IsOk.ShouldBeFalse();
    }
}
