namespace Writ.Contracts.Policy;

/// <summary>A policy to check or apply. <c>POST /v1/policy/check</c>, <c>PUT /v1/policy</c></summary>
/// <param name="Text">The YAML.</param>
/// <param name="FileName">What problems are reported against.</param>
public sealed record PolicyText(string Text, string FileName = "policy.yaml");

/// <summary>What a check found. Nothing is changed by it.</summary>
public sealed record PolicyCheckView(bool Ok, string Hash, int Tests, IReadOnlyList<PolicyProblemView> Problems);

/// <summary>One problem, with the line from 1.</summary>
public sealed record PolicyProblemView(string File, int Line, string Message, string? Hint);

/// <summary>The policy in force, or an earlier one.</summary>
public sealed record PolicyView(string Hash, string Text, DateTimeOffset AppliedAt, string AppliedBy);
