using System.Text;
using Writ.Server.Identity.Accounts;

namespace Writ.Tests.Server.Identity;

public class TotpTests
{
    private static readonly byte[] Secret = Encoding.ASCII.GetBytes("12345678901234567890");

    /// <summary>The vectors of RFC 6238, appendix B, cut to six digits.</summary>
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    public void Code_published_instants_give_the_published_codes(long seconds, string code) =>
        Totp.Code(Secret, Totp.StepOf(DateTimeOffset.FromUnixTimeSeconds(seconds))).ShouldBe(code);

    [Fact]
    public void Match_code_of_its_own_span_and_of_one_to_each_side_alone()
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1234567890);
        var step = Totp.StepOf(now);
        for (var off = -3; off <= 3; off++)
            Totp.Match(Secret, Totp.Code(Secret, step + off), now).ShouldBe(Math.Abs(off) <= 1 ? step + off : null, $"{off} spans off");
        Totp.Match(Secret, "005 924", now).ShouldBe(step, "as apps show it");
    }

    [Theory]
    [InlineData("")]
    [InlineData("05924")]
    [InlineData("0059240")]
    [InlineData("٠٠٥٩٢٤")]
    [InlineData("-05924")]
    public void Match_what_is_no_code_is_refused(string typed) => Totp.Match(Secret, typed, DateTimeOffset.FromUnixTimeSeconds(1234567890)).ShouldBeNull();

    [Fact]
    public void Link_and_text_hold_the_secret_in_base_32()
    {
        Totp.Text(Secret).ShouldBe("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        Totp.Link(Secret, "writ.example", "dana@example.com").ShouldBe("otpauth://totp/writ.example%3Adana%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=writ.example");
    }
}
