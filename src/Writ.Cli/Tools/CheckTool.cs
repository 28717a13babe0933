using System.CommandLine;
using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Policy;
using Writ.Contracts;
using Writ.Contracts.Tools;

namespace Writ.Cli.Tools;

/// <summary><c>writ tools check</c></summary>
internal static class CheckTool
{
    public static Verb Verb(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "the definition of one tool, or - for standard input", HelpName = "FILE" };
        var format = Shared.Format();
        return new Verb("check", "Check a tool's definition and run its examples; changes nothing", "writ tools check policy/whois.yaml").With(file, format).Does(async (parse, cancel) =>
        {
            var path = parse.GetRequiredValue(file);
            if (Directory.Exists(path))
                throw Stop.Usage($"{path} is a folder; name a file", "writ policy check checks a folder with rules and definitions");
            var read = await PolicyFile.ReadAsync(context, path, cancel);
            var answer = await context.Server.PostAsync(
                "/v1/tools/check", new DefinitionText(read.Text, read.FileName), WritJson.Default.DefinitionText, WritJson.Default.ToolCheckView, cancel);
            var check = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                Problems.Print(context, check.Problems, "");
            if (!check.Ok && parse.GetValue(format) != "json")
                throw new Stop(ExitCode.Failed, $"the definition cannot be applied: {Problems.Count(check.Problems.Count, "problem")}");
            if (check.Ok && parse.GetValue(format) != "json")
                context.Terminal.Print(Printable.Line(string.Create(CultureInfo.InvariantCulture, $"ok: {check.Tool}, {Problems.Count(check.Examples, "example")} passed")));
            return check.Ok ? ExitCode.Ok : ExitCode.Failed;
        });
    }
}
