using Writ.Contracts.Identity;
using Writ.Contracts.Series;
using Writ.Contracts.Templates;
using Writ.Proof.Addresses;
using Writ.Proof.Statements;

namespace Writ.Contracts.Requests;

/// <summary>Asks for a command (<c>POST /v1/requests</c>), or what it would mean (<c>POST /v1/explain</c>).</summary>
/// <param name="Command">The argv exactly as typed, the tool's name first; left out where a template is used.</param>
/// <param name="Reason">The purpose.</param>
/// <param name="Ticket">The id of an outside tracker's ticket.</param>
/// <param name="DurationSeconds">How long the right shall last; null for the rule's own.</param>
/// <param name="Uses">How many runs; null for 1.</param>
/// <param name="Start">When the time begins to count; null for the moment of approval.</param>
/// <param name="Inputs">The requester's files that the command reads. What is missing is answered with <c>input-needed</c>.</param>
/// <param name="Template">A template with its values in the place of a command, or null.</param>
/// <param name="BreakGlass">
/// True to break the glass: rules for that alone answer, nobody is asked first, and until another person has reviewed it nothing further is given.
/// </param>
/// <param name="Series">That the template shall run again and again, or null for once: rules for that alone answer, and what is decided on is the series.</param>
public sealed record AskForAccess(
    IReadOnlyList<string>? Command = null,
    string? Reason = null,
    string? Ticket = null,
    double? DurationSeconds = null,
    int? Uses = null,
    DateTimeOffset? Start = null,
    IReadOnlyList<InputFile>? Inputs = null,
    TemplateAsk? Template = null,
    bool BreakGlass = false,
    SeriesAsk? Series = null)
{
    public IReadOnlyList<string> Command { get; init; } = Command ?? [];
}

/// <summary>A file of the requester's that is sent along: the path as it stands in the command, and at most 8 MiB.</summary>
public sealed record InputFile(string Argument, byte[] Content);

/// <summary>A request as those see it who may.</summary>
/// <param name="Id"><c>req_…</c></param>
/// <param name="Revision">From 1.</param>
/// <param name="State"><c>pending</c>, <c>approved</c>, <c>denied</c>, <c>cancelled</c> or <c>expired</c>.</param>
/// <param name="EndReason">Why it ended, or null while it waits.</param>
/// <param name="Missing">The approvals that are still missing, in words.</param>
/// <param name="StatementDigest">Lower-case hexadecimal SHA-256 of the statement that a decision is about.</param>
/// <param name="Statement">The statement's bytes.</param>
/// <param name="ExpiresAt">When it ends if nobody decides.</param>
/// <param name="Grant">The grant that resulted, or null.</param>
/// <param name="OnBehalfOf">The person for whom a workload asks, or null.</param>
/// <param name="Template">The template by which it was asked for, or null.</param>
/// <param name="Extends">Of more time for a run: for which, and what becomes of it; null for a request of its own right.</param>
/// <param name="BreakGlass">Of a request that breaks the glass: whether it waits for a review, and what was found; null for every other.</param>
/// <param name="Series">Of a request for a series, or of one run of it: which, and when; null for every other.</param>
public sealed record RequestView(
    string Id,
    int Revision,
    string State,
    string? EndReason,
    ActorView Actor,
    IReadOnlyList<string> Command,
    string? Reason,
    string? Ticket,
    PlanView Plan,
    EvaluationView Evaluation,
    IReadOnlyList<DecisionView> Decisions,
    IReadOnlyList<string> Missing,
    string? StatementDigest,
    byte[]? Statement,
    double DurationSeconds,
    int Uses,
    DateTimeOffset? Start,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    string? Runner,
    string? Grant,
    ActorView? OnBehalfOf = null,
    TemplateUseView? Template = null,
    ExtensionView? Extends = null,
    BreakGlassView? BreakGlass = null,
    SeriesTermsView? Series = null);

/// <summary>Glass that was broken, or that somebody wanted to break.</summary>
/// <param name="State"><c>denied</c> where policy did not let them, <c>awaits-review</c>, or <c>reviewed</c>.</param>
/// <param name="Reviewers">Who may review it, in words; one of them is enough.</param>
/// <param name="Review">What another person found, or null.</param>
public sealed record BreakGlassView(string State, IReadOnlyList<string> Reviewers, ReviewView? Review);

