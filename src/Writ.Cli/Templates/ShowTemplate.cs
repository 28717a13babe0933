using System.Globalization;
using System.Text;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Templates;

/// <summary><c>writ templates show</c></summary>
internal static class ShowTemplate
{
    public static Verb Verb(CliContext context)
    {
        var name = TemplateText.Name();
        var format = Shared.Format();
        return new Verb("show", "Print a template, and how it is used", "writ templates show web-check > web-check.yaml").With(name, format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync($"/v1/templates/{Uri.EscapeDataString(TemplateText.Plain(parse.GetRequiredValue(name)))}", WritJson.Default.TemplateView, cancel);
            var template = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            context.Terminal.Say(Printable.Line(string.Create(CultureInfo.InvariantCulture,
                $"writ: {template.Name} version {template.Version}, {template.Sha256}, by {string.Join(", ", template.Authors)}{(template.ConfirmedBy is { } second ? $", confirmed by {second}" : "")}")));
            context.Terminal.Say(Printable.Line($"writ: {(template.Rules.Count > 0 ? $"yours to use by {string.Join(", ", template.Rules)}" : "no rule opens it to you")}: writ run {TemplateText.Usage(template)}"));
            foreach (var parameter in template.Parameters)
                context.Terminal.Say(Printable.Line($"  {parameter.Name}: {(parameter.Means.Length > 0 ? $"{parameter.Means}; " : "")}{parameter.Says}{(parameter.Default is { } usual ? $"; {usual} unless told" : "")}"));
            // Into a file it goes byte by byte, so that it can be changed and applied.
            context.Terminal.Output.Write(Encoding.UTF8.GetBytes(context.Terminal.OutputIsTerminal ? Printable.Lines(template.Definition ?? "") : template.Definition ?? ""));
            return ExitCode.Ok;
        });
    }
}
