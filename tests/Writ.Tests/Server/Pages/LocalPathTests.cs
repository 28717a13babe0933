using Writ.Server.Pages;

namespace Writ.Tests.Server.Pages;

public class LocalPathTests
{
    [Theory]
    [InlineData("/account")]
    [InlineData("/connect/authorize?client_id=writ-cli&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback")]
    [InlineData("/approve/req_1?x=//y")]
    public void Of_path_of_ours_is_kept(string path) => LocalPath.Of(path).ShouldBe(path);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("account")]
    [InlineData("https://evil.example")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("/\n/evil.example")]
    [InlineData(" //evil.example")]
    [InlineData("/account\r\nSet-Cookie: writ=1")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\u2028evil")]
    [InlineData("/ａ")]
    public void Of_anything_that_a_browser_might_take_for_another_place_leads_home(string? path) => LocalPath.Of(path).ShouldBe(LocalPath.Home);

    [Fact]
    public void Of_path_without_end_leads_home() => LocalPath.Of("/" + new string('a', 5000)).ShouldBe(LocalPath.Home);
}
