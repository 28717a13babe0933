using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Tools;
using Writ.Contracts;

namespace Writ.Cli.Templates;

/// <summary><c>writ templates apply</c></summary>
internal static class ApplyTemplate
{
    public static Verb Verb(CliContext context)
    {
        var file = CheckDefinition.File("one template");
        var format = Shared.Format();
        return new Verb("apply", "Put a template into force with the policy; a second person confirms it", "writ templates apply policy/web-check.yaml").With(file, format).Does(async (parse, cancel) =>
        {
            var text = await CheckDefinition.ReadAsync(context, parse.GetRequiredValue(file), cancel);
            var answer = await context.Server.PutAsync("/v1/templates", text, WritJson.Default.DefinitionText, WritJson.Default.TemplateView, cancel);
            var template = answer.Value;
            if (parse.GetValue(format) == "json")
                JsonText.Print(context.Terminal, answer.Json);
            else
                context.Terminal.Print(Printable.Line(string.Create(CultureInfo.InvariantCulture, $"in force: {template.Name} version {template.Version}, {template.Sha256}")));
            return ExitCode.Ok;
        });
    }
}
