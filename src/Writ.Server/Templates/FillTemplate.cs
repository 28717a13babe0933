using Writ.Contracts.Templates;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Proof.Errors;

namespace Writ.Server.Templates;

/// <summary>What a caller asks for by a template, as a command.</summary>
internal static class FillTemplate
{
    private const int MostParameters = 64;
    private const int MostText = 4_096;

    /// <summary>What is wrong with the call itself, or null.</summary>
    public static Refusal? Malformed(TemplateAsk? ask, IReadOnlyList<string> command)
    {
        if (ask is null)
            return command.Count == 0 ? new(ErrorCode.InvalidInput, "neither a command nor a template is given", "command is the argv, the tool's name first") : null;
        if (command.Count > 0)
            return new(ErrorCode.InvalidInput, "both a command and a template are given", "give one of them");
        return (ask.Parameters?.Count ?? 0) > MostParameters || (ask.Parameters ?? new Dictionary<string, string>()).Any(pair => pair.Value is null || pair.Value.Length > MostText || pair.Key.Length > MostText)
            ? new(ErrorCode.InvalidInput, $"a template is given at most {MostParameters} values, of at most {MostText} characters each")
            : null;
    }

    /// <summary>The use, by the policy in force.</summary>
    public static Result<TemplateUse> Of(PolicyDocument policy, TemplateAsk ask) => policy.Templates.TryGetValue(ask.Name, out var template)
        ? template.Fill(ask.Parameters ?? new Dictionary<string, string>())
        : ShowTemplates.Missing(ask.Name, policy);
}
