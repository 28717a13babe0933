using System.Text;
using Writ.Cli.Output;

namespace Writ.Tests.Cli.Output;

public sealed class ScreenModesTests
{
    [Theory]
    [InlineData("plain\r\ntext", "")]
    [InlineData("\e[?1049h\e[?25l", "\e[?1049l\e[?25h")]
    [InlineData("\e[?1049h\e[?25l\e[?25h\e[?1049l", "")]
    [InlineData("\e[?1000;1006h\e[?2004h", "\e[?2004l\e[?1006l\e[?1000l")]
    [InlineData("\e[?1h\e=", "\e[?1l\e>")]
    [InlineData("\e[?1h\e=\e[?1l\e>", "")]
    [InlineData("\e[?25h\e[?7h\e[?12h", "")]
    [InlineData("\e[2;20r", "\e7\e[r\e8")]
    [InlineData("\e[2;20r\e[r", "")]
    [InlineData("\e[1;31mred", "\e[0m")]
    [InlineData("\e[1;31mred\e[m", "")]
    [InlineData("\e(0lqk\e(B", "")]
    [InlineData("\e(0lqk", "\e(B")]
    [InlineData("\e[4h\e[6 q\e[>4;2m", "\e[4l\e[>4m\e[0 q")]
    [InlineData("\e[?1049h\e[31m\ec", "")]
    [InlineData("\e]0;title [?1049h\a\e]0;[?1049h\e\\", "")]
    [InlineData("\e]0;open title\e[?25l", "\e[?25h")]
    public void Undo_sets_back_what_was_changed_and_nothing_else(string shown, string undo)
    {
        foreach (var piece in new[] { 1, 2, 3, 1_000 })
        {
            var modes = new ScreenModes();
            foreach (var bytes in Encoding.ASCII.GetBytes(shown).Chunk(piece))
                modes.Take(bytes);
            modes.Undo().ShouldBe(undo);
            modes.Undo().ShouldBe("");
        }
    }
}
