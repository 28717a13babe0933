using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Server.Identity;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>Reads a policy, runs the tests in it and says what is probably not meant; changes nothing.</summary>
internal sealed class CheckPolicy(Database database, Inventories inventories, TimeProvider time)
{
    /// <summary>The most bytes of a body: a policy of 64 MB, and what JSON adds to it.</summary>
    public const int MostBody = 96 << 20;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/policy/check", async (PolicyText text, CheckPolicy verb, CancellationToken cancel) =>
            Results.Ok((await verb.Check(text, cancel)).View))
            .WithMetadata(new RequestSizeLimitAttribute(MostBody)).WithName("CheckPolicy").Needs(Access.SignedIn).Produces<PolicyCheckView>();

    /// <summary>The policy where it is valid and its tests pass, and what is shown of it in any case.</summary>
    public async Task<(PolicyDocument? Policy, PolicyCheckView View)> Check(PolicyText text, CancellationToken cancel)
    {
        var (source, problem) = text.Files is { } files
            ? PolicySource.Of(files.Select(file => (file.Name, file.Text)))
            : (PolicySource.Split(text.Text, text.FileName), null);
        if (source is null)
            return (null, new(false, "", 0, [View(problem!)], []));

        var parse = PolicyDocument.Parse(source);
        var (problems, warnings) = (parse.Problems, (IReadOnlyList<PolicyProblem>)[]);
        if (parse.Policy is { } policy)
        {
            await using var db = database.Open();
            var tools = await inventories.Latest(db, cancel);
            problems = PolicyTests.Run(policy, tools.GetValueOrDefault, time.GetUtcNow());
            var runners = await db.Runners.AsNoTracking().Where(row => row.DisabledAt == null).Select(row => row.Name).ToListAsync(cancel);
            var sources = await db.OnCall.AsNoTracking().Select(row => row.Source).ToListAsync(cancel);
            warnings = PolicyWarnings.Of(policy, runners.ToHashSet(StringComparer.Ordinal), sources.ToHashSet(StringComparer.Ordinal));
        }

        return (problems.Count == 0 ? parse.Policy : null,
            new(problems.Count == 0, PolicyDocument.HashOf(source.Text), parse.Policy?.Tests.Count ?? 0, [.. problems.Select(View)], [.. warnings.Select(View)]));
    }

    private static PolicyProblemView View(PolicyProblem problem) => new(problem.File, problem.Line, problem.Message, problem.Hint);
}
