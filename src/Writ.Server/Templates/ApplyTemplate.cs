using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Contracts.Templates;
using Writ.Contracts.Tools;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Templates;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Storage;
using Writ.Server.Tools;

namespace Writ.Server.Templates;

/// <summary>
/// Brings one template into force, or takes it out. It is a file of the policy like the definition of a tool, so what comes into force
/// is the policy with this file in the place of the one that had the template; all that holds for a policy holds for it.
/// </summary>
internal sealed class ApplyTemplate(Database database, PolicyInForce policies, ApplyPolicy apply, ShowTemplates show)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/templates", async (DefinitionText text, ApplyTemplate verb, HttpContext context, CancellationToken cancel) => (await verb.Apply(context.Caller(), text, cancel)).ToHttp())
            .WithMetadata(new RequestSizeLimitAttribute(CheckTool.MostBody)).WithName("ApplyTemplate").Needs(Access.FreshAdmin).Produces<TemplateView>();
        routes.MapDelete("/templates/{name}", async (string name, ApplyTemplate verb, HttpContext context, CancellationToken cancel) => (await verb.Withdraw(context.Caller(), name, cancel)).ToHttp())
            .WithName("WithdrawTemplate").Needs(Access.FreshAdmin).Produces<PolicyView>();
    }

    /// <summary>By an admin; it waits for a second person.</summary>
    public async Task<Result<TemplateView>> Apply(Caller caller, DefinitionText text, CancellationToken cancel)
    {
        if (CheckTool.TooLarge(text) is { } large)
            return large;
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        var (template, problems) = Template.Read(text.Text, text.FileName, policy.Value);
        if (template is null)
        {
            return new Refusal(ErrorCode.InvalidPolicy, "the template has problems, and nothing was changed", problems.Select(problem => problem.Hint).FirstOrDefault(hint => hint is not null),
                [.. problems.Select(problem => $"{problem.File}:{problem.Line}: {problem.Message}")]);
        }

        var applied = await apply.ApplyTemplate(caller, policy.Value, template, cancel);
        return applied.IsOk ? await show.Of(caller, template.Name, cancel) : applied.Refusal;
    }

    /// <summary>By an admin alone: it gives nobody anything.</summary>
    public async Task<Result<PolicyView>> Withdraw(Caller caller, string name, CancellationToken cancel)
    {
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        if (!policy.Value.Templates.TryGetValue(name, out var template))
            return ShowTemplates.Missing(name, policy.Value);
        if (policy.Value.Rules.FirstOrDefault(rule => rule.Templates?.Contains(name) == true) is { } rule)
            return new Refusal(ErrorCode.WrongState, $"rule {rule.Id} opens template {name}", "take it out of the policy's rules first: writ policy apply");
        return await apply.WithdrawTemplate(caller, policy.Value, template, cancel);
    }

    /// <summary>The files of a policy with a template's text in the place of the one that had it; or without it.</summary>
    public static IEnumerable<PolicyFileText> FilesWith(PolicyDocument policy, Template template, string? text)
    {
        var old = policy.Templates.GetValueOrDefault(template.Name);
        var at = old is null ? null : policy.Source.At(old.Line).File;
        // One file alone has no name in what is kept.
        foreach (var file in policy.Source.Files.Where(file => at is null || file.Name != at))
            yield return new(policy.Source.Files.Count == 1 ? "policy.yaml" : file.Name, file.Text);
        if (text is not null)
            yield return new(at ?? Free(policy, template.Name), text);
    }

    private static string Free(PolicyDocument policy, string name)
    {
        var file = $"templates/{name}.yaml";
        return policy.Source.Files.Any(other => other.Name == file) ? $"templates/{name}.template.yaml" : file;
    }
}
