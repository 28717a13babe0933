using Writ.Server;
using Writ.Server.Identity.Accounts;

namespace Writ.Tests.Server.Identity;

public class PasswordsTests
{
    [Theory]
    [InlineData("four words nobody joins")]
    [InlineData("Tr0ub4dor&3-and-some")]
    [InlineData("зеленый-чайник-поёт")]
    [InlineData("nine lives 9 lives")]
    public void Check_long_and_not_guessed_early_is_taken(string password) => Passwords.Check(password, "dana").ShouldBeNull();

    [Theory]
    [InlineData("short", "at least 12")]
    [InlineData("", "at least 12")]
    [InlineData("aaaaaaaaaaaaaaaa", "guessed early")]
    [InlineData("abcabcabcabcabc", "guessed early")]
    [InlineData("123456789012", "guessed early")]
    [InlineData("abcdefghijklmnop", "guessed early")]
    [InlineData("Password1234!", "guessed early")]
    [InlineData("passwordpassword", "guessed early")]
    [InlineData("dana12345678", "guessed early")]
    [InlineData("Welcome2026!!", "guessed early")]
    [InlineData("qwertyuiop123", "guessed early")]
    public void Check_short_or_guessed_early_is_refused(string password, string why) => Passwords.Check(password, "dana").ShouldNotBeNull().Message.ShouldContain(why);

    [Fact]
    public void Check_longer_than_the_limit_is_refused_and_up_to_it_taken()
    {
        var most = string.Concat(Enumerable.Range(0, 64).Select(number => (char)('a' + (number * 7 % 26)) + number.ToString("D3", System.Globalization.CultureInfo.InvariantCulture)));
        most.Length.ShouldBe(Passwords.Longest);
        Passwords.Check(most, "dana").ShouldBeNull();
        Passwords.Check(most + "x", "dana").ShouldNotBeNull();
    }

    [Fact]
    public async Task Verify_only_the_password_of_the_hash_and_nothing_without_one()
    {
        using var passwords = new Passwords(new ServerSettings("/data", [], null, null));
        var hash = passwords.Hash("four words nobody joins");
        // How ASP.NET Core Identity writes it: its version, HMAC-SHA512, and the rounds.
        Convert.FromBase64String(hash).AsSpan(0, 9).ToArray().ShouldBe([1, 0, 0, 0, 2, .. BitConverter.GetBytes(210_000).Reverse()]);
        (await passwords.Verify(hash, "four words nobody joins", TestContext.Current.CancellationToken)).ShouldBeTrue();
        (await passwords.Verify(hash, "four words nobody join", TestContext.Current.CancellationToken)).ShouldBeFalse();
        (await passwords.Verify(null, "four words nobody joins", TestContext.Current.CancellationToken)).ShouldBeFalse();
        passwords.Hash("four words nobody joins").ShouldNotBe(hash, "salted");
    }
}
