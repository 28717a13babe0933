using Writ.Cli.Server;

namespace Writ.Tests.Cli.Server;

public class ChallengeTests
{
    [Theory]
    [InlineData("Bearer error=\"insufficient_user_authentication\", max_age=900", 900, null)]
    [InlineData("Bearer error=\"insufficient_user_authentication\", max_age=\"5\", acr_values=\"a b\"", 5, "a b")]
    [InlineData("bearer realm=\"x, error=y\", error=insufficient_user_authentication", null, null)]
    [InlineData("Bearer error=\"insufficient_user_authentication\", max_age=-1", null, null)]
    public void Of_a_challenge_is_read(string header, int? age, string? acr) => Of(header).ShouldBe(new Challenge(age, acr));

    [Theory]
    [InlineData("Bearer error=\"invalid_token\"")]
    [InlineData("Bearer")]
    [InlineData("Basic error=\"insufficient_user_authentication\"")]
    [InlineData("Bearer error=\"insufficient_user_authentication")]
    [InlineData("Bearer error=\"insufficient_user_authentication\", error=\"x\"")]
    [InlineData("Bearer realm=\"error=insufficient_user_authentication\"")]
    public void Of_anything_else_is_none(string header) => Of(header).ShouldBeNull();

    private static Challenge? Of(string header)
    {
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", header);
        return Challenge.Of(response.Headers.WwwAuthenticate);
    }
}
