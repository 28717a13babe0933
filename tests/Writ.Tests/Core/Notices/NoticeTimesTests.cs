using Writ.Core.Notices;
using Writ.Core.Policy;
using Writ.Proof.Errors;

namespace Writ.Tests.Core.Notices;

/// <summary>Who is told when: pure functions of given instants.</summary>
public class NoticeTimesTests
{
    private static readonly DateTimeOffset Asked = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Closes = Asked.AddHours(24);

    [Theory]
    [InlineData(24 * 60, 18 * 60)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    [InlineData(1, null)]
    [InlineData(0.5, null)]
    public void ReminderAt_three_quarters_and_a_minute_before(double minutes, int? after) =>
        NoticeTimes.ReminderAt(Asked, Asked.AddMinutes(minutes)).ShouldBe(after is null ? null : Asked.AddMinutes(after.Value));

    [Theory]
    // At once, and not before one's turn.
    [InlineData(0, 0, "", NoticeKind.Asked)]
    [InlineData(15, 14.99, "", NoticeKind.None)]
    [InlineData(15, 15, "", NoticeKind.Asked)]
    // Once.
    [InlineData(0, 1, "Asked", NoticeKind.None)]
    // Reminded once, also where it was never one's turn.
    [InlineData(0, 18 * 60, "Asked", NoticeKind.Reminder)]
    [InlineData(20 * 60, 18 * 60, "", NoticeKind.Reminder)]
    [InlineData(0, 19 * 60, "Asked,Reminder", NoticeKind.None)]
    // Whoever was reminded first is not asked after it.
    [InlineData(20 * 60, 21 * 60, "Reminder", NoticeKind.None)]
    // Not in the last minute, when nobody could act on it; but who never heard of it hears now.
    [InlineData(0, (24 * 60) - 0.5, "Asked", NoticeKind.None)]
    [InlineData(0, (24 * 60) - 0.5, "", NoticeKind.Asked)]
    [InlineData(0, 24 * 60, "", NoticeKind.None)]
    public void Due_is_what_was_not_told_yet(double turn, double now, string told, NoticeKind due)
    {
        NoticeKind[] before = [.. told.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<NoticeKind>)];
        NoticeTimes.Due(Asked, Closes, TimeSpan.FromMinutes(turn), Asked.AddMinutes(now), before).ShouldBe(due);
    }

    [Fact]
    public void Pause_grows_and_has_an_end()
    {
        NoticeTimes.Pause(1).ShouldBe(TimeSpan.FromSeconds(15));
        NoticeTimes.Pause(2).ShouldBe(TimeSpan.FromSeconds(30));
        Enumerable.Range(1, 100).Select(NoticeTimes.Pause).ShouldAllBe(pause => pause >= TimeSpan.FromSeconds(15) && pause <= TimeSpan.FromMinutes(15));
        Enumerable.Range(1, 99).ShouldAllBe(failures => NoticeTimes.Pause(failures + 1) >= NoticeTimes.Pause(failures));
    }

