using System.CommandLine;
using Writ.Core.Notices;
using Writ.Proof.Identity;
using Writ.Server.Notices;

namespace Writ.Server.Commands;

/// <summary><c>writ-server mail</c>: the mail server by which people are told, tried on the box.</summary>
internal static class MailCommand
{
    private static readonly Option<string> Mail = new("--mail") { Description = "The JSON file with the mail server, as serve has it", Required = true, HelpName = "FILE" };
    private static readonly Option<string> To = new("--to") { Description = "Where a mail is sent", Required = true, HelpName = "ADDRESS" };

    public static Command Build(TimeProvider time)
    {
        var test = new Command("test", "Sends one mail, and says what the mail server answered.") { Mail, To };
        test.SetAction(async (parsed, cancel) =>
        {
            var (file, to) = (parsed.GetValue(Mail)!, parsed.GetValue(To)!);
            if (!MailAddress.Is(to))
                return CommandLine.Fail("--to: this is no plain mail address", "for example dana@example.com", 2);
            var read = MailSettings.Parse(file, await File.ReadAllTextAsync(file, cancel));
            if (!read.IsOk)
                return CommandLine.Fail(read.Refusal, 2);
            var (settings, now) = (read.Value, time.GetUtcNow());
            await using var connection = await MailConnection.Open(settings, cancel);
            var text = new NoticeText("a test", "This mail was sent by writ-server mail test. Whoever reads it can be told by Writ.\n");
            var (outcome, why) = await connection.Send(new($"{NoticeId.New(now)}@{settings.Domain}", to, text, now), cancel);
            if (outcome != MailOutcome.Taken)
                return CommandLine.Fail(why!, null);
            Console.WriteLine($"{settings.Host} took a mail to {to}");
            return 0;
        });
        return new("mail", "The mail server by which people are told.") { test };
    }
}
