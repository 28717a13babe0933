using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Identity;

/// <summary><c>writ whoami</c></summary>
internal static class WhoAmIVerb
{
    public static Verb Verb(CliContext context)
    {
        var format = Shared.Format();
        return new Verb("whoami", "Show who is signed in", "writ whoami").With(format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync("/v1/whoami", WritJson.Default.WhoAmI, cancel);
            var who = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            string[] marks = [who.Kind, .. who.Admin ? ["admin"] : Array.Empty<string>(), .. who.Auditor ? ["auditor"] : Array.Empty<string>()];
            var lines = new Fields()
                .Add("name", $"{who.Name} ({string.Join(", ", marks)})")
                .Add("id", who.Id)
                .Add("groups", string.Join(", ", who.Groups))
                .Add("roles", string.Join(", ", who.Roles))
                .Add("on behalf of", who.OnBehalfOf?.Name)
                .Add("signed in", who.SignIn is { } way ? $"{Way(way.Way)}, {When.Full(way.At, context.Now)}" : null)
                .Add("token", $"ends {When.Full(who.TokenNotAfter, context.Now)}{(context.SignInIsKept ? ", and is renewed by itself" : "")}")
                .Add("server", context.Address?.Text)
                .Lines(context.Terminal);
            foreach (var line in lines)
                context.Terminal.Print(line);
            return ExitCode.Ok;
        });
    }

    private static string Way(string way) => way switch
    {
        "box" => "by a token of the operator's",
        "browser" => "in a browser",
        "device" => "by a code on another device: asks and watches, neither decides nor administers",
        "workload" => "as a workload",
        _ => way,
    };
}
