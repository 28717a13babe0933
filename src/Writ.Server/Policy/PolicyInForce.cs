using Microsoft.EntityFrameworkCore;
using Writ.Core.Policy;
using Writ.Core.Rotas;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>The policy in force, at this moment: the row with the highest number, parsed once a revision, with whoever is on call now.</summary>
internal sealed class PolicyInForce(TimeProvider time)
{
    private volatile Parsed? _parsed;

    /// <summary>The policy as this context's transaction sees it; a refusal where none was ever applied.</summary>
    public async Task<Result<PolicyDocument>> Get(WritDb db)
    {
        var number = await db.Policies.MaxAsync(row => (long?)row.Number);
        if (number is null)
            return new Refusal(ErrorCode.Denied, "no policy is in force, so everything is denied", "an admin applies one: writ policy apply policy.yaml");
        if (_parsed is { } parsed && parsed.Number == number)
            return await Now(db, parsed.Policy);

        var text = await db.Policies.Where(row => row.Number == number).Select(row => row.Text).SingleAsync();
        // It was valid when it was applied; a newer program that no longer takes it denies all rather than guess.
        if (PolicyDocument.Parse(text, "policy in force").Policy is not { } policy)
            return new Refusal(ErrorCode.Denied, "the policy in force is not valid for this version, so everything is denied", "an admin applies a valid one");
        _parsed = new(number.Value, policy);
        return await Now(db, policy);
    }

    /// <summary>A policy at this moment: with whoever is on call now, as far as that is known here. Nobody outside is asked for it.</summary>
    public Task<PolicyDocument> Now(WritDb db, PolicyDocument policy) => At(db, policy, time.GetUtcNow());

    /// <summary>The same at another moment: with whoever has the turn then, and what a source says now as far as that reaches.</summary>
    public static async Task<PolicyDocument> At(WritDb db, PolicyDocument policy, DateTimeOffset at)
    {
        if (policy.Rotas.Count == 0)
            return policy;
        var answers = policy.Rotas.Values.All(rota => rota.Source is null) ? []
            : await db.OnCall.AsNoTracking().ToDictionaryAsync(row => row.Source, row => new SourceAnswer(row.People, row.HoldsUntil, row.Trouble));
        return policy.At(at, answers.GetValueOrDefault);
    }

    private sealed record Parsed(long Number, PolicyDocument Policy);
}
