namespace Writ.Core.Grants;

/// <summary>What became of an attempt to take a use. Everything but <see cref="Consumed"/> refuses.</summary>
public enum ConsumeOutcome
{
    /// <summary>There is no such grant, or none of this actor's. Also the value of an outcome that nobody set.</summary>
    None,
    /// <summary>The use is this caller's, and nobody else's.</summary>
    Consumed,
    /// <summary>Every use was taken before.</summary>
    Exhausted,
    /// <summary>NotAfter has passed.</summary>
    Expired,
    /// <summary>NotBefore has not come.</summary>
    NotYet,
    /// <summary>The right was taken away.</summary>
    Revoked,
}
