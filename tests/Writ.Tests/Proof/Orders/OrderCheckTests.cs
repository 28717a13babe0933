using CsCheck;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using static Writ.Tests.Proof.Orders.OrderSamples;

namespace Writ.Tests.Proof.Orders;

public sealed class OrderCheckTests
{
    private static string? CodeOf(RunOrder order, RunnerTrust? trust = null, long now = Now)
    {
        var result = OrderCheck.Check(Signed(order), trust ?? Trust, now);
        return result.IsOk ? null : result.Refusal.Code;
    }

    [Fact]
    public void Check_everything_in_order_is_accepted() => CodeOf(Order()).ShouldBeNull();

    [Theory]
    [InlineData("../nmap-services")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData("two\nlines")]
    public void Check_script_that_is_no_plain_name_is_refused(string script)
    {
        CodeOf(Order(WithSandbox)).ShouldBeNull();
        CodeOf(Order(WithSandbox with { Sandbox = new(false, [script]) })).ShouldBe(ErrorCode.FileMismatch);
    }

    [Fact]
    public void Check_terminal_that_was_not_decided_or_is_missing_is_refused()
    {
        CodeOf(AtTerminal).ShouldBeNull();
        CodeOf(AtTerminal with { Terminal = null }).ShouldBeNull("allowed is not needed");
        var needed = WithTerminal with { Sandbox = WithTerminal.Sandbox! with { Terminal = SandboxTerms.TerminalNeeded } };
        CodeOf(Order(needed) with { Zones = [], Terminal = AtTerminal.Terminal }).ShouldBeNull();
        CodeOf(Order(needed) with { Zones = [] }).ShouldBe(ErrorCode.InvalidInput);
        CodeOf(Order(WithSecrets) with { Zones = [], Terminal = AtTerminal.Terminal }).ShouldBe(ErrorCode.InvalidInput);
        CodeOf(Order(WithSandbox) with { Zones = [], Terminal = AtTerminal.Terminal }).ShouldBe(ErrorCode.InvalidInput);
        CodeOf(Order(WithTerminal with { Sandbox = WithTerminal.Sandbox! with { Terminal = "always" } })).ShouldBe(ErrorCode.InvalidInput);
        foreach (var odd in new OrderTerminal[] { new(0, 24, "xterm"), new(80, 1_001, "xterm"), new(80, 24, ""), new(80, 24, "../x"), new(80, 24, "a b") })
            CodeOf(AtTerminal with { Terminal = odd }).ShouldBe(ErrorCode.InvalidInput);
    }

    [Fact]
    public void Check_any_altered_byte_is_refused()
    {
        var signed = Signed(Order());
        Gen.Select(Gen.Int[0, signed.Bytes.Length - 1], Gen.Int[1, 255]).Sample((at, change) =>
        {
            var bytes = signed.Bytes.ToArray();
            bytes[at] ^= (byte)change;
            OrderCheck.Check(signed with { Bytes = bytes }, Trust, Now).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
        });
    }

    [Fact]
    public void Check_altered_signature_is_refused()
    {
        var signed = Signed(Order());
        signed.Signature[10] ^= 1;
        OrderCheck.Check(signed, Trust, Now).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
    }

    [Fact]
    public void Check_key_of_somebody_else_is_refused()
    {
        var foreign = SigningKeys.Sign(SigningKeys.NewSeed(), Order().ToBytes());
        OrderCheck.Check(foreign, Trust, Now).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
        // Nor under the name of the right key.
        OrderCheck.Check(foreign with { KeyId = Signed(Order()).KeyId }, Trust, Now).Refusal.Code.ShouldBe(ErrorCode.BadSignature);
    }

    [Fact]
    public void Check_signed_bytes_of_another_kind_are_refused() =>
        OrderCheck.Check(SigningKeys.Sign(Seed, Asked.ToBytes()), Trust, Now).Refusal.Code.ShouldBe(ErrorCode.InvalidInput);