/// <summary>What somebody else found of a use of break-glass. It changes nothing of what was done.</summary>
/// <param name="Justified">Whether it was justified.</param>
public sealed record ReviewView(ActorView By, DateTimeOffset At, bool Justified, string Comment);

/// <summary>More time for a run.</summary>
/// <param name="Request">The request by which it was asked.</param>
/// <param name="Run">The run.</param>
/// <param name="Grant">Its grant.</param>
/// <param name="From">The deadline that it goes on from.</param>
/// <param name="Until">The deadline that it asks for, or gives.</param>
/// <param name="State">
/// <c>asked</c> while nobody has decided, or where it ended so; <c>granted</c> and <c>ordered</c> while the runner has not answered, and the
/// run keeps its deadline; <c>in-force</c>; or <c>void</c>, where it never came to that.
/// </param>
/// <param name="Message">Why it is void, or null.</param>
public sealed record ExtensionView(string Request, string Run, string Grant, DateTimeOffset From, DateTimeOffset Until, string State, string? Message);

/// <summary>What a command would mean and what policy says of it now; nothing came of it. The first members are those of a request.</summary>
/// <param name="Command">As typed.</param>
/// <param name="Runner">The runner that would execute it.</param>
/// <param name="DurationSeconds">How long the right would last.</param>
/// <param name="Nearest">Where policy denies: the nearest command that it would not deny, or null where there is none.</param>
/// <param name="Withheld">Why it would not be given though policy does not deny it: whoever asks broke the glass, and waits for a review. Null otherwise.</param>
public sealed record ExplainView(
    IReadOnlyList<string> Command,
    PlanView Plan,
    EvaluationView Evaluation,
    string Runner,
    double DurationSeconds,
    int Uses,
    DateTimeOffset? Start,
    NearestView? Nearest,
    TemplateUseView? Template = null,
    string? Withheld = null);

/// <summary>A command near to a denied one that policy would not deny.</summary>
/// <param name="Command">As it could be typed.</param>
/// <param name="Verdict"><c>require-approval</c> or <c>allow</c>.</param>
/// <param name="Changes">What differs, one line each.</param>
/// <param name="DurationSeconds">The duration to ask for, or null where it need not be named.</param>
/// <param name="Uses">The number of runs to ask for, or null where it need not be named.</param>
/// <param name="Needs"><c>reason</c>, <c>ticket</c>: what must be given that was not.</param>
public sealed record NearestView(
    IReadOnlyList<string> Command, string Verdict, IReadOnlyList<string> Changes, double? DurationSeconds, int? Uses, IReadOnlyList<string> Needs);

/// <summary>An actor in a view. Kind is <c>user</c>, <c>workload</c> or <c>system</c>.</summary>
public sealed record ActorView(string Id, string Name, string Kind);

/// <summary>What a command means.</summary>
/// <param name="Scope">All that may be reached; of its ranges the first 1,000, the statement holds all.</param>
/// <param name="Targets">The first 1,000 ranges of the targets.</param>
/// <param name="TargetCount">How many addresses they are in all, in decimal.</param>
/// <param name="EstimatedPackets">Where the hosts are up.</param>
/// <param name="EstimatedPacketsUnanswered">Where no host answers; null where the tool does not ask hosts first.</param>
/// <param name="Warnings">What somebody should know before they say yes, one line each; no refusals.</param>
public sealed record PlanView(
    string Tool,
    IReadOnlyList<string> Argv,
    ScopeText Scope,
    IReadOnlyList<string> Targets,
    string TargetCount,
    string Tcp,
    string Udp,
    string Sctp,
    IReadOnlyList<string> Techniques,
    IReadOnlyList<ScriptView> Scripts,
    int Timing,
    long EstimatedPackets,
    double EstimatedSeconds,
    IReadOnlyList<InputView>? Inputs = null,
    IReadOnlyList<OutputView>? Outputs = null,
    IReadOnlyList<NameView>? Names = null,
    IReadOnlyList<TrafficView>? Traffic = null,
    IReadOnlyList<string>? Warnings = null,
    long? EstimatedPacketsUnanswered = null,
    IReadOnlyList<SecretView>? Secrets = null,
    string? Terminal = null);

