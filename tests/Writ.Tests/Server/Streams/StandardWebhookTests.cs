using System.Text;
using Writ.Server.Streams;

namespace Writ.Tests.Server.Streams;

/// <summary>Signatures of webhooks, held against the values that the specification's own libraries are tested with.</summary>
public sealed class StandardWebhookTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    // github.com/standard-webhooks/standard-webhooks and svix/svix-webhooks publish these.
    [InlineData(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    [InlineData(
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}",
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==")]
    public void Signatures_are_those_that_are_published(string key, string id, long seconds, string body, string signature) =>
        Keys(key).Sign(id, DateTimeOffset.FromUnixTimeSeconds(seconds), Encoding.UTF8.GetBytes(body)).ShouldBe(signature);

    [Fact]
    public void Each_key_of_a_file_signs()
    {
        var (signing, half) = StandardWebhook.NewSigningKey();
        var (old, @new) = (StandardWebhook.NewSecret(), StandardWebhook.NewSecret());
        var (at, body) = (DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), "{}"u8.ToArray());
        Keys($"{old}\n\n {@new} \n{signing}\n").Sign("msg_1", at, body).ShouldBe(string.Join(' ', new[] { old, @new, signing }.Select(key => Keys(key).Sign("msg_1", at, body))));
        half.ShouldStartWith("whpk_");
        Convert.FromBase64String(half[5..]).ShouldBe(Convert.FromBase64String(signing[5..])[32..]);
        // Any other id, time or body is another signature.
        new[] { Keys(old).Sign("msg_1", at, body), Keys(old).Sign("msg_2", at, body), Keys(old).Sign("msg_1", at.AddSeconds(1), body), Keys(old).Sign("msg_1", at, "{ }"u8) }.Distinct().Count().ShouldBe(4);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("whsec_")]
    // 18 bytes: less than the specification asks for.
    [InlineData("whsec_plJ3nmyCDGBKInavdOK15jsl")]
    [InlineData("plJ3nmyCDGBKInavdOK15jsl")]
    [InlineData("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")]
    [InlineData("whsk_1SiA4o9hyqTC")]
    // The second half is no public key of the first.
    [InlineData("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6KvA==")]
    [InlineData("whsec_plJ3nmyCDGBKInavdOK15jsl\nwhsec_%%%")]
    public void What_is_no_key_is_refused_without_being_shown(string text)
    {
        var refused = Should.Throw<IOException>(() => Keys(text)).Message;
        refused.ShouldContain(_file);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.Length > 8))
            refused.ShouldNotContain(line[6..]);
    }

    [Fact]
    public void More_keys_than_eight_are_refused() => Should.Throw<IOException>(() => Keys(string.Join('\n', Enumerable.Range(0, 9).Select(_ => StandardWebhook.NewSecret()))));

    private StandardWebhook Keys(string text)
    {
        File.WriteAllText(_file, text);
        return StandardWebhook.Read(_file);
    }
}