    [Fact]
    public void Check_order_for_another_runner_is_refused() =>
        CodeOf(Order() with { Runner = OtherRunner }).ShouldBe(ErrorCode.WrongRunner);

    [Fact]
    public void Check_statement_for_another_runner_is_refused() =>
        CodeOf(Order(Asked with { Runner = OtherRunner })).ShouldBe(ErrorCode.WrongRunner);

    [Fact]
    public void Check_start_by_is_half_open()
    {
        var order = Order();
        CodeOf(order, now: order.StartBy - 1).ShouldBeNull();
        CodeOf(order, now: order.StartBy).ShouldBe(ErrorCode.StartByPassed);
    }

    [Fact]
    public void Check_another_inventory_is_refused()
    {
        var updated = new Writ.Proof.Runners.Inventory([Inventory.Tools[0] with { Sha256 = new('f', 64) }]);
        CodeOf(Order(), Trust with { InventoryDigest = updated.Digest() }).ShouldBe(ErrorCode.InventoryMismatch);
    }

    [Fact]
    public void Check_no_decision_is_refused() => CodeOf(Order() with { Decisions = [] }).ShouldBe(ErrorCode.BadSignature);

    [Fact]
    public void Check_decision_about_another_statement_is_refused()
    {
        var about = Statement.DigestOf((Asked with { Revision = 2 }).ToBytes());
        var order = Order();
        CodeOf(order with { Decisions = [.. order.Decisions, new("act_06bq0000000000000000000006", Decided, about)] }).ShouldBe(ErrorCode.BadSignature);
    }

    [Fact]
    public void Check_deadline_later_than_the_statement_allows_is_refused()
    {
        var order = Order();
        CodeOf(order with { Deadline = order.Deadline + 1 }).ShouldBe(ErrorCode.BadDeadline);
        CodeOf(order with { Deadline = order.Deadline - 1 }).ShouldBeNull();
    }

    [Fact]
    public void Check_deadline_later_than_the_latest_end_is_refused() =>
        CodeOf(Order(Asked with { LatestEnd = Decided + Minute })).ShouldBe(ErrorCode.BadDeadline);

    [Fact]
    public void Check_deadline_that_is_over_is_refused() => CodeOf(Order() with { Deadline = Now }).ShouldBe(ErrorCode.BadDeadline);

    [Fact]
    public void Check_longer_silence_than_decided_is_refused() =>
        CodeOf(Order() with { MaxDisconnected = Minute + 1 }).ShouldBe(ErrorCode.BadDeadline);

    [Fact]
    public void Check_before_the_statements_start_is_refused()
    {
        var order = Order(Asked with { Start = Now + 1_000_000 });
        CodeOf(order with { Deadline = Now + Minute }).ShouldBe(ErrorCode.NotYet);
    }

    [Fact]
    public void Check_other_argv_is_refused()
    {
        var order = Order();
        CodeOf(order with { Argv = [.. order.Argv, "10.20.1.6"] }).ShouldBe(ErrorCode.ArgvMismatch);
        CodeOf(order with { Argv = [.. order.Argv.Take(5), "10.20.1.6"] }).ShouldBe(ErrorCode.ArgvMismatch);
        CodeOf(order with { Argv = [] }).ShouldBe(ErrorCode.ArgvMismatch);
    }

    [Fact]
    public void Check_window_takes_any_argv_of_its_tool_and_of_no_other()
    {
        var order = Order(Asked with { Argv = null });
        CodeOf(order with { Argv = ["nmap", "-n", "10.20.1.9"] }).ShouldBeNull();
        CodeOf(order with { Argv = ["dig", "10.20.1.9"] }).ShouldBe(ErrorCode.ArgvMismatch);
    }

    [Theory]
    [InlineData("10.20.2.5", "22", "", false)]
    [InlineData("10.20.1.5", "22,8080", "", false)]
    [InlineData("10.20.1.5", "22", "54", false)]
    [InlineData("2001:db8:21::1", "22", "", false)]
    public void Check_fence_outside_the_statement_is_refused(string address, string tcp, string udp, bool icmp) =>
        CodeOf(Order() with { Fence = new([address], tcp, udp, "", icmp) }).ShouldBe(ErrorCode.FenceOutsideStatement);