/// <summary>A file that the command reads; whole by <c>GET /v1/requests/{id}/inputs/{number}</c>, from 0.</summary>
/// <param name="Argument">The path as it stands in the command.</param>
/// <param name="Purpose">What the tool takes from it.</param>
/// <param name="Head">Its first lines, at most 1,000 characters; bytes that are no UTF-8 stand as U+FFFD.</param>
public sealed record InputView(string Argument, string Purpose, long Bytes, string Sha256, string Head);

/// <summary>A file that the command writes on the requester's side.</summary>
/// <param name="Argument">The path as it stands in the command.</param>
/// <param name="Ending">What the tool adds to it, or empty.</param>
/// <param name="Format">What it will hold.</param>
/// <param name="Append">True where it is added to the file.</param>
public sealed record OutputView(string Argument, string Ending, string Format, bool Append);

/// <summary>A secret that the run is given; what it is, the runner alone knows.</summary>
/// <param name="Name">What the runner's configuration calls it.</param>
/// <param name="Environment">The variable in which the tool finds it, or null.</param>
/// <param name="UserEnvironment">The variable in which it finds the user's name that comes with it, or null.</param>
/// <param name="Path">The file in which the tool finds it, or null.</param>
public sealed record SecretView(string Name, string? Environment = null, string? UserEnvironment = null, string? Path = null);

/// <summary>A name with the only addresses that it means in the run.</summary>
public sealed record NameView(string Name, IReadOnlyList<string> Addresses);

/// <summary>An estimate of the packets that leave for one purpose.</summary>
public sealed record TrafficView(string Purpose, long Packets);

/// <summary>A script and its categories; implied ones come along with a technique and were not asked for by name or category.</summary>
public sealed record ScriptView(string Name, IReadOnlyList<string> Categories, bool Implied = false);

/// <summary>The policy's answer. Verdict is <c>deny</c>, <c>require-approval</c> or <c>allow</c>.</summary>
/// <param name="Findings">What each zone says, at most 100 of them; null in answers from before there were findings.</param>
/// <param name="Denials">The denials that apply; null in answers from before there were findings.</param>
/// <param name="Outside">The addresses that lie in no zone, at most 100 texts.</param>
/// <param name="Budget">What each run may use up; null where nothing is limited.</param>
/// <param name="Reviews">Where the glass is broken: for each zone who may review it afterwards, and nobody where it has no owner; null elsewhere.</param>
/// <param name="KnownGood">Whether what people approved before stands for the approvals; null where the rules do not take it.</param>
public sealed record EvaluationView(
    string Verdict,
    IReadOnlyList<string> Reasons,
    IReadOnlyList<string> Rules,
    IReadOnlyList<string> Zones,
    IReadOnlyList<ApprovalView> Approvals,
    string Policy,
    IReadOnlyList<ZoneFindingView>? Findings = null,
    IReadOnlyList<DenialFindingView>? Denials = null,
    IReadOnlyList<string>? Outside = null,
    Budget? Budget = null,
    IReadOnlyList<ApprovalView>? Reviews = null,
    KnownGoodView? KnownGood = null);

/// <summary>What people approved before, held against what is asked, where the rules take it for an approval.</summary>
/// <param name="Rules">The rules that take it.</param>
/// <param name="Same">What must be the same: <c>plan</c>, <c>template</c> or <c>plan and template</c>.</param>
/// <param name="Request">The request that people approved; null where nothing before would do.</param>
/// <param name="ApprovedAt">When.</param>
/// <param name="ApprovedBy">By whom, by name.</param>
/// <param name="Until">For how long it stands.</param>
/// <param name="Why">Why nothing would do; null where something does.</param>
public sealed record KnownGoodView(
    IReadOnlyList<string> Rules, string Same, string? Request, DateTimeOffset? ApprovedAt, IReadOnlyList<string> ApprovedBy, DateTimeOffset? Until, string? Why);

