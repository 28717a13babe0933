using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Writ.Contracts.Policy;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Errors;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>
/// Shows what a policy would change: its text against the one in force, and which of the last requests would have come out otherwise. Changes nothing.
/// </summary>
internal sealed class DiffPolicy(Database database, PolicyInForce policies, CheckPolicy check, Hindsight hindsight)
{
    private const int MostCompared = 1_000;
    private const int Usual = 200;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/policy/diff", async (PolicyText text, string? last, DiffPolicy verb, HttpContext context, CancellationToken cancel) =>
            (await verb.Diff(context.Caller(), text, last, cancel)).ToHttp())
            .WithMetadata(new RequestSizeLimitAttribute(CheckPolicy.MostBody)).WithName("DiffPolicy").Needs(Access.SignedIn).Produces<PolicyDiffView>();

    /// <summary>The difference, or where the policy could not be applied, why.</summary>
    public async Task<Result<PolicyDiffView>> Diff(Caller caller, PolicyText text, string? last, CancellationToken cancel)
    {
        var most = Usual;
        if (last is not null && (!int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most > MostCompared))
            return new Refusal(ErrorCode.InvalidInput, $"last: a number of requests from 0 to {MostCompared} is asked for", null);
        var (policy, found) = await check.Check(text, cancel);
        if (policy is null)
            return new PolicyDiffView(false, null, found.Hash, found.Problems, [], 0, []);
        await using var db = database.Open();
        var inForce = await policies.Get(db) is { IsOk: true, Value: var held } ? held : null;
        var answers = new List<PolicyAnswerView>();
        var looked = 0;
        await foreach (var (count, differing) in hindsight.Compare(caller, inForce, policy, most, cancel))
        {
            looked = count;
            if (differing is not null)
                answers.Add(new(differing.Id, differing.Who, differing.Command, differing.At, differing.Before, differing.After));
        }

        return new PolicyDiffView(true, inForce?.Hash, policy.Hash, [], [.. LineDiff.Of(inForce?.Text ?? "", policy.Text).Select(line => new PolicyLineView(line.Change.ToString(), line.Number, line.Text))], looked, answers,
            Withdrawal.By(inForce, policy) is { Count: > 0 } gone ? gone : null);
    }
}
