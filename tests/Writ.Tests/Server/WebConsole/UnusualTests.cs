using Writ.Server.WebConsole.Inbox;

namespace Writ.Tests.Server.WebConsole;

public class UnusualTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_somebody_without_a_run_says_that_there_is_nothing_to_compare_with() =>
        Unusual.Of(PastRuns.None, 4, ["staging"], [], ["ping"], Noon).ShouldHaveSingleItem().What.ShouldBe("First time");

    [Fact]
    public void Of_what_is_as_before_says_nothing() => Unusual.Of(Past(8, 16), 20, ["staging"], ["ssl-cert"], ["ping"], Noon).ShouldBeEmpty();

    [Fact]
    public void Of_more_hosts_another_zone_another_script_and_the_night_says_each()
    {
        var found = Unusual.Of(Past(8, 16), 192, ["plant", "staging"], ["http-title"], ["ping", "syn"], Noon.AddHours(12));
        found.Select(odd => $"{odd.What} {odd.Than}").ShouldBe(
        [
            "First time on plant", "First time with http-title", "First time with syn", "12× more hosts than their median of 16", "00:00 UTC outside their usual 10–14 UTC",
        ]);
    }

    [Fact]
    public void Of_a_few_runs_makes_no_habit() => Unusual.Of(Past(4, 1), 192, ["staging"], ["ssl-cert"], ["ping"], Noon.AddHours(12)).ShouldBeEmpty();

    private static PastRuns Past(int runs, double hosts) => new(
        [.. Enumerable.Range(0, runs).Select(number => new PastRun($"run_{number}", Noon.AddDays(-number).AddHours((number % 4) - 2), hosts, ["staging"], ["ssl-cert"], ["ping"]))]);
}
