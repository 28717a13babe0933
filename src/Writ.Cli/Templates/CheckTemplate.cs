using Writ.Cli.Options;
using Writ.Cli.Tools;
using Writ.Contracts;

namespace Writ.Cli.Templates;

/// <summary><c>writ templates check</c></summary>
internal static class CheckTemplate
{
    public static Verb Verb(CliContext context)
    {
        var file = CheckDefinition.File("one template");
        var format = Shared.Format();
        return new Verb("check", "Check a template against the policy in force and run its examples; changes nothing", "writ templates check policy/web-check.yaml").With(file, format).Does((parse, cancel) =>
            CheckDefinition.CheckAsync(context, (parse.GetRequiredValue(file), parse.GetValue(format)), "/v1/templates/check", "the template", WritJson.Default.TemplateCheckView,
                check => (check.Ok, check.Template, check.Examples, check.Problems), cancel));
    }
}