/// <summary>The policy's answer to the part of a plan in one zone.</summary>
/// <param name="Zone">The zone.</param>
/// <param name="Addresses">Those of the plan's addresses that it holds, at most 100 texts.</param>
/// <param name="Count">How many they are, in decimal; null in answers from before it was counted.</param>
/// <param name="Verdict">The zone's own, denials not counted in.</param>
/// <param name="By">The rule that carries it, or null.</param>
/// <param name="Rules">The rules that open the zone to the requester for the tool, nearest first.</param>
/// <param name="More">How many further rules there are.</param>
public sealed record ZoneFindingView(
    string Zone, IReadOnlyList<string> Addresses, string Verdict, string? By, IReadOnlyList<RuleFindingView> Rules, int More, string? Count = null);

/// <summary>One rule with the conditions that failed; it matches where there are none.</summary>
public sealed record RuleFindingView(string Rule, IReadOnlyList<ConditionView> Failed);

/// <summary>A denial that applies, with what it forbids of the plan; no zones where it holds everywhere.</summary>
public sealed record DenialFindingView(string Denial, IReadOnlyList<string> Zones, IReadOnlyList<ConditionView> Matched);

/// <summary>
/// A condition that is in the way: the key of the policy file, what was asked too much of it, and what would be allowed
/// (empty where nothing would).
/// </summary>
public sealed record ConditionView(string Facet, string Asked, string Allowed, string Reason, string? Hint);

/// <summary>
/// Approvals that one zone asks for: so many distinct people of these roles, each with a passkey where it says so. With
/// <paramref name="EscalateAfterSeconds"/> the roles are told of it one after the other; <paramref name="ByChat"/> lets a yes count that was given with a button in a chat.
/// </summary>
public sealed record ApprovalView(string Zone, string Rule, IReadOnlyList<string> From, int Count, bool WithPasskey = false, double? EscalateAfterSeconds = null, bool ByChat = false);

/// <summary>
/// A recorded yes or no; <paramref name="By"/> is null where policy itself decided. <paramref name="Passkey"/> is the passkey that signed it,
/// <c>pk_…</c>, or null. <paramref name="Rules"/> are those by which policy decided, null where a person did. <paramref name="Chat"/> is the chat in
/// which it was said with a button, <c>slack</c>, or null.
/// </summary>
public sealed record DecisionView(
    string Id, ActorView? By, bool Approved, string? Comment, DateTimeOffset At, int Revision, string? Passkey = null, IReadOnlyList<string>? Rules = null, string? Chat = null);

/// <summary>Decides. <c>POST /v1/requests/{id}/approve</c> and <c>/deny</c></summary>
/// <param name="StatementDigest">What was shown and is decided; another one in force is refused as stale.</param>
/// <param name="Comment">For the requester and the record.</param>
/// <param name="Passkey">What the decider's passkey has signed for this statement; null to decide without one.</param>
public sealed record Decide(string StatementDigest, string? Comment = null, PasskeyAnswer? Passkey = null);

/// <summary>Takes a request back. <c>POST /v1/requests/{id}/cancel</c></summary>
public sealed record CancelAsk(string? Comment = null);

/// <summary>Makes a pending request smaller, as a new revision. <c>POST /v1/requests/{id}/narrow</c></summary>
/// <param name="StatementDigest">What was shown and is narrowed; another one in force is refused as stale.</param>
/// <param name="Targets">The addresses, networks or ranges that stay, as far as they are asked for; null for all.</param>
/// <param name="Ports">The ports that stay, as far as they are asked for (<c>22,80,8000-8100</c>); null for all.</param>
/// <param name="DurationSeconds">At most what is asked for; null for that.</param>
/// <param name="Uses">At most what is asked for; null for that.</param>
/// <param name="Comment">For the requester and the record.</param>
public sealed record NarrowAsk(
    string StatementDigest, IReadOnlyList<string>? Targets = null, string? Ports = null, double? DurationSeconds = null, int? Uses = null, string? Comment = null);

/// <summary>One page of a list.</summary>
/// <param name="Items">Newest first, unless the endpoint says otherwise.</param>
/// <param name="Next">The cursor of the next page, or null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
