using CsCheck;
using Writ.Core.Notices;

namespace Writ.Tests.Core.Notices;

/// <summary>What a mail says, and what nobody can make it say.</summary>
public class NoticeTextTests
{
    private static readonly NoticeFacts Facts = new(NoticeKind.Asked, "dana", "nmap", ["staging"], TimeSpan.FromMinutes(30), new("https://writ.example/inbox/req_1"))
    {
        Said = "debug the login page", Closes = new(2026, 3, 3, 9, 0, 0, TimeSpan.Zero),
    };

    public static TheoryData<NoticeKind> Kinds() => [.. Enum.GetValues<NoticeKind>().Where(kind => kind != NoticeKind.None)];

    [Fact]
    public void Of_asked_says_who_what_where_why_and_where_to_decide() => NoticeText.Of(Facts).ShouldBe(new(
        "dana asks for nmap in staging",
        """
        dana asks for nmap in staging, for 30m.

        dana wrote:
        > debug the login page

        It can be decided until Tue 3 Mar 2026, 09:00 (UTC).

        Look and decide:
        https://writ.example/inbox/req_1

        -- 
        Nothing is decided by answering this mail. What you are told, and when:
        writ notices show

        """.ReplaceLineEndings("\n")));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Of_every_kind_has_the_link_once_and_no_empty_subject(NoticeKind kind)
    {
        foreach (var own in new[] { true, false })
        {
            var text = NoticeText.Of(Facts with { Kind = kind, IsOwn = own, By = "rae", StandsInFor = "sam" });
            text.Subject.ShouldNotBeEmpty();
            text.Body.Split("https://").Length.ShouldBe(2);
            text.Body.ShouldContain("\nhttps://writ.example/inbox/req_1\n");
            text.Body.ShouldContain("stand in for sam");
        }
    }

    [Fact]
    public void Of_instants_are_told_by_the_readers_clock() => NoticeText.Of(Facts with { Clock = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin") }).Body
        .ShouldContain("until Tue 3 Mar 2026, 10:00 (Europe/Berlin)");

    [Theory]
    [InlineData("x\r\nBcc: mallory@example.com")]
    [InlineData("x\nSubject: approved")]
    [InlineData("x\u2028y\u2029z")]
    [InlineData("\u202Eevil\u202C \u2066a\u2069")]
    [InlineData("a\u0000b\u001b[31m\u0085c")]
    [InlineData("zero\u200Bwidth\uFEFF \u00AD")]
    [InlineData("\uD800 half a pair")]
    [InlineData("see https://evil.example/sign-in and http://x")]
    [InlineData("WWW.evil.example, mailto:mallory@example.com")]
    public void Of_what_people_wrote_is_neither_a_header_nor_a_link_nor_hidden(string evil)
    {
        foreach (var facts in new[] { Facts with { Said = evil }, Facts with { Who = evil }, Facts with { Tool = evil }, Facts with { Zones = [evil] }, Facts with { Kind = NoticeKind.Approved, By = evil }, Facts with { StandsInFor = evil } })
        {
            var text = NoticeText.Of(facts);
            text.Subject.Any(char.IsControl).ShouldBeFalse();
            text.Body.Split('\n').ShouldAllBe(line => !line.StartsWith("Bcc:", StringComparison.Ordinal) && !line.StartsWith("Subject:", StringComparison.Ordinal));
            text.Body.Replace("\n", "", StringComparison.Ordinal).ShouldAllBe(letter => !char.IsControl(letter) && char.GetUnicodeCategory(letter) != System.Globalization.UnicodeCategory.Format && !char.IsSurrogate(letter));
            text.Body.Split("://").Length.ShouldBe(2, "another link than Writ's own");
            text.Body.ShouldNotContain("www.", Case.Insensitive);
            text.Body.ShouldNotContain("mailto:", Case.Insensitive);
        }
    }

    [Fact]
    public void Of_any_text_stays_one_line_of_bounded_length() => Gen.String.Sample(text =>
    {
        var line = OneLine.Of(text, 50);
        line.EnumerateRunes().Count().ShouldBeLessThanOrEqualTo(60);
        line.ShouldAllBe(letter => !char.IsControl(letter));
        NoticeText.Of(Facts with { Who = text, Said = text, Zones = [text] }).Subject.Length.ShouldBeLessThanOrEqualTo(400);
    }, iter: PropertyScale.Cases(500));

    [Fact]
    public void Of_a_very_long_reason_is_cut()
    {
        var body = NoticeText.Of(Facts with { Said = new string('x', 100_000), Zones = [.. Enumerable.Range(0, 1000).Select(number => $"zone-{number}")] }).Body;
        body.Length.ShouldBeLessThan(2_000);
        body.ShouldContain("xxx…");
        body.ReplaceLineEndings(" ").ShouldContain("and 995 more zones");
    }

    [Theory]
    [InlineData("dana@example.com", true)]
    [InlineData("dana.o'hara+writ@mail.example.com", true)]
    [InlineData("root@localhost", true)]
    [InlineData("dana", false)]
    [InlineData("@example.com", false)]
    [InlineData("dana@", false)]
    [InlineData("dana@a@b", false)]
    [InlineData("dana@example..com", false)]
    [InlineData(".dana@example.com", false)]
    [InlineData("da na@example.com", false)]
    [InlineData("dana@example.com\r\nRCPT TO:<mallory@example.com>", false)]
    [InlineData("dana@example.com,mallory@example.com", false)]
    [InlineData("Dana <dana@example.com>", false)]
    [InlineData("\"a b\"@example.com", false)]
    [InlineData("dana@[127.0.0.1]", false)]
    [InlineData("d\u0430na@example.com", false)]
    [InlineData("dana@ex\u0430mple.com", false)]
    [InlineData("dana@-example.com", false)]
    [InlineData(null, false)]
    public void Is_takes_plain_addresses_alone(string? text, bool expected)
    {
        MailAddress.Is(text).ShouldBe(expected);
        MailAddress.Is($"{new string('a', 65)}@example.com").ShouldBeFalse();
    }
}
