using Writ.Runner;
using Writ.Runner.Runners;

namespace Writ.Tests.Runner;

public sealed class EnrolRunnerTests
{
    private static readonly string Fingerprint = new('a', 64);

    [Fact]
    public void Fingerprint_of_a_token_is_its_second_half() =>
        EnrolRunner.Fingerprint($"wre_c2VjcmV0.{Fingerprint}").ShouldBe(Convert.FromHexString(Fingerprint));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("wre_")]
    [InlineData("wre_c2VjcmV0")]
    [InlineData("wre_.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("wre_c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("wre_c2VjcmV0.aaaa")]
    [InlineData("wrt_c2VjcmV0.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Fingerprint_of_a_malformed_token_is_refused_and_the_token_not_repeated(string? token)
    {
        var refused = Should.Throw<RunnerException>(() => EnrolRunner.Fingerprint(token));
        refused.Message.ShouldNotContain("c2VjcmV0");
        refused.Hint.ShouldNotBeNull();
    }
}
