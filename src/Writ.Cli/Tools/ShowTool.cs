using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Tools;

namespace Writ.Cli.Tools;

/// <summary><c>writ tools show</c></summary>
internal static class ShowTool
{
    public static Verb Verb(CliContext context)
    {
        var name = new Argument<string>("TOOL") { Description = "the word that its commands begin with", HelpName = "TOOL" };
        var format = Shared.Format();
        return new Verb("show", "Print a tool's definition, and how a runner offers it", "writ tools show dig > dig.yaml").With(name, format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync($"/v1/tools/{Uri.EscapeDataString(parse.GetRequiredValue(name))}", WritJson.Default.ToolView, cancel);
            var tool = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            context.Terminal.Say(Printable.Line($"writ: {tool.Name}: {tool.Summary}; {Where(tool)}; facets: {string.Join(", ", tool.Facets)}"));
            if (tool.Place is { } place)
                context.Terminal.Say(Printable.Line($"writ: a runner offers it by this, under tools in runner.json: {Offer(tool.Name, place)}{(place.Package is null ? "" : $" (Debian: {place.Package})")}"));
            if (tool.Definition is { } text)
                // Into a file it goes byte by byte, so that it can be changed and applied.
                context.Terminal.Output.Write(Encoding.UTF8.GetBytes(context.Terminal.OutputIsTerminal ? Printable.Lines(text) : text));
            return ExitCode.Ok;
        });
    }

    private static string Where(ToolView tool) => tool.Runners.Count == 0 ? "no runner offers it" : $"offered by {string.Join(", ", tool.Runners)}";

    /// <summary>The tool as it stands in a runner's configuration.</summary>
    private static string Offer(string name, ToolPlaceView place)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("path", place.Path);
            foreach (var (key, texts) in new[] { ("data", place.Data), ("programs", place.Programs), ("version", place.Version) })
            {
                if (texts.Count == 0 || (key == "version" && texts is ["--version"]))
                    continue;
                json.WriteStartArray(key);
                foreach (var text in texts)
                    json.WriteStringValue(text);
                json.WriteEndArray();
            }

            if (place.Capture)
                json.WriteBoolean("capture", true);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
