using System.CommandLine;
using Writ.Cli.Files;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Runs;

/// <summary><c>writ results</c>: what a run found, as a table, as JSON, or as its tool wrote it.</summary>
internal static class ShowResults
{
    /// <summary>How long results are waited for that are on their way from the runner.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);

    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("RUN", "the run, run_…");
        var format = new Option<string>("--format")
        {
            Description = "text, json (the API's own JSON), or xml (byte by byte as the tool wrote it)", HelpName = "FORMAT", DefaultValueFactory = _ => "text",
        };
        Shared.OneOf(format, "text", "json", "xml");
        var to = Shared.Text("--to", "write the XML there instead of to standard output", "FILE");
        return new Verb("results", "Show what a run found",
            "writ results run_06bqz3w1x8",
            "writ results run_06bqz3w1x8 --format xml --to scan.xml").With(id, format, to).Does(async (parse, cancel) =>
        {
            var run = Shared.CheckedId(parse.GetRequiredValue(id), "run_", "run");
            var wanted = parse.GetValue(format);
            if (parse.GetValue(to) is { } path)
            {
                if (wanted != "xml")
                    throw Stop.Usage("--to is for the XML", $"writ results {run} --format xml --to FILE");
                OwnFile.Write(path, (await context.Server.GetRawAsync(Path(run), cancel, Wait, "application/xml")).Value, append: false);
                return ExitCode.Ok;
            }

            if (wanted == "xml")
            {
                WrittenFiles.Show(context.Terminal, (await context.Server.GetRawAsync(Path(run), cancel, Wait, "application/xml")).Value);
                return ExitCode.Ok;
            }

            var answer = await context.Server.GetAsync(Path(run), WritJson.Default.ResultsView, cancel, Wait);
            if (wanted == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                ResultsText.Print(context.Terminal, answer.Value);
            return ExitCode.Ok;
        });
    }

    private static string Path(string run) => $"/v1/runs/{run}/results?wait={Wait.TotalSeconds:0}";
}
