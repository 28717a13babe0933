using CsCheck;
using Writ.Cli.Output;

namespace Writ.Tests.Cli.Output;

public class PrintableTests
{
    [Theory]
    [InlineData("plain Grüße 日本 👍", "plain Grüße 日本 👍")]
    [InlineData("\e[2Jgone", "\\x1b[2Jgone")]
    [InlineData("a\r\nb\tc", "a\\x0d\\nb\\tc")]
    [InlineData("\u009b31m", "\\x9b31m")]
    [InlineData("abc\u202edcba", "abc\\u{202e}dcba")]
    [InlineData("line\u2028two", "line\\u{2028}two")]
    [InlineData("\x7f\0", "\\x7f\\x00")]
    [InlineData(null, "")]
    public void Line_escapes_what_commands_a_terminal(string? text, string shown) => Printable.Line(text).ShouldBe(shown);

    [Fact]
    public void Lines_keeps_line_ends_and_tabs_only() => Printable.Lines("a:\n\tb\e\r").ShouldBe("a:\n\tb\\x1b\\x0d");

    [Fact]
    public void Line_of_anything_has_no_control_character() => Gen.String.Sample(text =>
        Printable.Line(text).Any(c => char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format).ShouldBeFalse());

    [Fact]
    public void Command_shows_the_borders_between_arguments() =>
        Printable.Command(["nmap", "-sV", "a b", "", "it's", "$(x)", "é"]).ShouldBe("nmap -sV 'a b' '' 'it'\\''s' '$(x)' 'é'");
}