    [Fact]
    public void Check_fence_with_icmp_that_was_not_decided_is_refused() =>
        CodeOf(Order(Asked with { Scope = Scope with { Icmp = false } })).ShouldBe(ErrorCode.FenceOutsideStatement);

    [Fact]
    public void Check_order_that_lets_more_be_used_up_than_was_decided_is_refused()
    {
        var order = Order(Budgeted);
        CodeOf(order).ShouldBeNull();
        CodeOf(order with { Budget = Budgeted.Budget! with { Bytes = 1 } }).ShouldBeNull("less is less");
        foreach (var more in new Budget?[]
        {
            null, Budget.Unlimited, Budgeted.Budget! with { PacketsPerSecond = 501 }, Budgeted.Budget! with { Packets = null }, Budgeted.Budget! with { Violations = 1 },
            Budgeted.Budget! with { Packets = 0 }, Budgeted.Budget! with { Bytes = -1 }, Budgeted.Budget! with { PacketsPerSecond = -5 },
        })
        {
            CodeOf(order with { Budget = more }).ShouldBe(ErrorCode.FenceOutsideStatement, more?.ToString());
        }

        CodeOf(Order(WithFiles) with { Budget = new(Packets: 9) }).ShouldBeNull("the policy of today may be tighter than the one of then");
    }

    [Fact]
    public void Check_malformed_fence_is_refused() =>
        CodeOf(Order() with { Fence = new(["10.20.1"], "22", "", "", false) }).ShouldBe(ErrorCode.FenceOutsideStatement);

    [Fact]
    public void Check_statement_outside_the_ceiling_is_refused()
    {
        var ceiling = new ScopeText(["10.20.1.0/25", "2001:db8:20::/48"], "0-65535", "0-65535", "", true).Read().Value;
        CodeOf(Order(), Trust with { Ceiling = ceiling }).ShouldBe(ErrorCode.OutsideCeiling);
    }

    [Fact]
    public void Check_absent_ceiling_permits_nothing() =>
        CodeOf(Order(), Trust with { Ceiling = NetworkScope.Nothing }).ShouldBe(ErrorCode.OutsideCeiling);

