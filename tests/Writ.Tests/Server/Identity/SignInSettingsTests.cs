using Writ.Server;
using Writ.Server.Identity;

namespace Writ.Tests.Server.Identity;

public class SignInSettingsTests
{
    private const string Good = """{ "providers": [ { "name": "company", "title": "Company account", "issuer": "https://login.example.com", "client_id": "writ" } ] }""";

    [Fact]
    public void Parse_documented_file_is_read()
    {
        var settings = SignInSettings.Parse("signin.json", Good).Value;
        settings.LocalAccounts.ShouldBeTrue();
        settings.KeepBoxTokens.ShouldBeFalse();
        var provider = settings.Providers.ShouldHaveSingleItem();
        (provider.GroupsClaim, provider.NameClaim, provider.ClientSecretFile).ShouldBe(("groups", "preferred_username", null));
    }

    [Theory]
    [InlineData("", "malformed")]
    [InlineData("{}", "malformed")]
    [InlineData("""{ "providers": [], "local_accounts": false }""", "nobody could sign in")]
    [InlineData("""{ "providers": [], "surprise": 1 }""", "malformed")]
    public void Parse_other_shapes_are_refused(string text, string why) => Refused(text, why);

    [Theory]
    [InlineData("\"company\"", "\"Company!\"", "lower-case")]
    [InlineData("https://login.example.com", "http://login.example.com", "https")]
    [InlineData("https://login.example.com", "login.example.com", "no address")]
    [InlineData("https://login.example.com", "https://login.example.com/?tenant=1", "no address")]
    [InlineData("\"writ\"", "\"\"", "client_id")]
    [InlineData("Company account", "Company\\naccount", "title")]
    public void Parse_bad_provider_is_refused_with_what_is_wrong(string old, string @new, string why) => Refused(Good.Replace(old, @new, StringComparison.Ordinal), why);

    [Fact]
    public void Parse_two_of_one_issuer_are_refused() => Refused(
        Good.Replace(" ] }", """, { "name": "again", "title": "Again", "issuer": "https://login.example.com", "client_id": "writ" } ] }""", StringComparison.Ordinal), "issuer");

    [Theory]
    [InlineData("https://writ.example.com", null)]
    [InlineData("http://localhost:8080", null)]
    [InlineData("http://writ.example.com", "in the clear")]
    [InlineData("https://writ.example.com/path", "not where a server is")]
    [InlineData("https://user@writ.example.com", "not where a server is")]
    [InlineData("writ.example.com", "not where a server is")]
    public void Check_public_url_is_where_browsers_find_the_server(string url, string? why)
    {
        var refused = new ServerSettings("/data", ["http://127.0.0.1:8080"], null, null, PublicUrl: url).Check();
        if (why is null)
            refused.ShouldBeNull();
        else
            refused.ShouldNotBeNull().Message.ShouldContain(why);
    }

    private static void Refused(string text, string why)
    {
        var refused = SignInSettings.Parse("signin.json", text);
        refused.IsOk.ShouldBeFalse();
        refused.Refusal.Message.ShouldStartWith("signin.json: ");
        refused.Refusal.Message.ShouldContain(why);
    }
}
