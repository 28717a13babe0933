using Writ.Cli.Files;
using Writ.Cli.Grants;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Requests;

/// <summary><c>writ request</c>: asks, and does not wait.</summary>
internal static class Ask
{
    public static Verb Verb(CliContext context)
    {
        var ask = new AskOptions();
        var format = Shared.Format();
        var verb = new Verb("request", "Ask for a command; prints the request's id and does not wait",
            "writ request --for 30m --reason 'patch check' -- nmap -sV -p 22,80 10.20.0.0/28",
            "writ request @web-check host=web1.staging",
            "writ request --same-as run_06bqz3w1x8",
            "writ request --break-glass --reason 'pumps are down, INC-4711' -- nmap -p 502 10.66.0.5",
            "id=$(writ request --reason nightly --uses 3 -- nmap -sn 10.20.0.0/24)");
        verb.Add(format);
        return ask.AddTo(verb, start: true).Does(async (parse, cancel) =>
        {
            var asked = await ask.ReadAsync(context, parse, cancel);
            var inputs = SentInputs.Of(asked, context.Terminal.RawInput);
            var answer = await inputs.SendAsync(() => context.Server.CreateAsync(
                "/v1/requests", asked with { Inputs = inputs.Files }, WritJson.Default.AskForAccess, WritJson.Default.RequestView, cancel));
            var request = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            context.Terminal.Print(request.Id);
            RequestText.Warn(context.Terminal, request);
            GlassText.Say(context.Terminal, request);
            if (request.State == "pending")
            {
                context.Terminal.Say("writ: waits for approval");
                foreach (var missing in RequestText.Needed(request))
                    context.Terminal.Say($"  - {Printable.Line(missing)}");
                context.Terminal.Say($"hint: an approver types: writ approve {request.Id}");
            }
            else
            {
                context.Terminal.Say($"writ: {Printable.Line(request.State)}{(request.Grant is { } grant ? $", grant {Printable.Line(grant)}" : "")}");
            }

            return ExitCode.Ok;
        });
    }
}
