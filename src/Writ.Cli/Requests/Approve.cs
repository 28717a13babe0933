using System.CommandLine;
using Writ.Cli.Options;
using Writ.Contracts.Requests;

namespace Writ.Cli.Requests;

/// <summary><c>writ approve</c></summary>
internal static class Approve
{
    public static Verb Verb(CliContext context)
    {
        var decision = new Decision();
        var less = Shared.Span("--for", "approve it for less time than is asked: a new revision, to which nobody has said yes before");
        var yes = new Option<bool>("--yes", "-y") { Description = "do not ask again" };
        return decision.AddTo(new Verb("approve", "Show what a request will do, and say yes to exactly that",
            "writ approve req_06bqz3w1x8",
            "writ approve req_06bqz3w1x8 --for 10m",
            "writ approve req_06bqz3w1x8 --yes --comment 'after the release'")).With(less, yes).Does(async (parse, cancel) =>
        {
            var request = await decision.ShowAsync(context, parse, cancel);
            var shorter = Shorter(request, parse.GetValue(less));
            if (request.State == "pending" && !parse.GetValue(yes) && context.Terminal is { InputIsTerminal: true, ErrorIsTerminal: true })
            {
                context.Terminal.Status(shorter is { } time ? $"approve this for {Duration.Format(time)}? [y/N] " : "approve this? [y/N] ");
                var answer = context.Terminal.Input.ReadLine();
                if (answer?.Trim() is not ("y" or "Y" or "yes"))
                    throw new Stop(ExitCode.Failed, "not approved; the request stays pending", $"writ deny {request.Id} says no");
            }

            var narrowed = shorter is { } given ? await decision.NarrowAsync(context, parse, request, given, cancel) : null;
            // So much policy may allow by itself.
            var decided = narrowed?.Value.State == "approved" ? narrowed : await decision.SendAsync(context, parse, narrowed?.Value ?? request, "approve", cancel);
            return decision.Print(context, parse, decided, view => view.State switch
            {
                "approved" when view.Extends is { } more => $"approved: {Runs.Extend.Words(more, context.Now)}",
                "approved" => $"approved: {view.Actor.Name} has grant {view.Grant} for {Duration.Format(TimeSpan.FromSeconds(view.DurationSeconds))}, {RequestText.Uses(view.Uses)}",
                "pending" => $"recorded: still missing {string.Join("; ", RequestText.Needed(view))}",
                var state => $"recorded: the request is {state}",
            });
        });
    }

    /// <summary>How much is given, where it is less than what is asked for; null to leave it as it is.</summary>
    private static TimeSpan? Shorter(RequestView request, TimeSpan? given)
    {
        var asked = TimeSpan.FromSeconds(request.DurationSeconds);
        if (given is not { } time || time == asked || request.State != "pending")
            return null;
        return time < asked ? time : throw Stop.Usage($"--for {Duration.Format(time)} is more than is asked for", $"it is {Duration.Format(asked)}; more of it takes a request of its own");
    }
}
