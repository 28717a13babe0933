using Writ.Cli;
using Writ.Cli.Templates;

namespace Writ.Tests.Cli;

public class TemplateTextTests
{
    [Fact]
    public void Read_values_are_what_stands_behind_their_first_equals_sign()
    {
        var asked = TemplateText.Read(["@web-check", "host=web1", "query=a=b", "empty="]).ShouldNotBeNull();
        asked.Name.ShouldBe("web-check");
        asked.Parameters.ShouldNotBeNull().Select(pair => $"{pair.Key}:{pair.Value}").ShouldBe(["host:web1", "query:a=b", "empty:"], ignoreOrder: true);
        TemplateText.Read(["nmap", "@web-check"]).ShouldBeNull();
        TemplateText.Read(["@"]).ShouldBeNull();
    }

    [Theory]
    [InlineData("'host' is given twice", "writ templates show web-check names its parameters", "host=web1", "host=web2")]
    [InlineData("'host' is no KEY=VALUE", "writ templates show web-check names its parameters", "host")]
    [InlineData("'=web1' is no KEY=VALUE", "writ templates show web-check names its parameters", "=web1")]
    [InlineData("'' is no KEY=VALUE", "writ templates show web-check names its parameters", "")]
    [InlineData("'--for=5m' is no KEY=VALUE", "options stand before @web-check", "host=web1", "--for=5m")]
    public void Read_first_word_that_is_wrong_is_told_with_what_is_wrong_with_it(string message, string hint, params string[] words)
    {
        var stop = Should.Throw<Stop>(() => TemplateText.Read(["@web-check", .. words]));
        (stop.Message, stop.Hint).ShouldBe((message, hint));
    }
}
