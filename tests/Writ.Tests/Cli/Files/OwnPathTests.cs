using Writ.Cli.Files;

namespace Writ.Tests.Cli.Files;

public sealed class OwnPathTests
{
    private static readonly string[] Command =
        ["nmap", "-iL", "hosts.txt", "--excludefile=no/these", "-oX=/tmp/x.xml", "-mgrep", "-oNplain", "--script", "default,./my.nse", "--script=(+/a/b.nse or safe)", "a name with blanks"];

    [Theory]
    [InlineData("hosts.txt")]
    [InlineData("no/these")]
    [InlineData("/tmp/x.xml")]
    [InlineData("grep")]
    [InlineData("plain")]
    [InlineData("./my.nse")]
    [InlineData("/a/b.nse")]
    [InlineData("a name with blanks")]
    public void IsIn_path_that_was_typed_is(string path) => OwnPath.IsIn(Command, path).ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData("/etc/shadow")]
    [InlineData("nmap")]
    [InlineData("hosts")]
    [InlineData("osts.txt")]
    [InlineData("ts.txt")]
    [InlineData("/x.xml")]
    [InlineData("x.xml")]
    [InlineData("/hosts.txt")]
    [InlineData("./hosts.txt")]
    [InlineData("../hosts.txt")]
    [InlineData("HOSTS.TXT")]
    [InlineData("these")]
    [InlineData("b.nse")]
    [InlineData("ain")]
    [InlineData("hosts.txt\0")]
    public void IsIn_every_other_is_not(string path) => OwnPath.IsIn(Command, path).ShouldBeFalse();
}
