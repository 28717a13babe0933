using Microsoft.AspNetCore.Mvc;
using Writ.Contracts.Policy;
using Writ.Contracts.Templates;
using Writ.Contracts.Tools;
using Writ.Core.Identity;
using Writ.Core.Templates;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Runners;
using Writ.Server.Storage;
using Writ.Server.Tools;

namespace Writ.Server.Templates;

/// <summary>Reads a template under the policy in force and runs its examples; changes nothing.</summary>
internal sealed class CheckTemplate(Database database, PolicyInForce policies, Inventories inventories)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/templates/check", async (DefinitionText text, CheckTemplate verb, CancellationToken cancel) => (await verb.Check(text, cancel)).ToHttp())
            .WithMetadata(new RequestSizeLimitAttribute(CheckTool.MostBody)).WithName("CheckTemplate").Needs(Access.SignedIn).Produces<TemplateCheckView>();

    private async Task<Result<TemplateCheckView>> Check(DefinitionText text, CancellationToken cancel)
    {
        if (CheckTool.TooLarge(text) is { } large)
            return large;
        await using var db = database.Open();
        var policy = await policies.Get(db);
        if (!policy.IsOk)
            return policy.Refusal;
        var (template, problems) = Template.Read(text.Text, text.FileName, policy.Value);
        if (template is not null)
        {
            var tools = await inventories.Latest(db, cancel);
            problems = [.. TemplateExamples.Run(template, policy.Value.Tools, tools.GetValueOrDefault, line => (text.FileName, line))];
        }

        return new TemplateCheckView(problems.Count == 0 && template is not null, template?.Name ?? "", template?.Examples.Count ?? 0,
            [.. problems.Select(problem => new PolicyProblemView(problem.File, problem.Line, problem.Message, problem.Hint))]);
    }
}
