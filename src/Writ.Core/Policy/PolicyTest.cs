namespace Writ.Core.Policy;

/// <summary>A test in the policy file: who runs what, and what policy must say.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="As">The subject.</param>
/// <param name="Command">The argv, the tool's name first; of a template, as it is filled in.</param>
/// <param name="Terms">What is asked for; a reason and a ticket are supposed where the test leaves them out.</param>
/// <param name="At">The moment; null means the moment of the check.</param>
/// <param name="Expect">The verdict.</param>
/// <param name="By">The id of a rule or denial that must carry it, or null.</param>
public sealed record PolicyTest(
    int Line,
    Subject As,
    IReadOnlyList<string> Command,
    AskedTerms Terms,
    DateTimeOffset? At,
    Verdict Expect,
    string? By)
{
    /// <summary>Whether people are supposed to have approved the same before, as lately as a rule asks for.</summary>
    public bool KnownGood { get; init; }
}
