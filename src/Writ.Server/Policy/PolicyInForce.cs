using Microsoft.EntityFrameworkCore;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Server.Storage;

namespace Writ.Server.Policy;

/// <summary>The policy in force: the row with the highest number, parsed once a revision.</summary>
internal sealed class PolicyInForce
{
    private volatile Parsed? _parsed;

    /// <summary>The policy as this context's transaction sees it; a refusal where none was ever applied.</summary>
    public async Task<Result<PolicyDocument>> Get(WritDb db)
    {
        var number = await db.Policies.MaxAsync(row => (long?)row.Number);
        if (number is null)
            return new Refusal(ErrorCode.Denied, "no policy is in force, so everything is denied", "an admin applies one: writ policy apply policy.yaml");
        if (_parsed is { } parsed && parsed.Number == number)
            return parsed.Policy;

        var text = await db.Policies.Where(row => row.Number == number).Select(row => row.Text).SingleAsync();
        // It was valid when it was applied; a newer program that no longer takes it denies all rather than guess.
        if (PolicyDocument.Parse(text, "policy in force").Policy is not { } policy)
            return new Refusal(ErrorCode.Denied, "the policy in force is not valid for this version, so everything is denied", "an admin applies a valid one");
        _parsed = new(number.Value, policy);
        return policy;
    }

    private sealed record Parsed(long Number, PolicyDocument Policy);
}
