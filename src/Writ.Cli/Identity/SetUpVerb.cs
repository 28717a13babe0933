using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Identity;

namespace Writ.Cli.Identity;

/// <summary><c>writ setup</c>: spends the one-time set-up secret of <c>writ-server init</c>.</summary>
internal static class SetUpVerb
{
    public static Verb Verb(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "the first admin's name", HelpName = "NAME" };
        var format = Shared.Format();
        return new Verb("setup", "Make the first admin with the set-up secret of a new server; prints a token",
            "export WRIT_TOKEN=$(writ setup alice < setup-secret)").With(name, format).Does(async (parse, cancel) =>
        {
            var answer = await context.ServerWithoutToken.PostAsync(
                "/v1/setup", new SetUp(ReadSecret(context), parse.GetRequiredValue(name)), WritJson.Default.SetUp, WritJson.Default.NewToken, cancel);
            var token = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            context.Terminal.Print(Printable.Line(token.Token));
            context.Terminal.Say($"writ: {Printable.Line(token.Actor)} is the first admin; the token ends {When.Full(token.NotAfter, context.Now)}");
            return ExitCode.Ok;
        });
    }

    private static string ReadSecret(CliContext context)
    {
        if (context.Variable("WRIT_SETUP_SECRET") is { } secret)
            return secret.Trim();
        if (context.Terminal.InputIsTerminal)
            context.Terminal.Say("set-up secret (writ-server init printed it):");
        return context.Terminal.Input.ReadLine()?.Trim() is { Length: > 0 } line
            ? line
            : throw Stop.Usage("no set-up secret", "give it on standard input or in WRIT_SETUP_SECRET");
    }
}
