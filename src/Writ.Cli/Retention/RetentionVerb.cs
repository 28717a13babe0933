using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Retention;

namespace Writ.Cli.Retention;

/// <summary><c>writ retention</c>: how long evidence is kept, and setting it.</summary>
internal static class RetentionVerb
{
    public static Verb Verb(CliContext context)
    {
        var format = Shared.Format();
        return new Verb("retention", "Show how long evidence is kept", "writ retention", "writ retention set recordings 90d", "writ retention set recordings forever")
            .With(format, Set(context)).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync("/v1/retention", WritJson.Default.PageRetentionView, cancel);
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            var table = new Columns(context.Terminal, "kind", "kept for", "since");
            foreach (var row in answer.Value.Items)
                table.Row(row.Kind, Words(row), row.SetAt is { } at ? When.Full(at, context.Now) : null);
            table.Print();
            return ExitCode.Ok;
        });
    }

    private static Verb Set(CliContext context)
    {
        var kind = new Argument<string>("KIND") { Description = "recordings, results or files", HelpName = "KIND" };
        var keep = new Argument<string>("KEEP") { Description = "how long after a run's end, for example 90d; or forever", HelpName = "KEEP" };
        return new Verb("set", "Set how long evidence of a kind is kept; what is older is deleted", "writ retention set recordings 90d").With(kind, keep).Does(async (parse, cancel) =>
        {
            var text = parse.GetRequiredValue(keep);
            var span = TimeSpan.Zero;
            if (text != "forever" && !Duration.TryParse(text, out span))
                throw Stop.Usage($"'{text}' is no duration", "for example 90d, or forever");
            var answer = await context.Server.PutAsync($"/v1/retention/{Uri.EscapeDataString(parse.GetRequiredValue(kind))}",
                new(text == "forever" ? null : span.TotalSeconds), WritJson.Default.RetentionAsk, WritJson.Default.RetentionView, cancel);
            context.Terminal.Print($"{answer.Value.Kind}: kept {(answer.Value.KeepSeconds is null ? "for ever" : $"for {Words(answer.Value)}")}");
            return ExitCode.Ok;
        });
    }

    private static string Words(RetentionView row) => row.KeepSeconds is { } seconds ? Duration.Format(TimeSpan.FromSeconds(seconds)) : "ever";
}
