namespace Writ.Contracts.Policy;

/// <summary>A policy to check or apply: one text, or files. <c>POST /v1/policy/check</c>, <c>PUT /v1/policy</c></summary>
/// <param name="Text">The YAML; empty where there are files. At most 64 MB.</param>
/// <param name="FileName">What problems are reported against.</param>
/// <param name="Files">Several files that make one policy, in any order; null for one text.</param>
public sealed record PolicyText(string Text = "", string FileName = "policy.yaml", IReadOnlyList<PolicyFileText>? Files = null);

/// <summary>One file of a policy: its path below the folder, with <c>/</c>, and its YAML.</summary>
public sealed record PolicyFileText(string Name, string Text);

/// <summary>What a check found. Nothing is changed by it.</summary>
/// <param name="Ok">True when the policy could be applied.</param>
/// <param name="Hash">The name that the revision would have.</param>
/// <param name="Tests">How many tests the policy holds.</param>
/// <param name="Problems">What keeps it from being applied.</param>
/// <param name="Warnings">What is probably not meant; it keeps nothing from being applied.</param>
public sealed record PolicyCheckView(
    bool Ok, string Hash, int Tests, IReadOnlyList<PolicyProblemView> Problems, IReadOnlyList<PolicyProblemView>? Warnings = null);

/// <summary>One problem, with the line from 1.</summary>
public sealed record PolicyProblemView(string File, int Line, string Message, string? Hint);

/// <summary>The policy in force, or an earlier one.</summary>
public sealed record PolicyView(string Hash, string Text, DateTimeOffset AppliedAt, string AppliedBy);