    [Fact]
    public void Check_statement_with_files_names_and_outputs_is_accepted() => CodeOf(Order(WithFiles)).ShouldBeNull();

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("/in/../etc/passwd")]
    [InlineData("/in/./x")]
    [InlineData("/in/a//b")]
    [InlineData("/in/")]
    [InlineData("/in/.hidden")]
    [InlineData("/in/-oX")]
    [InlineData("/in/a b")]
    [InlineData("/in/a\n")]
    [InlineData("in/x")]
    [InlineData("/out/x")]
    public void Check_file_outside_its_folder_is_refused(string path) =>
        CodeOf(Order(WithFiles with { Files = [new(path, 1, new('9', 64))] })).ShouldBe(ErrorCode.FileMismatch);

    [Theory]
    [InlineData("/etc/cron.d/x")]
    [InlineData("/out/../etc/x")]
    [InlineData("/out/a/b")]
    [InlineData("/in/x")]
    public void Check_output_outside_its_folder_is_refused(string path) =>
        CodeOf(Order(WithFiles with { Outputs = [new("x", path)] })).ShouldBe(ErrorCode.FileMismatch);

    [Theory]
    [InlineData("nmap-xml", "/out/scan.xml", "apart", true)]
    [InlineData("nmap-xml", "/live/xml", "apart-verbose", true)]
    [InlineData("nmap-xml", "/live/xml", "shown", true)]
    [InlineData("nmap-xml", "/out/other.xml", "apart", false)]
    [InlineData("nmap-xml", "/etc/shadow", "apart", false)]
    [InlineData("nmap-xml", "/live/../etc/shadow", "apart", false)]
    [InlineData("nmap-xml", "/live/xml", "hidden", false)]
    [InlineData("masscan-json", "/live/xml", "apart", false)]
    public void Check_live_view_that_no_runner_knows_is_refused(string format, string path, string status, bool known) =>
        CodeOf(Order(WithLive with { Live = new(format, path, status) })).ShouldBe(known ? null : ErrorCode.InvalidInput);

    [Fact]
    public void Check_the_same_path_twice_is_refused()
    {
        CodeOf(Order(WithFiles with { Files = [new("/in/x", 1, new('9', 64)), new("/in/x", 2, new('8', 64))] })).ShouldBe(ErrorCode.FileMismatch);
        CodeOf(Order(WithFiles with { Outputs = [new("a", "/out/x"), new("b", "/out/x")] })).ShouldBe(ErrorCode.FileMismatch);
    }

    [Theory]
    [InlineData("ABC")]
    [InlineData("")]
    public void Check_file_without_a_digest_is_refused(string digest) =>
        CodeOf(Order(WithFiles with { Files = [new("/in/x", 1, digest)] })).ShouldBe(ErrorCode.FileMismatch);

    [Fact]
    public void Check_more_than_the_sandbox_takes_is_refused()
    {
        CodeOf(Order(WithFiles with { Files = [new("/in/x", SandboxTerms.MostFileBytes, new('9', 64)), new("/in/y", 1, new('9', 64))] })).ShouldBe(ErrorCode.TooLarge);
        CodeOf(Order(WithFiles with { Files = [new("/in/x", long.MaxValue, new('9', 64)), new("/in/y", long.MaxValue, new('9', 64))] })).ShouldBe(ErrorCode.TooLarge);
        CodeOf(Order(WithFiles with { Files = [new("/in/x", -1, new('9', 64))] })).ShouldBe(ErrorCode.TooLarge);
        CodeOf(Order(WithFiles with { Outputs = [.. Enumerable.Range(0, SandboxTerms.MostOutputs + 1).Select(i => new StatementOutput($"{i}", $"/out/{i}"))] })).ShouldBe(ErrorCode.TooLarge);
    }

    [Theory]
    [InlineData("10.21", "10.20.1.5")]
    [InlineData("a\n10.0.0.1 b", "10.20.1.5")]
    [InlineData("web1 web2", "10.20.1.5")]
    [InlineData("web1", "10.20.1.5 evil")]
    [InlineData("web1", "web2")]
    public void Check_name_that_is_none_or_has_no_address_is_refused(string name, string address) =>
        CodeOf(Order(WithFiles with { Names = [new(name, [address])] })).ShouldBe(ErrorCode.InvalidTarget);

    [Fact]
    public void Check_name_that_is_pinned_twice_is_refused() =>
        CodeOf(Order(WithFiles with { Names = [new("web1", ["10.20.1.5"]), new("WEB1", ["10.20.1.6"])] })).ShouldBe(ErrorCode.InvalidTarget);

    [Fact]
    public void Check_scope_of_more_ranges_than_a_fence_holds_is_refused()
    {
        string[] addresses = [.. Enumerable.Range(0, SandboxTerms.MostRanges).Select(i => $"2001:db8:20::{2 * i:x}")];
        var many = WithFiles with { Scope = new(addresses, "22", "", "", false), Names = [] };
        var fence = new ScopeText(["2001:db8:20::"], "22", "", "", false);
        CodeOf(Order(many) with { Fence = fence }).ShouldBe(ErrorCode.TooLarge);
        CodeOf(Order(many with { Scope = many.Scope with { Addresses = addresses[1..] } }) with { Fence = new([addresses[1]], "22", "", "", false) }).ShouldBeNull();
        // A list scan sends nothing, and needs no place in a fence.
        CodeOf(Order(many with { Scope = many.Scope with { Tcp = "" } }) with { Fence = new(["2001:db8:20::"], "", "", "", false) }).ShouldBeNull();
    }
}
