using System.CommandLine;
using Writ.Cli.Options;

namespace Writ.Cli.Requests;

/// <summary><c>writ approve</c></summary>
internal static class Approve
{
    public static Verb Verb(CliContext context)
    {
        var decision = new Decision();
        var yes = new Option<bool>("--yes", "-y") { Description = "do not ask again" };
        return decision.AddTo(new Verb("approve", "Show what a request will do, and say yes to exactly that",
            "writ approve req_06bqz3w1x8",
            "writ approve req_06bqz3w1x8 --yes --comment 'after the release'")).With(yes).Does(async (parse, cancel) =>
        {
            var request = await decision.ShowAsync(context, parse, cancel);
            if (request.State == "pending" && !parse.GetValue(yes) && context.Terminal is { InputIsTerminal: true, ErrorIsTerminal: true })
            {
                context.Terminal.Status("approve this? [y/N] ");
                var answer = context.Terminal.Input.ReadLine();
                if (answer?.Trim() is not ("y" or "Y" or "yes"))
                    throw new Stop(ExitCode.Failed, "not approved; the request stays pending", $"writ deny {request.Id} says no");
            }

            var decided = await decision.SendAsync(context, parse, request, "approve", cancel);
            return decision.Print(context, parse, decided, view => view.State switch
            {
                "approved" => $"approved: {view.Actor.Name} has grant {view.Grant} for {Duration.Format(TimeSpan.FromSeconds(view.DurationSeconds))}, {RequestText.Uses(view.Uses)}",
                "pending" => $"recorded: still missing {string.Join("; ", RequestText.Needed(view))}",
                var state => $"recorded: the request is {state}",
            });
        });
    }
}
