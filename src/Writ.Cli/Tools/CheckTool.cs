using Writ.Cli.Options;
using Writ.Contracts;

namespace Writ.Cli.Tools;

/// <summary><c>writ tools check</c></summary>
internal static class CheckTool
{
    public static Verb Verb(CliContext context)
    {
        var file = CheckDefinition.File("the definition of one tool");
        var format = Shared.Format();
        return new Verb("check", "Check a tool's definition and run its examples; changes nothing", "writ tools check policy/whois.yaml").With(file, format).Does((parse, cancel) =>
            CheckDefinition.CheckAsync(context, (parse.GetRequiredValue(file), parse.GetValue(format)), "/v1/tools/check", "the definition", WritJson.Default.ToolCheckView,
                check => (check.Ok, check.Tool, check.Examples, check.Problems), cancel));
    }
}
