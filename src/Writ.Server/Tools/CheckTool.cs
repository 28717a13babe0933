using Microsoft.AspNetCore.Mvc;
using Writ.Contracts.Policy;
using Writ.Contracts.Tools;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;

namespace Writ.Server.Tools;

/// <summary>Reads a tool's definition and runs its examples; changes nothing.</summary>
internal static class CheckTool
{
    private const int MostText = 1 << 20;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/tools/check", (ToolText text) => text.Text.Length > MostText
                ? new Refusal(ErrorCode.TooLarge, "a definition has at most 1 MiB").ToHttp()
                : Results.Ok(Check(text)))
            .WithMetadata(new RequestSizeLimitAttribute(4 * MostText)).WithName("CheckTool").Needs(Access.SignedIn).Produces<ToolCheckView>();

    private static ToolCheckView Check(ToolText text)
    {
        var (definition, problems) = ToolDefinition.Read(text.Text, text.FileName);
        if (definition is null)
            return new(false, "", 0, [.. problems.Select(View)]);
        if (ToolCatalogue.Box.Find(definition.Name) is not (null or DefinedTool))
            problems = [new(text.FileName, 1, $"the tool '{definition.Name}' has a parser of its own, in whose place no definition comes", "give yours another name, and the program's by program:")];
        problems = [.. problems, .. DefinitionExamples.Run(definition, line => (text.FileName, line))];
        return new(problems.Count == 0, definition.Name, definition.Examples.Count, [.. problems.Select(View)]);
    }

    private static PolicyProblemView View(PolicyProblem problem) => new(problem.File, problem.Line, problem.Message, problem.Hint);
}
