using Writ.Proof.Addresses;

namespace Writ.Tests.Proof.Addresses;

public sealed class HostNameTests
{
    [Theory]
    [InlineData("web1")]
    [InlineData("web1.staging.example.com")]
    [InlineData("WEB-1.x_y.example")]
    [InlineData("10.20.0.5.example")]
    [InlineData("0x7g")]
    [InlineData("1a")]
    public void IsPlain_name_is_one(string text) => HostName.IsPlain(text).ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData("web1.")]
    [InlineData("10.21")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    [InlineData("127.0x1")]
    [InlineData("0x")]
    [InlineData("web1.010")]
    [InlineData("2001:db8::1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("-oX")]
    [InlineData("a-.b")]
    [InlineData("web 1")]
    [InlineData("web1\n")]
    [InlineData("wéb")]
    [InlineData("web1\u202e")]
    public void IsPlain_what_a_resolver_may_read_otherwise_is_none(string text) => HostName.IsPlain(text).ShouldBeFalse();

    [Fact]
    public void IsPlain_over_long_is_none()
    {
        HostName.IsPlain(new('a', 63)).ShouldBeTrue();
        HostName.IsPlain(new('a', 64)).ShouldBeFalse();
        HostName.IsPlain(string.Join('.', Enumerable.Repeat(new string('a', 63), 4))).ShouldBeFalse();
    }
}
