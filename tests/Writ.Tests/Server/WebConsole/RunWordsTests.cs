using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Server.WebConsole.Runs;

namespace Writ.Tests.Server.WebConsole;

/// <summary>How a run ended, in words that claim no more than its runner saw.</summary>
public sealed class RunWordsTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 12, 21, 16, 12, TimeSpan.Zero), End = Start.AddMinutes(6);

    private static RunView Run(string state, RunEndView? end, DateTimeOffset? lastPacket = null, DateTimeOffset? killedAt = null, DateTimeOffset? startedAt = null) => new(
        "run_1", "gr_1", "req_1", new ActorView("act_1", "dana", "user"), "near", state, [], [], false, End, Start, startedAt ?? Start, End, state == "exited" ? 0 : null, null, null, end, 0, null,
        new FenceView(true, 10, 600, 0, lastPacket, []), Receipt: new KillReceiptView(killedAt, 1, "k", null));

    [Fact]
    public void Confirmed_kill_tells_latency_processes_and_last_packet() =>
        RunWords.Confirmed(Run("killed", new("run_1", "confirmed", "killed", End, 6.2, 0), End.AddMilliseconds(-8), End.AddMilliseconds(-6)))
            .ShouldBe("Dead 6.2 ms after the order, 0 processes left, last packet 2 ms before.");

    [Fact]
    public void Confirmed_kill_with_a_packet_after_it_says_so() =>
        RunWords.Confirmed(Run("killed", new("run_1", "confirmed", "killed", End, 60, 0), End.AddMilliseconds(-50), End.AddMilliseconds(-60)))
            .ShouldBe("Dead 60 ms after the order, 0 processes left, last packet 10 ms after.");

    [Fact]
    public void Confirmed_without_a_runners_word_claims_nothing() =>
        RunWords.Confirmed(Run("failed", new("run_1", "unconfirmed", "runner-lost", End, null, null))).ShouldStartWith("No runner has confirmed the end");

    [Fact]
    public void Confirmed_exit_is_by_itself() =>
        RunWords.Confirmed(Run("exited", new("run_1", "confirmed", "exited", End, null, 0))).ShouldBe("Exited 0 by itself, 0 processes left, no packet left.");

    [Theory]
    [InlineData("exited", "exited", null, "exited 0")]
    [InlineData("killed", "deadline", null, "killed at the deadline")]
    [InlineData("killed", "killed", "killed by marek: wrong subnet", "killed by marek: wrong subnet")]
    [InlineData("killed", "client-gone", "the client went away", "ended with its client")]
    [InlineData("failed", "runner-lost", null, "its runner was lost")]
    [InlineData("failed", "refused", "the clock is off", "failed: the clock is off")]
    public void End_tells_why(string state, string reason, string? detail, string words) => RunWords.End(state, 0, reason, detail).ShouldBe(words);

    [Theory]
    [InlineData(398, "6:38")]
    [InlineData(4329, "1:12:09")]
    [InlineData(-3, "0:00")]
    public void Clock_is_minutes_and_seconds(int seconds, string text) => RunWords.Clock(TimeSpan.FromSeconds(seconds)).ShouldBe(text);
}
