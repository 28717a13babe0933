namespace Writ.Core.Policy;

/// <summary>Verdicts as the policy file and the API spell them.</summary>
public static class VerdictText
{
    /// <summary>The spelling of a verdict.</summary>
    public static string Of(Verdict verdict) => verdict switch
    {
        Verdict.Deny => "deny",
        Verdict.RequireApproval => "require-approval",
        Verdict.Allow => "allow",
    };

    /// <summary>The verdict of a spelling, or null.</summary>
    public static Verdict? Parse(string text) => text switch
    {
        "deny" => Verdict.Deny,
        "require-approval" => Verdict.RequireApproval,
        "allow" => Verdict.Allow,
        _ => null,
    };
}
