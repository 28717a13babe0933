using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Writ.Cli.Grants;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Requests;
using Writ.Cli.Runners;
using Writ.Cli.Runs;
using Writ.Cli.Series;
using Writ.Contracts;

namespace Writ.Cli;

/// <summary><c>writ show</c>: anything, by its id.</summary>
internal static class Show
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("ID", "req_…, gr_…, run_…, ser_… or rnr_…");
        var format = Shared.Format();
        return new Verb("show", "Show anything by its id", "writ show req_06bqz3w1x8", "writ show run_06bqz3w1x8 --format json").With(id, format).Does((parse, cancel) =>
        {
            var text = parse.GetRequiredValue(id);
            var json = parse.GetValue(format) == "json";
            return (text.Split('_')[0] + "_") switch
            {
                "req_" => PrintAsync($"/v1/requests/{Shared.CheckedId(text, "req_", "request")}", WritJson.Default.RequestView, RequestText.Full),
                "gr_" => PrintAsync($"/v1/grants/{Shared.CheckedId(text, "gr_", "grant")}", WritJson.Default.GrantView, GrantText.Full),
                "run_" => PrintAsync($"/v1/runs/{Shared.CheckedId(text, "run_", "run")}", WritJson.Default.RunView, RunText.Full),
                "ser_" => PrintAsync($"/v1/series/{Shared.CheckedId(text, "ser_", "series")}", WritJson.Default.SeriesView, SeriesText.Full),
                "rnr_" => PrintRunnerAsync(context, Shared.CheckedId(text, "rnr_", "runner"), json, cancel),
                _ => throw Stop.Usage($"'{text}' is no id", "ids begin with req_, gr_, run_, ser_ or rnr_"),
            };

            async Task<int> PrintAsync<T>(string path, JsonTypeInfo<T> type, Func<T, DateTimeOffset, Fields> words)
                where T : class
            {
                var answer = await context.Server.GetAsync(path, type, cancel);
                var value = answer.Value;
                if (json)
                {
                    JsonText.Print(context.Terminal, answer.Json);
                    return ExitCode.Ok;
                }

                foreach (var line in words(value, context.Now).Lines(context.Terminal))
                    context.Terminal.Print(line);
                return ExitCode.Ok;
            }
        });
    }

    // Runners are few, and the API has them as a list only.
    private static async Task<int> PrintRunnerAsync(CliContext context, string id, bool json, CancellationToken cancel)
    {
        string? cursor = null;
        do
        {
            var next = cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";
            var answer = await context.Server.GetAsync($"/v1/runners?limit=200{next}", WritJson.Default.PageRunnerView, cancel);
            for (var i = 0; i < answer.Value.Items.Count; i++)
            {
                if (answer.Value.Items[i].Id != id)
                    continue;
                if (json)
                {
                    using var document = JsonDocument.Parse(answer.Json);
                    JsonText.Print(context.Terminal, document.RootElement.GetProperty("items")[i].WriteTo);
                    return ExitCode.Ok;
                }

                foreach (var line in ListRunners.Full(answer.Value.Items[i], context.Now).Lines(context.Terminal))
                    context.Terminal.Print(line);
                return ExitCode.Ok;
            }

            cursor = answer.Value.Next;
        }
        while (cursor is not null);
        throw new Stop(ExitCode.Failed, $"no such runner: {id}", "writ runners lists them");
    }
}
