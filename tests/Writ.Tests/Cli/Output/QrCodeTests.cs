using Writ.Cli.Output;

namespace Writ.Tests.Cli.Output;

public sealed class QrCodeTests
{
    [Fact]
    public void Of_address_has_a_quiet_zone_and_the_finder_patterns()
    {
        var lines = QrCode.Of("https://writ.example.com/approve/req_06bq0000000000000000000002").ShouldNotBeNull();
        // Version 4 has 33 modules a side, and 4 of quiet around; two of them are a line.
        lines.Count.ShouldBe(21);
        lines.ShouldAllBe(line => line.Length == 41);
        lines[0].ShouldBe(new string('█', 41));
        lines[2].ShouldStartWith("████ ▄▄▄▄▄ █");
        lines[2].ShouldEndWith("█ ▄▄▄▄▄ ████");
    }

    [Fact]
    public void Of_other_text_is_another_code() =>
        QrCode.Of("https://writ.example.com/approve/req_1").ShouldNotBeNull().ShouldNotBe(QrCode.Of("https://writ.example.com/approve/req_2"));

    [Fact]
    public void Of_text_that_no_code_holds_is_none() => QrCode.Of(new('a', 2_954)).ShouldBeNull();
}
