using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Requests;
using Writ.Cli.Templates;
using Writ.Contracts;
using Writ.Contracts.Requests;

namespace Writ.Cli.Series;

/// <summary><c>writ series request</c>: asks for a series, and does not wait.</summary>
internal static class RequestSeries
{
    public static Verb Verb(CliContext context)
    {
        var cron = new Option<string>("--cron") { Description = "when: minute, hour, day of the month, month, day of the week", HelpName = "CRON", Required = true };
        var zone = new Option<string>("--tz") { Description = "the time zone of that, for example Europe/Berlin", HelpName = "ZONE", Required = true };
        var until = new Option<DateTimeOffset?>("--until") { Description = "its end, 365 days from now at most", HelpName = "TIME", Required = true, CustomParser = Instant.OfOption };
        var duration = Shared.Span("--for", "how long each run may last, for example 30m");
        var reason = Shared.Text("--reason", "what it is for; approvers and the record see it", "TEXT");
        var ticket = Shared.Text("--ticket", "the id of a ticket elsewhere", "ID");
        var format = Shared.Format();
        var words = new Argument<string[]>("TEMPLATE") { Description = "the template and its values: @NAME KEY=VALUE …", HelpName = "TEMPLATE", Arity = ArgumentArity.OneOrMore, CaptureRemainingTokens = true };
        return new Verb("request", "Ask for a series of runs of a template; prints the request's id and does not wait",
            "writ series request --cron '0 2 * * 1-5' --tz Europe/Berlin --until 2027-06-30 --reason nightly @web-check host=web1.staging").With(cron, zone, until, duration, reason, ticket, format, words).Does(async (parse, cancel) =>
        {
            if (TemplateText.Read(parse.GetValue(words) ?? []) is not { } template)
                throw Stop.Usage("a series is of a template", "as in: writ series request --cron … --tz … --until … @web-check host=web1.staging");
            var ask = new AskForAccess(null, parse.GetValue(reason), parse.GetValue(ticket), parse.GetValue(duration)?.TotalSeconds, Template: template,
                Series: new(parse.GetRequiredValue(cron), parse.GetRequiredValue(zone), parse.GetValue(until)!.Value));
            var answer = await context.Server.CreateAsync("/v1/requests", ask, WritJson.Default.AskForAccess, WritJson.Default.RequestView, cancel);
            var request = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            context.Terminal.Print(request.Id);
            RequestText.Warn(context.Terminal, request);
            if (request.Series is { } series)
                context.Terminal.Say($"writ: {Printable.Line(series.Id)}, {Printable.Line(SeriesText.Schedule(series, context.Now))}");
            context.Terminal.Say("writ: waits for approval");
            foreach (var missing in RequestText.Needed(request))
                context.Terminal.Say($"  - {Printable.Line(missing)}");
            context.Terminal.Say($"hint: an approver types: writ approve {request.Id}");
            return ExitCode.Ok;
        });
    }
}
