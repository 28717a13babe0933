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

    /// <summary>The most bytes of a body: a definition, and what JSON adds to it.</summary>
    public const int MostBody = 4 * MostText;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/tools/check", (DefinitionText text) => TooLarge(text) is { } large
                ? large.ToHttp()
                : Results.Ok(Check(text)))
            .WithMetadata(new RequestSizeLimitAttribute(MostBody)).WithName("CheckTool").Needs(Access.SignedIn).Produces<ToolCheckView>();

    /// <summary>The refusal of a text that is no definition any more, or null.</summary>
    public static Refusal? TooLarge(DefinitionText text) => text.Text.Length > MostText ? new(ErrorCode.TooLarge, "a definition has at most 1 MiB") : null;

    private static ToolCheckView Check(DefinitionText text)
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
