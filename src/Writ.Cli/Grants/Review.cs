using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Grants;

namespace Writ.Cli.Grants;

/// <summary><c>writ review</c></summary>
internal static class Review
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("GRANT", "the grant, gr_…, or its request, req_…");
        var comment = Shared.Text("--comment", "what you found; required", "TEXT");
        var not = new Option<bool>("--not-justified") { Description = "say that it was not justified; it was unless told" };
        var format = Shared.Format();
        return new Verb("review", "Review somebody else's use of break-glass: they are given nothing further before",
            "writ review gr_06bqz3w1x8 --comment 'the outage was real, see INC-4711'",
            "writ review gr_06bqz3w1x8 --not-justified --comment 'the plant was not down'",
            "writ grants --status awaits-review").With(id, comment, not, format).Does(async (parse, cancel) =>
        {
            if (parse.GetValue(comment) is not { } said || string.IsNullOrWhiteSpace(said))
                throw Stop.Usage("a review says what was found", "say it with --comment");
            var grant = await GrantAsync(context, parse.GetRequiredValue(id), cancel);
            var answer = await context.Server.PostAsync(
                $"/v1/grants/{grant}/review", new ReviewAsk(!parse.GetValue(not), said), WritJson.Default.ReviewAsk, WritJson.Default.GrantView, cancel);
            var view = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                context.Terminal.Print(Printable.Line($"reviewed: {view.Id} of {view.Actor.Name}, {(parse.GetValue(not) ? "not justified" : "justified")}"));
            return ExitCode.Ok;
        });
    }

    private static async Task<string> GrantAsync(CliContext context, string id, CancellationToken cancel)
    {
        if (!id.StartsWith("req_", StringComparison.Ordinal))
            return Shared.CheckedId(id, "gr_", "grant or request");
        var request = (await context.Server.GetAsync($"/v1/requests/{Shared.CheckedId(id, "req_", "request")}", WritJson.Default.RequestView, cancel)).Value;
        return request.Grant ?? throw new Stop(ExitCode.Failed, $"{Printable.Line(request.Id)} has no grant: there is nothing to review");
    }
}
