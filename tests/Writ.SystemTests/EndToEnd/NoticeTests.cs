using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using MimeKit;
using Writ.Tests.Server.Streams;

namespace Writ.SystemTests.EndToEnd;

/// <summary>People are told by a real mail server, which speaks TLS and wants to know who sends.</summary>
public abstract class NoticeTests(Houses houses) : EndToEndTest(houses)
{
    private const string Password = "a-mail-password";
    private const string SlackSecret = "a-signing-secret-of-32-characters";

    /// <summary>Debian's own: it takes mail over TLS alone, from whoever has the password, and keeps each in a file.</summary>
    private const string MailServer = """
        import asyncio, os, ssl, sys, time
        from aiosmtpd.smtp import SMTP, AuthResult
        certificate, password, folder = sys.argv[1:]
        class Keep:
            async def handle_DATA(self, server, session, envelope):
                name = str(time.time_ns())
                with open(f"{folder}/.{name}", "wb") as file:
                    file.write(envelope.content)
                os.rename(f"{folder}/.{name}", f"{folder}/{name}.eml")
                return "250 kept"
        def known(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login, data.password) == (b"writ", password.encode()), handled=False)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        async def main():
            server = await asyncio.get_running_loop().create_server(lambda: SMTP(Keep(), hostname="localhost", require_starttls=True, tls_context=context, auth_required=True, authenticator=known), "127.0.0.1", 0)
            print(server.sockets[0].getsockname()[1], flush=True)
            await server.serve_forever()
        asyncio.run(main())
        """;

    [Fact]
    public async Task Mail_tells_an_approver_within_seconds_and_its_link_leads_to_the_decision()
    {
        using var authority = new TestAuthority();
        var box = Directory.CreateDirectory(Path.Combine(House.Folder, "mails")).FullName;
        var certificate = House.Write("mail.pem", authority.Certificate.ExportCertificatePem() + "\n" + authority.Certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var (password, wrong) = (House.Write("mail.password", $"{Password}\n"), House.Write("mail.wrong", "another-password\n"));
        using var server = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-I", "-c", MailServer, certificate, Password, box]) { RedirectStandardOutput = true })!;
        try
        {
            var port = int.Parse(await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? "0", System.Globalization.CultureInfo.InvariantCulture);
            string Settings(string name, string? ca, string secret) => House.Write(name, new JsonObject
            {
                ["host"] = "127.0.0.1", ["port"] = port, ["from"] = "writ@example.com", ["ca_file"] = ca, ["user"] = "writ", ["password_file"] = secret,
            }.ToJsonString());
            var mail = Settings("mail.json", authority.File, password);

            // Nothing goes to a server that is not who it should be, and no password is said back.
            (await House.TypeOnBox("mail", "test", "--mail", Settings("untrusted.json", null, password), "--to", "ops@example.com")).ShouldBe(1).Error.ShouldStartWith("writ-server: the mail server's certificate is not to be trusted");
            (await House.TypeOnBox("mail", "test", "--mail", Settings("wrong.json", authority.File, wrong), "--to", "ops@example.com")).ShouldBe(1).Error.ShouldBe("writ-server: the mail server does not take user and password\n");
            Mails(box).ShouldBeEmpty();
            (await House.TypeOnBox("mail", "test", "--mail", mail, "--to", "ops@example.com")).ShouldBeOk();

            var slack = House.Write("slack.json", new JsonObject { ["workspaces"] = new JsonArray("T0HOME"), ["signing_secret_file"] = House.Write("slack.secret", SlackSecret + "\n") }.ToJsonString());
            House.ServerOptions = ["--mail", mail, "--slack", slack];
            House.KillServer();
            await House.BeWhole();
            await House.OnBox("account", "mail", "sam", "sam@example.com");
            (await House.Type("dana", "notices", "address", "dana@example.com")).ShouldBeOk();
            var code = (await To(box, "dana@example.com", "your address")).TextBody!.Split("writ notices confirm ")[1][..9];
            (await House.Type("dana", "notices", "confirm", code)).ShouldBeOk().Text.ShouldContain("dana@example.com, by a code that was mailed there");

            var target = House.Target();
            var request = (await House.Type("dana", ["request", "--reason", "the login page hangs", "--", .. House.ShortScan(target)])).ShouldBeOk().Text;
            // What others of this house ask for is told as well; four tests at once have their servers on this machine, which alone need a second or two.
            var asked = await To(box, "sam@example.com", "dana asks for nmap in staging", holding: $"{House.Address}inbox/{request}", seconds: 10);
            asked.TextBody!.ShouldContain("> the login page hangs");
            asked.ToString().ShouldNotContain(target);
            (await House.Type("sam", "approve", request, "--comment", "go on")).ShouldBeOk();
            (await To(box, "dana@example.com", "approved: nmap in staging", holding: request)).TextBody!.ShouldContain("> go on");
            (await House.Type("ada", "notices", "list")).ShouldBeOk().Text.ShouldContain("approved");
            using var anybody = new HttpClient();

            // Slack's app is at the same server: sam says from both sides which account is theirs.
            var shown = (await House.Type("sam", "chat", "link")).ShouldBeOk().Text;
            (await FromSlack(anybody, "link AAAA-AAAA")).ShouldContain("This is no code that holds");
            (await FromSlack(anybody, shown[shown.IndexOf("link ", StringComparison.Ordinal)..].Trim())).ShouldContain("This account speaks for sam now");
            (await House.Type("sam", "chat", "show")).ShouldBeOk().Text.ShouldStartWith("slack account U0SAM of workspace T0HOME speaks for you until ");
            (await House.Type("sam", "chat", "unlink")).ShouldBeOk().Text.ShouldBe("no account in a chat speaks for you");
            (await anybody.GetStringAsync(new Uri(House.Address, "health/ready"), TestContext.Current.CancellationToken)).ShouldContain("\"notices_failing\":0");
        }
        finally
        {
            server.Kill();
            House.ServerOptions = [];
            House.KillServer();
            await House.BeWhole();
        }
    }

    /// <summary>The slash command with this text, signed as Slack signs; what sam's account is answered.</summary>
    private async Task<string> FromSlack(HttpClient http, string text)
    {
        var body = $"team_id=T0HOME&user_id=U0SAM&command=%2Fwrit&text={Uri.EscapeDataString(text)}";
        var timestamp = MachineClock.Now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        using var call = new HttpRequestMessage(HttpMethod.Post, new Uri(House.Address, "v1/chat/slack/commands")) { Content = new StringContent(body, null, "application/x-www-form-urlencoded") };
        call.Headers.Add("X-Slack-Request-Timestamp", timestamp);
        call.Headers.Add("X-Slack-Signature", "v0=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(SlackSecret), Encoding.UTF8.GetBytes($"v0:{timestamp}:{body}"))));
        using var answer = await http.SendAsync(call, TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static MimeMessage[] Mails(string box) => [.. Directory.GetFiles(box, "*.eml").Order(StringComparer.Ordinal).Select(file => MimeMessage.Load(file))];

    private static async Task<MimeMessage> To(string box, string address, string subject, string holding = "", double seconds = 15)
    {
        MimeMessage? found = null;
        await House.Until(() => Task.FromResult((found = Mails(box).FirstOrDefault(mail => mail.To.ToString() == address && mail.Subject == subject && mail.TextBody?.Contains(holding, StringComparison.Ordinal) == true)) is not null), $"{address} is not told: {subject}", seconds);
        return found!;
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : NoticeTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : NoticeTests(houses);
}
