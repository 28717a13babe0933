using System.Globalization;
using Writ.Core.Policy;
using Writ.Core.Rotas;

namespace Writ.Tests.Core.Rotas;

/// <summary>Whose turn it is: at the instants of hand-overs, around changes of clocks, with somebody standing in; and what is no rota.</summary>
public class RotaTests
{
    private static Turns Of(string turns)
    {
        var parse = PolicyDocument.Parse($"version: 1\nrotas:\n  sre: {{ {turns} }}\nroles: {{ on-call: {{ on-call: sre }} }}\n", "p.yaml");
        parse.Problems.ShouldBeEmpty();
        return parse.Policy!.Rotas["sre"].Turns.ShouldNotBeNull();
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    [Theory]
    [InlineData("2026-03-02T07:59:59.999Z", null, null)]
    [InlineData("2026-03-02T08:00:00Z", "dana", "2026-03-09T08:00:00Z")]
    [InlineData("2026-03-09T07:59:59.999Z", "dana", "2026-03-09T08:00:00Z")]
    [InlineData("2026-03-09T08:00:00Z", "erin", "2026-03-16T08:00:00Z")]
    [InlineData("2026-03-22T23:00:00Z", "sam", "2026-03-23T08:00:00Z")]
    // Clocks are set forward on the 29th: the turn ends at nine all the same, an hour earlier.
    [InlineData("2026-03-30T06:59:59.999Z", "dana", "2026-03-30T07:00:00Z")]
    [InlineData("2026-03-30T07:00:00Z", "erin", "2026-04-06T07:00:00Z")]
    // And back on the 25th of October.
    [InlineData("2026-10-26T07:59:59.999Z", "dana", "2026-10-26T08:00:00Z")]
    [InlineData("2026-10-26T08:00:00Z", "erin", "2026-11-02T08:00:00Z")]
    [InlineData("2199-12-31T23:59:59Z", null, null)]
    public void A_weeks_turn_ends_at_the_same_hour_of_the_wall(string at, string? person, string? until)
    {
        var turn = Of("tz: Europe/Berlin, from: 2026-03-02T09:00, turn: 7d, people: [dana, erin, sam]").At(At(at));
        if (person is null && at[0..4] == "2026")
            turn.ShouldBeNull();
        else if (person is null)
            turn.ShouldNotBeNull();
        else
            turn.ShouldBe(new Turn(person, At(until!)));
    }

    [Theory]
    [InlineData("2026-12-23T23:59:59.999Z", "dana", "2026-12-24T00:00:00Z")]
    [InlineData("2026-12-24T00:00:00Z", "sam", "2026-12-27T00:00:00Z")]
    [InlineData("2026-12-26T23:59:59.999Z", "sam", "2026-12-27T00:00:00Z")]
    [InlineData("2026-12-27T00:00:00Z", "sam", "2026-12-27T12:00:00Z")]
    [InlineData("2026-12-27T12:00:00Z", "erin", "2026-12-28T00:00:00Z")]
    [InlineData("2025-01-01T10:00:00Z", "eve", "2025-01-02T00:00:00Z")]
    public void Whoever_stands_in_has_the_turn_for_so_long(string at, string person, string until) =>
        Of("from: 2026-12-21, turn: 1d, people: [erin, dana], overrides: [{ from: 2026-12-27T00:00, until: 2026-12-27T12:00, person: sam }, { from: 2026-12-24, until: 2026-12-27, person: sam }, { from: 2025-01-01, until: 2025-01-02, person: eve }]")
            .At(At(at)).ShouldBe(new Turn(at.StartsWith("2026-12-23", StringComparison.Ordinal) ? "erin" : person, At(until)));

    [Fact]
    public void There_is_neither_a_gap_nor_two_at_once_at_any_instant_of_hours_that_come_twice_or_never()
    {
        foreach (var zone in new[] { "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC" })
        {
            var turns = Of($"tz: {zone}, from: 2026-01-01T00:30, turn: 1h, people: [a, b, c, d, e]");
            var at = At("2026-01-02T00:00:00Z");
            var end = At("2027-01-02T00:00:00Z");
            var count = 0;
            while (at < end)
            {
                var turn = turns.At(at).ShouldNotBeNull(zone);
                turn.Until.ShouldBeGreaterThan(at, zone);
                // Until its end it is the same turn, and at its end another.
                turns.At(turn.Until.AddTicks(-1)).ShouldBe(turn, zone);
                turns.At(turn.Until).ShouldNotBeNull(zone).Until.ShouldBeGreaterThan(turn.Until, zone);
                (turn.Until - at).ShouldBeLessThanOrEqualTo(TimeSpan.FromHours(2), zone);
                at = turn.Until;
                count++;
            }

            count.ShouldBeInRange(8_757, 8_762, zone);
        }
    }

    [Theory]
    [InlineData("from: 2026-03-02T09:00, turn: 7d", "has no 'people'")]
    [InlineData("from: 2026-03-02T09:00, people: [a]", "has no 'turn'")]
    [InlineData("turn: 7d, people: [a]", "has no 'from'")]
    [InlineData("from: 2026-03-02T09:00, turn: 59m, people: [a]", "is shorter than an hour")]
    [InlineData("from: 2026-03-02T09:00, turn: 0d, people: [a]", "is no duration")]
    [InlineData("from: 2026-03-02T09:00, turn: 9999d, people: [a]", "is no duration")]
    [InlineData("from: 2026-03-02T09:00Z, turn: 7d, people: [a]", "is no local time")]
    [InlineData("from: 0001-01-01, turn: 7d, people: [a]", "is no local time")]
    [InlineData("from: 9999-12-31, turn: 7d, people: [a]", "is no local time")]
    [InlineData("from: 2026-03-02, turn: 7d, people: []", "is empty")]
    [InlineData("from: 2026-03-02, turn: 7d, people: [a, a]", "names 'a' twice")]
    [InlineData("from: 2026-03-02, turn: 7d, people: [a], tz: Mars/Olympus", "no time zone is named")]
    [InlineData("from: 2026-03-02, turn: 7d, people: [a], overrides: [{ from: 2026-03-04, until: 2026-03-03, person: b }]", "ends before it begins")]
    [InlineData("from: 2026-03-02, turn: 7d, people: [a], overrides: [{ from: 2026-03-03, until: 2026-03-05, person: b }, { from: 2026-03-04, until: 2026-03-06, person: c }]", "overlap")]
    [InlineData("from: 2026-03-02, turn: 7d, people: [a], overrides: [{ from: 2026-03-03, until: 2026-03-05 }]", "has no 'person'")]
    [InlineData("from: 2026-03-02, turn: 7d, people: [a], overrides: 1", "must be a list")]
    [InlineData("source: pager, people: [a]", "has a source and 'people'")]
    [InlineData("source: ../etc", "is no name of a source")]
    [InlineData("source: pager, every: 1m", "has no key 'every'")]
    public void What_is_no_rota_is_refused(string rota, string problem)
    {
        var parse = PolicyDocument.Parse($"version: 1\nrotas:\n  sre: {{ {rota} }}\nroles: {{ on-call: {{ on-call: sre }} }}\n", "p.yaml");
        parse.Policy.ShouldBeNull();
        parse.Problems.Select(each => each.Message).ShouldContain(message => message.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_role_of_a_rota_that_is_not_defined_is_refused() =>
        PolicyDocument.Parse("version: 1\nrotas:\n  sre: { source: pager }\nroles: { on-call: { on-call: srs } }\n", "p.yaml").Problems.ShouldHaveSingleItem().ToString().ShouldBe("p.yaml:4: no rota is named 'srs'");
}
