namespace Writ.Core.Policy;

/// <summary>A name for some people or processes.</summary>
/// <param name="Name">Unique in the policy.</param>
/// <param name="Groups">A person in any of these groups has the role.</param>
/// <param name="Workloads">A workload of any of these names has the role.</param>
/// <param name="OnCall">Whoever is on call by this rota has the role, for so long; null where it is not held so.</param>
public sealed record Role(string Name, IReadOnlyList<string> Groups, IReadOnlyList<string> Workloads, string? OnCall = null)
{
    /// <summary>The line of the whole policy on which it begins, from 1.</summary>
    public int Line { get; init; }
}
