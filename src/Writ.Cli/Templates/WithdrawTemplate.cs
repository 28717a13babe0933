using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;

namespace Writ.Cli.Templates;

/// <summary><c>writ templates withdraw</c></summary>
internal static class WithdrawTemplate
{
    public static Verb Verb(CliContext context)
    {
        var name = TemplateText.Name();
        return new Verb("withdraw", "Take a template out of force; what waits or is granted by it ends", "writ templates withdraw web-check").With(name).Does(async (parse, cancel) =>
        {
            var template = TemplateText.Plain(parse.GetRequiredValue(name));
            var answer = await context.Server.DeleteAsync($"/v1/templates/{Uri.EscapeDataString(template)}", WritJson.Default.PolicyView, cancel);
            context.Terminal.Print(Printable.Line($"withdrawn: {template}; in force: {answer.Value.Hash}"));
            return ExitCode.Ok;
        });
    }
}
