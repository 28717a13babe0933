using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Chat;

namespace Writ.Cli.Chat;

/// <summary><c>writ chat</c>: the account in a chat whose buttons speak for one.</summary>
internal static class ChatVerb
{
    private const string Path = "/v1/me/chat";

    public static Verb Verb(CliContext context) =>
        new Verb("chat", "The account in Slack whose buttons speak for you", "writ chat show", "writ chat link").With(Show(context), Link(context), Unlink(context));

    private static Verb Show(CliContext context)
    {
        var format = Shared.Format();
        return new Verb("show", "Show the account that speaks for you", "writ chat show").With(format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync(Path, WritJson.Default.ChatAccountView, cancel);
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                Print(context, answer.Value);
            return ExitCode.Ok;
        });
    }

    private static Verb Link(CliContext context) =>
        new Verb("link", "Get a code; typed in Slack within ten minutes it lets that account speak for you", "writ chat link").Does(async (_, cancel) =>
        {
            var code = (await context.Server.PostAsync($"{Path}/code", WritJson.Default.ChatCodeView, cancel)).Value;
            context.Terminal.Print($"type in Slack until {When.Full(code.Until, context.Now)}, with the account that shall speak for you:");
            context.Terminal.Print($"  {code.Type}");
            return ExitCode.Ok;
        });

    private static Verb Unlink(CliContext context) =>
        new Verb("unlink", "Take that back: no account speaks for you", "writ chat unlink").Does(async (_, cancel) =>
        {
            Print(context, (await context.Server.DeleteAsync(Path, WritJson.Default.ChatAccountView, cancel)).Value);
            return ExitCode.Ok;
        });

    private static void Print(CliContext context, ChatAccountView view)
    {
        if (!view.Available)
            context.Terminal.Print("this server takes no decisions from a chat");
        context.Terminal.Print(view.Account is null
            ? "no account in a chat speaks for you"
            : $"{view.Chat} account {view.Account} of workspace {view.Workspace} speaks for you until {When.Full(view.Until!.Value, context.Now)}");
    }
}
