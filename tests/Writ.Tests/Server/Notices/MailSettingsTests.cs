using Writ.Core.Notices;
using Writ.Server.Notices;

namespace Writ.Tests.Server.Notices;

/// <summary>The operator's file of the mail server, and the mail that is written.</summary>
public class MailSettingsTests
{
    [Theory]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com" }""", 587)]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "tls": "implicit", "user": "writ", "password_file": "/etc/writ/mail.password" }""", 465)]
    [InlineData("""{ "host": "127.0.0.1", "from": "writ@example.com", "tls": "none", "port": 2525 }""", 2525)]
    public void Parse_of_what_is_right(string text, int port) => MailSettings.Parse("m.json", text).Value.PortOrUsual.ShouldBe(port);

    [Theory]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "tls": "none" }""", "in the clear")]
    [InlineData("""{ "host": "127.0.0.1.example.com", "from": "writ@example.com", "tls": "none" }""", "in the clear")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ" }""", "no mail address")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com\r\nBcc: x@y" }""", "no mail address")]
    [InlineData("""{ "host": "mail example", "from": "writ@example.com" }""", "host")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "tls": "maybe" }""", "tls is")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "port": 0 }""", "port")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "user": "writ" }""", "go together")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "password_file": "/x" }""", "go together")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "user": "w", "password_file": "/x", "password_credential": "y" }""", "exclude")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "user": "w", "password_credential": "../x" }""", "no name")]
    [InlineData("""{ "host": "mail.example.com", "from": "writ@example.com", "password": "hunter2" }""", "malformed")]
    [InlineData("null", "no mail server")]
    public void Parse_refuses_and_never_tells_a_secret(string text, string why)
    {
        var refused = MailSettings.Parse("m.json", text);
        refused.IsOk.ShouldBeFalse(text);
        refused.Refusal.Message.ShouldContain(why);
        refused.Refusal.Message.ShouldNotContain("hunter2");
    }

    [Fact]
    public void Written_mail_has_one_recipient_its_own_id_and_no_header_that_somebody_else_wrote()
    {
        using var mail = MailConnection.Written(
            new("ntc_1@example.com", "rae@example.com", new("dana asks\r\nBcc: mallory@example.com", "body\n"), DateTimeOffset.UnixEpoch, "req_1@example.com"), "writ@example.com");
        using var bytes = new MemoryStream();
        mail.WriteTo(bytes, TestContext.Current.CancellationToken);
        var text = System.Text.Encoding.UTF8.GetString(bytes.ToArray());
        var head = text[..text.IndexOf("\n\n", StringComparison.Ordinal)].Split('\n');
        head.ShouldNotContain(line => line.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase) || line.StartsWith("Cc", StringComparison.OrdinalIgnoreCase));
        head.ShouldContain("Message-Id: <ntc_1@example.com>");
        head.ShouldContain("To: rae@example.com");
        head.ShouldContain("Auto-Submitted: auto-generated");
        head.ShouldContain("References: <req_1@example.com>");
    }
}
