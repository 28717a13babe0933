using Writ.Proof.Addresses;
using Writ.Proof.Statements;

namespace Writ.Core.Policy;

/// <summary>The policy's answer to one subject, plan and moment, with everything that follows from it.</summary>
public sealed record Evaluation
{
    /// <summary>Yes, no, or yes with approvals.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why, one line each, never empty: for a denial everything that is in the way.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }

    /// <summary>One of <see cref="Writ.Proof.Errors.ErrorCode"/> when denied, else null.</summary>
    public string? Code { get; init; }

    /// <summary>The way on after a denial, where there is one.</summary>
    public string? Hint { get; init; }

    /// <summary>
    /// The ids of the rules that carry the answer, in file order, one a zone at most; for a denial by a denial, the
    /// denials' ids.
    /// </summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>What each touched zone says, in bytewise order of the names: which rules match, and what fails of the others.</summary>
    public IReadOnlyList<ZoneFinding> Findings { get; init; } = [];

    /// <summary>The denials that apply, in file order.</summary>
    public IReadOnlyList<DenialFinding> Denials { get; init; } = [];

    /// <summary>The addresses that lie in no zone.</summary>
    public AddressSet Outside { get; init; } = AddressSet.Empty;

    /// <summary>How many rules, denials and ranges of zones were looked at: the cost of the answer.</summary>
    public int Looked { get; init; }

    /// <summary>The zones that the plan touches, in bytewise order.</summary>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Every need must be met; empty unless the verdict is <see cref="Verdict.RequireApproval"/>.</summary>
    public IReadOnlyList<ApprovalNeed> Approvals { get; init; } = [];

    /// <summary>
    /// Where the glass is broken: for each zone who may review it afterwards, its owners; nobody is named where it has none. One review by one of
    /// them all is enough. Null unless it is allowed by break-glass.
    /// </summary>
    public IReadOnlyList<ApprovalNeed>? Reviews { get; init; }

    /// <summary>How long the right lasts: as asked, or the least of the rules' longest. Zero when denied.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How many runs: as asked, or 1. Zero when denied.</summary>
    public int Uses { get; init; }

    /// <summary>The end of the hours in which the rules apply, the earliest of them; null where nothing limits them.</summary>
    public DateTimeOffset? LatestEnd { get; init; }

    /// <summary>The least of the rules'.</summary>
    public TimeSpan MaxDisconnected { get; init; } = Rule.DefaultMaxDisconnected;

    /// <summary>What each run may use up: of each limit the least of the rules'.</summary>
    public Budget Budget { get; init; } = Budget.Unlimited;
}

/// <summary>Approvals that one zone needs.</summary>
/// <param name="Zone">The zone for which they speak.</param>
/// <param name="Rule">The rule that asks for them.</param>
/// <param name="From">An approver has at least one of these roles.</param>
/// <param name="Count">So many distinct people, at least 1.</param>
/// <param name="WithPasskey">Only those count who signed the statement with a passkey.</param>
/// <param name="EscalateAfter">The roles are told of it one after the other, each so long after the one before; all of them may decide at once.</param>
/// <param name="ByChat">A yes counts that was given with a button in a chat, too.</param>
/// <param name="KnownGood">What people approved before stands for them under these terms; null where it does not.</param>
public sealed record ApprovalNeed(
    string Zone, string Rule, IReadOnlyList<string> From, int Count, bool WithPasskey = false, TimeSpan? EscalateAfter = null, bool ByChat = false, KnownGoodTerm? KnownGood = null);
