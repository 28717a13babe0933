using Writ.Contracts.Policy;
using Writ.Core.Policy;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>Reads a policy and runs the tests in it; changes nothing.</summary>
internal sealed class CheckPolicy(Database database, Inventories inventories, TimeProvider time)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/policy/check", async (PolicyText text, CheckPolicy verb, CancellationToken cancel) =>
            Results.Ok((await verb.Check(text, cancel)).View)).WithName("CheckPolicy").Produces<PolicyCheckView>();

    /// <summary>The policy where it is valid and its tests pass, and what is shown of it in any case.</summary>
    public async Task<(PolicyDocument? Policy, PolicyCheckView View)> Check(PolicyText text, CancellationToken cancel)
    {
        var parse = PolicyDocument.Parse(text.Text, text.FileName);
        var problems = parse.Problems;
        if (parse.Policy is { } policy)
        {
            await using var db = database.Open();
            var tools = await inventories.Latest(db, cancel);
            problems = PolicyTests.Run(policy, text.FileName, tools.GetValueOrDefault, time.GetUtcNow());
        }

        var view = new PolicyCheckView(
            problems.Count == 0,
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text.Text))),
            parse.Policy?.Tests.Count ?? 0,
            [.. problems.Select(problem => new PolicyProblemView(problem.File, problem.Line, problem.Message, problem.Hint))]);
        return (problems.Count == 0 ? parse.Policy : null, view);
    }
}
