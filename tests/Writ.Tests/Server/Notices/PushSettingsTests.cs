using System.Buffers.Text;
using System.Security.Cryptography;
using Writ.Server.Notices;

namespace Writ.Tests.Server.Notices;

/// <summary>The operator's file of push, its key, and what browsers say where they are reached.</summary>
public class PushSettingsTests
{
    [Theory]
    [InlineData("""{ "contact": "mailto:ops@example.com", "private_key_file": "/etc/writ/push.key" }""")]
    [InlineData("""{ "contact": "https://writ.example.com/about", "private_key_credential": "push", "allow_private": true, "ca_file": "/etc/writ/ca.pem" }""")]
    public void Parse_of_what_is_right(string text) => PushSettings.Parse("p.json", text).IsOk.ShouldBeTrue();

    [Theory]
    [InlineData("""{ "contact": "ops@example.com", "private_key_file": "/x" }""", "contact is")]
    [InlineData("""{ "contact": "mailto:ops", "private_key_file": "/x" }""", "contact is")]
    [InlineData("""{ "contact": "http://example.com", "private_key_file": "/x" }""", "contact is")]
    [InlineData("""{ "contact": "mailto:ops@example.com" }""", "private_key_file or private_key_credential is missing")]
    [InlineData("""{ "contact": "mailto:ops@example.com", "private_key_file": "/x", "private_key_credential": "y" }""", "exclude")]
    [InlineData("""{ "contact": "mailto:ops@example.com", "private_key": "hunter2" }""", "malformed")]
    [InlineData("null", "no key")]
    public void Parse_refuses_and_never_tells_a_secret(string text, string why)
    {
        var refused = PushSettings.Parse("p.json", text);
        refused.IsOk.ShouldBeFalse(text);
        refused.Refusal.Message.ShouldContain(why);
        refused.Refusal.Message.ShouldNotContain("hunter2");
    }

    [Theory]
    [InlineData("https://push.example.com/send/abc", false, null)]
    [InlineData("https://8.8.8.8/send", false, null)]
    [InlineData("http://push.example.com/send", false, "none of https")]
    [InlineData("file:///etc/passwd", false, "none of https")]
    [InlineData("https://push.example.com:8443/send", false, "no port")]
    [InlineData("https://127.0.0.1/send", false, "no public address")]
    [InlineData("https://[::1]/send", false, "no public address")]
    [InlineData("https://[::ffff:10.0.0.1]/send", false, "no public address")]
    [InlineData("https://2130706433/send", false, "no public address")]
    [InlineData("https://169.254.169.254/latest", false, "no public address")]
    [InlineData("https://user@push.example.com/send", false, "no plain address")]
    [InlineData("https://push.example.com/send#x", false, "no plain address")]
    [InlineData("https://push.example.com/send\r\nTTL: 1", false, "no address")]
    [InlineData("https://push.example.com/ send", false, "no address")]
    [InlineData("send", false, "no address")]
    [InlineData("", false, "no address")]
    [InlineData("https://127.0.0.1:4433/send", true, null)]
    [InlineData("http://127.0.0.1:4433/send", true, "none of https")]
    public void Problem_of_an_endpoint(string endpoint, bool allowPrivate, string? why)
    {
        var problem = PushEndpoint.Problem(endpoint, allowPrivate);
        if (why is null)
            problem.ShouldBeNull();
        else
            problem.ShouldNotBeNull().ShouldContain(why);
    }

    [Fact]
    public void Problem_of_an_endpoint_that_is_too_long() => PushEndpoint.Problem($"https://push.example.com/{new string('a', 1000)}", false).ShouldNotBeNull();

    [Fact]
    public void Key_is_read_again_and_signs_for_one_push_service_and_an_hour()
    {
        var folder = Directory.CreateTempSubdirectory("writ-push-").FullName;
        try
        {
            var (pem, half) = VapidKey.Make();
            var file = Path.Combine(folder, "push.key");
            File.WriteAllText(file, pem);
            using var key = VapidKey.Read(file);
            (key.Public, key.Public.Length, Base64Url.DecodeFromChars(key.Public)[0]).ShouldBe((half, 87, (byte)4));
            var now = DateTimeOffset.UnixEpoch.AddYears(56);
            var token = key.Token("https://push.example.com:8443", "mailto:ops@example.com", now);
            VapidToken.Claims(token, key.Public).ShouldBe(("https://push.example.com:8443", now.AddHours(1).ToUnixTimeSeconds(), "mailto:ops@example.com"));

            using var rsa = RSA.Create(2048);
            using var wide = ECDsa.Create(ECCurve.NamedCurves.nistP384);
            foreach (var other in (string[])[rsa.ExportPkcs8PrivateKeyPem(), wide.ExportPkcs8PrivateKeyPem(), "hunter2", ""])
            {
                File.WriteAllText(file, other);
                Should.Throw<IOException>(() => VapidKey.Read(file)).Message.ShouldSatisfyAllConditions(message => message.ShouldContain("no private key of P-256"), message => message.ShouldNotContain("hunter2"));
            }

            Should.Throw<IOException>(() => VapidKey.Read(Path.Combine(folder, "missing")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
