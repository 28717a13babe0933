using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Identity;

namespace Writ.Cli.Identity;

/// <summary><c>writ passkey confirm</c></summary>
internal static class ConfirmPasskey
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("PASSKEY", "the other person's passkey, pk_…");
        var fingerprint = new Argument<string>("FINGERPRINT") { Description = "the one that they told you, not one that you read off the server", HelpName = "FINGERPRINT" };
        var format = Shared.Format();
        return new Verb("confirm", "Say that a passkey is really the other person's: it approves from then on",
            "writ passkey confirm pk_06bqz3w1x8 3f0c9a1d5b7e2468").With(id, fingerprint, format).Does(async (parse, cancel) =>
        {
            var passkey = Shared.CheckedId(parse.GetRequiredValue(id), "pk_", "passkey");
            var answer = await context.Server.PostAsync($"/v1/passkeys/{passkey}/confirm", new ConfirmAsk(parse.GetRequiredValue(fingerprint)), WritJson.Default.ConfirmAsk, WritJson.Default.PasskeyView, cancel);
            var confirmed = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                context.Terminal.Print(Printable.Line($"{confirmed.Id} of {confirmed.Owner.Name} approves from now on"));
            return ExitCode.Ok;
        });
    }
}