    [Theory]
    // 22:00-07:00 in Berlin, which is UTC+1 in winter.
    [InlineData("2026-03-02T20:59:59Z", null)]
    [InlineData("2026-03-02T21:00:00Z", "2026-03-03T06:00:00Z")]
    [InlineData("2026-03-03T05:59:59Z", "2026-03-03T06:00:00Z")]
    [InlineData("2026-03-03T06:00:00Z", null)]
    // The night in which an hour is left out: seven o'clock comes an hour earlier.
    [InlineData("2026-03-28T21:30:00Z", "2026-03-29T05:00:00Z")]
    // The night in which an hour comes twice.
    [InlineData("2026-10-24T20:30:00Z", "2026-10-25T06:00:00Z")]
    public void HeldUntil_the_quiet_hours_end_by_the_clock_of_the_place(string now, string? until)
    {
        var quiet = QuietHours.Read("22:00-07:00", "Europe/Berlin").Value;
        var at = DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture);
        var held = until is null ? (DateTimeOffset?)null : DateTimeOffset.Parse(until, System.Globalization.CultureInfo.InvariantCulture);
        NoticeTimes.HeldUntil(NoticeKind.Asked, quiet, null, at).ShouldBe(held);
        // Nobody holds broken glass, nor what would be over by then.
        NoticeTimes.HeldUntil(NoticeKind.GlassBroken, quiet, null, at).ShouldBeNull();
        NoticeTimes.HeldUntil(NoticeKind.Asked, quiet, held ?? at, at).ShouldBeNull();
        NoticeTimes.HeldUntil(NoticeKind.Asked, quiet, (held ?? at).AddMinutes(1), at).ShouldBe(held);
        NoticeTimes.HeldUntil(NoticeKind.Asked, null, null, at).ShouldBeNull();
    }

    [Theory]
    [InlineData("22:00", "UTC")]
    [InlineData("22:00-22:00", "UTC")]
    [InlineData("00:00-24:00", "UTC")]
    [InlineData("00:00-00:00", "UTC")]
    [InlineData("25:00-07:00", "UTC")]
    [InlineData("22:00-07:00", "Mars/Olympus")]
    [InlineData("22:00-07:00", "/etc/localtime")]
    [InlineData("22:00-07:00", "../../etc/passwd")]
    [InlineData("22:00-07:00\r\nBcc: x", "UTC")]
    public void Read_refuses_what_are_no_quiet_hours(string hours, string zone)
    {
        var refused = QuietHours.Read(hours, zone);
        refused.IsOk.ShouldBeFalse();
        refused.Refusal.Message.Any(char.IsControl).ShouldBeFalse();
    }

    [Theory]
    [InlineData("a", "a,b,c", 0)]
    [InlineData("b", "a,b,c", 15)]
    [InlineData("c", "a,b,c", 30)]
    // Several roles: the first of them.
    [InlineData("c,b", "a,b,c", 15)]
    // A role in which nobody can be told is passed over.
    [InlineData("c", "b,c", 15)]
    [InlineData("c", "c", 0)]
    [InlineData("z", "a,b,c", null)]
    public void After_tells_roles_in_their_order(string roles, string reachable, int? minutes)
    {
        var need = new ApprovalNeed("staging", "r", ["a", "b", "c"], 1, EscalateAfter: TimeSpan.FromMinutes(15));
        Escalation.After([need], roles.Split(','), reachable.Split(',').ToHashSet()).ShouldBe(minutes is null ? null : TimeSpan.FromMinutes(minutes.Value));
        // Without it, and where another need does not escalate, at once.
        if (minutes is not null)
        {
            Escalation.After([need with { EscalateAfter = null }], roles.Split(','), reachable.Split(',').ToHashSet()).ShouldBe(TimeSpan.Zero);
            Escalation.After([need, new("plant", "s", [roles.Split(',')[0]], 1)], roles.Split(','), reachable.Split(',').ToHashSet()).ShouldBe(TimeSpan.Zero);
        }
    }

    [Fact]
    public void Policy_reads_escalation_and_refuses_what_escalates_to_nobody()
    {
        const string Text = "version: 1\nroles: { dev: { groups: [e] }, lead: { groups: [l] }, boss: { groups: [b] } }\nzones: { s: { addresses: [10.0.0.0/8] } }\nrules:\n  - { id: r, roles: [dev], zones: [s], tools: { nmap: any }, approval: { from: [lead, boss], escalate-after: 15m } }\n";
        PolicyDocument.Parse(Text, "p").Policy.ShouldNotBeNull().Rules[0].Approval[0].EscalateAfter.ShouldBe(TimeSpan.FromMinutes(15));
        foreach (var (right, wrong, why) in new[]
        {
            ("[lead, boss]", "[lead]", "no second role"), ("15m", "0m", "no duration"), ("15m", "25h", "no duration"), ("escalate-after", "escalate", "escalate"),
        })
        {
            var parsed = PolicyDocument.Parse(Text.Replace(right, wrong, StringComparison.Ordinal), "p");
            parsed.Policy.ShouldBeNull(wrong);
            parsed.Problems.ShouldContain(problem => problem.Message.Contains(why, StringComparison.Ordinal));
        }
    }
}
