using Writ.Cli;
using Writ.Cli.Server;

namespace Writ.Tests.Cli.Server;

public class ServerAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/whoami", "ws://127.0.0.1:8080/v1/whoami")]
    [InlineData("http://localhost:8080/", "http://localhost:8080/v1/whoami", "ws://localhost:8080/v1/whoami")]
    [InlineData("http://[::1]:8080", "http://[::1]:8080/v1/whoami", "ws://[::1]:8080/v1/whoami")]
    [InlineData("https://writ.example.com", "https://writ.example.com/v1/whoami", "wss://writ.example.com/v1/whoami")]
    [InlineData("https://example.com/writ/", "https://example.com/writ/v1/whoami", "wss://example.com/writ/v1/whoami")]
    [InlineData("unix:///run/writ/api.sock", "http://localhost/v1/whoami", "ws://localhost/v1/whoami")]
    public void Parse_wellformed_makes_urls(string text, string http, string webSocket)
    {
        var address = ServerAddress.Parse(text);
        address.Http("/v1/whoami").ToString().ShouldBe(http);
        address.WebSocket("/v1/whoami").ToString().ShouldBe(webSocket);
    }

    [Fact]
    public void Parse_unix_names_the_socket() => ServerAddress.Parse("unix:///run/writ/api.sock").Socket.ShouldBe("/run/writ/api.sock");

    [Theory]
    [InlineData(null)]
    [InlineData(" ")]
    [InlineData("writ.example.com")]
    [InlineData("ftp://writ.example.com")]
    [InlineData("https://user:pw@writ.example.com")]
    [InlineData("https://writ.example.com/?x=1")]
    [InlineData("http://writ.example.com")]
    [InlineData("http://10.0.0.1:8080")]
    [InlineData("unix://host/run/writ.sock")]
    public void Parse_malformed_or_unencrypted_is_usage(string? text) =>
        Should.Throw<Stop>(() => ServerAddress.Parse(text)).Code.ShouldBe(ExitCode.Usage);
}
