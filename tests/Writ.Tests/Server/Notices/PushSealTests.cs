using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Writ.Core.Notices;
using Writ.Proof.Identity;
using Writ.Server.Notices;

namespace Writ.Tests.Server.Notices;

/// <summary>What is sealed for a browser: as RFC 8291 says it, byte by byte, and readable by that browser alone.</summary>
public class PushSealTests
{
    [Fact]
    public void Seal_of_the_example_of_RFC_8291_is_that_of_the_RFC()
    {
        // RFC 8291, 5 and appendix A.
        using var own = Pair("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        var body = PushSeal.Seal("When I grow up, I want to be a watermelon"u8, 0,
            Bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"), Bytes("BTBZMqHH6r4Tts7J_aSIgg"), own, Bytes("DGv6ra1nlYgDCS1FRnbzlw"));
        Base64Url.EncodeToString(body).ShouldBe(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");
    }

    [Fact]
    public void Seal_of_any_message_has_one_length_and_is_read_by_its_browser_alone()
    {
        using var browser = new TestBrowser();
        using var other = new TestBrowser();
        var longest = new byte[PushSeal.Room];
        Array.Fill(longest, (byte)'x');
        var (one, all) = (PushSeal.Seal("a"u8, browser.Key, browser.Auth), PushSeal.Seal(longest, browser.Key, browser.Auth));
        (one.Length, all.Length).ShouldSatisfyAllConditions(lengths => lengths.Item1.ShouldBe(lengths.Item2), lengths => lengths.Item1.ShouldBeLessThanOrEqualTo(4096));
        browser.Open(one).ShouldBe("a");
        browser.Open(all).ShouldBe(Encoding.ASCII.GetString(longest));
        PushSeal.Seal("a"u8, browser.Key, browser.Auth).ShouldNotBe(one, "each has a key and a salt of its own");
        Should.Throw<CryptographicException>(() => other.Open(one));
        one[^1] ^= 1;
        Should.Throw<CryptographicException>(() => browser.Open(one));
        Should.Throw<ArgumentException>(() => PushSeal.Seal(new byte[PushSeal.Room + 1], browser.Key, browser.Auth));
    }

    [Fact]
    public void IsFit_refuses_a_point_that_is_not_on_the_curve_and_other_lengths()
    {
        using var browser = new TestBrowser();
        PushSeal.IsFit(browser.Key, browser.Auth).ShouldBeTrue();
        byte[] beside = [.. browser.Key];
        beside[^1] ^= 1;
        PushSeal.IsFit(beside, browser.Auth).ShouldBeFalse();
        PushSeal.IsFit([2, .. browser.Key[1..]], browser.Auth).ShouldBeFalse();
        PushSeal.IsFit([4, .. new byte[64]], browser.Auth).ShouldBeFalse();
        PushSeal.IsFit(browser.Key.AsSpan(0, 33), browser.Auth).ShouldBeFalse();
        PushSeal.IsFit(browser.Key, browser.Auth.AsSpan(0, 15)).ShouldBeFalse();
    }

    [Fact]
    public void Written_message_has_the_subject_and_the_page_and_neither_command_nor_address_nor_what_people_wrote()
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(56);
        var (person, request) = (ActorId.New(now), RequestId.New(now));
        PushLetter Of(NoticeKind kind, DateTimeOffset? closes)
        {
            var text = NoticeText.Of(new(kind, "dana", "nmap", ["staging"], TimeSpan.FromMinutes(30), new("https://writ.example/inbox/x")) { Said = "look at 10.20.0.5 with -sV", Closes = closes });
            return SendPush.Written(new(new() { Id = NoticeId.New(now), PersonId = person, Kind = kind, Channel = NoticeChannel.Push, Subject = request.ToString(), Revision = 1, RequestId = request, State = NoticeState.Waiting, CreatedAt = now, DueAt = now },
                text, $"/inbox/{request}", "dana@example.com", closes), now);
        }

        var asked = Of(NoticeKind.Asked, now.AddHours(2));
        var said = Encoding.UTF8.GetString(asked.Message);
        said.ShouldContain("\"title\":\"dana asks for nmap in staging\"");
        said.ShouldContain($"\"path\":\"/inbox/{request}\"");
        foreach (var secret in (string[])["10.20.0.5", "-sV", "example.com", "https:"])
            said.ShouldNotContain(secret);
        (asked.Life, asked.IsUrgent).ShouldBe((TimeSpan.FromHours(2), false));
        // RFC 8030, 5.4.
        asked.Topic.ShouldMatch("^[A-Za-z0-9_-]{1,32}$");
        Of(NoticeKind.Approved, null).ShouldSatisfyAllConditions(later => later.Topic.ShouldBe(asked.Topic), later => later.Life.ShouldBe(TimeSpan.FromDays(1)));
        Of(NoticeKind.GlassBroken, null).IsUrgent.ShouldBeTrue();
    }

    private static byte[] Bytes(string text) => Base64Url.DecodeFromChars(text);

    private static ECDiffieHellman Pair(string d, string point) => ECDiffieHellman.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256, D = Bytes(d), Q = new ECPoint { X = Bytes(point)[1..33], Y = Bytes(point)[33..] },
    });
}
