namespace Writ.Contracts.Policy;

/// <summary>A policy to check or apply: one text, or files. <c>POST /v1/policy/check</c>, <c>PUT /v1/policy</c></summary>
/// <param name="Text">The YAML; empty where there are files. At most 64 MB.</param>
/// <param name="FileName">What problems are reported against.</param>
/// <param name="Files">Several files that make one policy, in any order; null for one text.</param>
/// <param name="Withdraw">Whether templates and definitions of tools that are in force and are not in it go out of force; else an apply that would do that is refused.</param>
public sealed record PolicyText(string Text = "", string FileName = "policy.yaml", IReadOnlyList<PolicyFileText>? Files = null, bool Withdraw = false);

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
/// <param name="Withdrawn">After an apply: templates and definitions of tools that went out of force with it, in words; null where none did.</param>
public sealed record PolicyView(string Hash, string Text, DateTimeOffset AppliedAt, string AppliedBy, IReadOnlyList<string>? Withdrawn = null);

/// <summary>What a policy would change. <c>POST /v1/policy/diff</c></summary>
/// <param name="Ok">True when the policy could be applied; else only <paramref name="Problems"/> says anything.</param>
/// <param name="From">The hash of the policy in force; null where none is.</param>
/// <param name="To">The hash that the policy would have.</param>
/// <param name="Problems">What keeps it from being applied.</param>
/// <param name="Lines">What differs in the text, with a few lines around it; empty where nothing does.</param>
/// <param name="Looked">So many of the last requests were looked at.</param>
/// <param name="Answers">Those of them that would have come out otherwise, newest first.</param>
/// <param name="Withdraws">Templates and definitions of tools that would go out of force, in words; null where none would.</param>
public sealed record PolicyDiffView(
    bool Ok, string? From, string To, IReadOnlyList<PolicyProblemView> Problems, IReadOnlyList<PolicyLineView> Lines, int Looked, IReadOnlyList<PolicyAnswerView> Answers,
    IReadOnlyList<string>? Withdraws = null);

/// <summary>A line of a difference: <c>+</c>, <c>-</c>, a blank for one that stays, or <c>…</c> for lines left out; with its number, from 1.</summary>
public sealed record PolicyLineView(string Change, int Line, string Text);

/// <summary>A request that two policies answer otherwise: <c>allowed</c>, <c>denied</c>, or <c>asks</c> and whom.</summary>
public sealed record PolicyAnswerView(string Request, string Actor, IReadOnlyList<string> Command, DateTimeOffset At, string Before, string After);

/// <summary>How often a rule or denial carried an answer of late. <c>GET /v1/policy/use</c></summary>
/// <param name="Id">The rule's or denial's.</param>
/// <param name="Kind"><c>rule</c> or <c>denial</c>.</param>
/// <param name="Line">Where it begins in the policy, from 1.</param>
/// <param name="Days">How far back was looked.</param>
/// <param name="Allowed">Requests that were allowed at once.</param>
/// <param name="Asked">Requests that were to be decided by people.</param>
/// <param name="Denied">Requests that were denied.</param>
/// <param name="Runs">Of one rule: requests under it that really ran, as far as they were looked at; null in a list.</param>
/// <param name="Enough">Of one rule: its zones, tools and terms as YAML, cut down to what really ran; null where nothing did, and in a list.</param>
public sealed record RuleUseView(string Id, string Kind, int Line, int Days, int Allowed, int Asked, int Denied, int? Runs = null, string? Enough = null);
