namespace Writ.Core.Policy;

/// <summary>What policy says to a plan. The order is by permission: a smaller value is stricter.</summary>
public enum Verdict
{
    /// <summary>No. Also the value of a verdict that nobody set.</summary>
    Deny,
    /// <summary>Yes, once every approval need is met.</summary>
    RequireApproval,
    /// <summary>Yes, without a person.</summary>
    Allow,
}
