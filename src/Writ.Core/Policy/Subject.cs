using Writ.Core.Templates;

namespace Writ.Core.Policy;

/// <summary>Who asks, as policy sees them.</summary>
/// <param name="Name">The user's or the workload's name.</param>
/// <param name="IsWorkload">True for an API process. A workload has roles by its name only, a person by groups only.</param>
/// <param name="Groups">The person's groups, as the identity provider or the token says.</param>
public sealed record Subject(string Name, bool IsWorkload, IReadOnlyCollection<string> Groups)
{
    /// <summary>The rotas by which the person counts as on call, whoever is; null for those by which they are at the policy's moment.</summary>
    public IReadOnlyCollection<string>? OnCall { get; init; }
}

/// <summary>The terms that the requester asks for; null where they leave it to the rule.</summary>
/// <param name="Duration">How long the right shall last from its start.</param>
/// <param name="Uses">How many runs.</param>
/// <param name="Reason">Why. White space alone is no reason.</param>
/// <param name="Ticket">A reference in an outside tracker.</param>
public sealed record AskedTerms(TimeSpan? Duration, int? Uses, string? Reason, string? Ticket)
{
    /// <summary>The template by which it is asked for; null for a command of one's own.</summary>
    public TemplateTerms? Template { get; init; }

    /// <summary>Whether the glass shall be broken: only rules that are for that are asked then, and they are asked only then.</summary>
    public bool BreakGlass { get; init; }

    /// <summary>Whether it is a series of runs: only rules that are for that are asked then, and they are asked only then.</summary>
    public bool Recurring { get; init; }

    /// <summary>Which rules answer.</summary>
    public RuleKind Kind => BreakGlass ? RuleKind.BreakGlass : Recurring ? RuleKind.Recurring : RuleKind.Ordinary;
}
