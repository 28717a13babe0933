using Writ.Proof;
using Writ.Proof.Statements;

namespace Writ.Core.Policy;

/// <summary>Opens zones to roles for tools, under terms.</summary>
public sealed record Rule
{
    /// <summary>How long a right lasts at most under a rule that names no <c>max-duration</c>.</summary>
    public static readonly TimeSpan DefaultMaxDuration = TimeSpan.FromMinutes(30);

    /// <summary>How long a right by break-glass lasts at most, and lasts under a rule that names no <c>max-duration</c>.</summary>
    public static readonly TimeSpan LongestBreakGlass = UnixMicroseconds.ToDuration(Statement.LongestBreakGlass);

    /// <summary>How long runner and server may be apart under a rule that names no <c>max-disconnected</c>.</summary>
    public static readonly TimeSpan DefaultMaxDisconnected = TimeSpan.FromSeconds(60);

    /// <summary>Unique among rules and denials; every evaluation names it.</summary>
    public required string Id { get; init; }

    /// <summary>Its place in the file, from 0: the last tie-break between rules.</summary>
    public required int Order { get; init; }

    /// <summary>The line of the whole policy on which it begins, from 1.</summary>
    public int Line { get; init; }

    /// <summary>Who may use it; all are defined roles.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>What it opens; all are defined zones.</summary>
    public required IReadOnlyList<string> Zones { get; init; }

    /// <summary>The tools that it opens, by name, and how far.</summary>
    public required IReadOnlyDictionary<string, Facets> Tools { get; init; }

    /// <summary>The templates whose uses alone it opens; null where it opens commands that people compose. All are defined.</summary>
    public IReadOnlyList<string>? Templates { get; init; }

    /// <summary>The longest duration that can be asked for.</summary>
    public TimeSpan MaxDuration { get; init; } = DefaultMaxDuration;

    /// <summary>The most uses that can be asked for.</summary>
    public int MaxUses { get; init; } = 1;

    /// <summary>A reason must be given.</summary>
    public bool RequireReason { get; init; }

    /// <summary>A ticket must be given.</summary>
    public bool RequireTicket { get; init; }

    /// <summary>The hours in which the rule applies; null means always.</summary>
    public Hours? When { get; init; }

    /// <summary>Whose approvals are needed, all of them; empty for <c>approval: none</c>.</summary>
    public required IReadOnlyList<ApprovalTerm> Approval { get; init; }

    /// <summary>When an earlier approval by people stands for one of today; null where it never does, and where nobody is asked.</summary>
    public KnownGoodTerm? KnownGood { get; init; }

    /// <summary>
    /// True for a rule that opens at once to a person who asks to break the glass, and to nobody else: it answers no other request, and no other
    /// rule answers theirs.
    /// </summary>
    public bool BreakGlass { get; init; }

    /// <summary>True for a rule that opens its templates to series of runs, which people decide on as a whole, and to nothing else.</summary>
    public bool Recurring { get; init; }

    /// <summary>What it answers.</summary>
    public RuleKind Kind => BreakGlass ? RuleKind.BreakGlass : Recurring ? RuleKind.Recurring : RuleKind.Ordinary;

    /// <summary>After how long without a server a runner kills a run under this rule.</summary>
    public TimeSpan MaxDisconnected { get; init; } = DefaultMaxDisconnected;

    /// <summary>What must hold each run under this rule, of <see cref="Proof.Runners.Protections"/>.</summary>
    public IReadOnlyList<string> Protections { get; init; } = [];

    /// <summary>What each run under this rule may use up.</summary>
    public Budget Budget { get; init; } = Budget.Unlimited;
}

/// <summary>What a rule answers. No rule answers for another kind.</summary>
public enum RuleKind
{
    /// <summary>What is asked for in the ordinary way.</summary>
    Ordinary,
    /// <summary>Whoever breaks the glass.</summary>
    BreakGlass,
    /// <summary>Series of runs.</summary>
    Recurring,
}

/// <summary>So many distinct people, each with at least one of the roles.</summary>
/// <param name="From">Defined roles, at least one.</param>
/// <param name="Count">1 to 20.</param>
/// <param name="WithPasskey">A yes counts only with a passkey's signature over the statement.</param>
/// <param name="EscalateAfter">The roles are told one after the other, each so long after the one before; null tells all at once.</param>
/// <param name="ByChat">A yes counts that was given with a button in a chat, too.</param>
public sealed record ApprovalTerm(IReadOnlyList<string> From, int Count, bool WithPasskey = false, TimeSpan? EscalateAfter = null, bool ByChat = false);

/// <summary>Forbids, whatever rules say.</summary>
/// <param name="Id">Unique among rules and denials.</param>
/// <param name="Order">Its place among the denials of the file, from 0.</param>
/// <param name="Roles">Whom it binds; null binds everybody.</param>
/// <param name="Zones">Where it holds: touching one of them is enough. Null holds in every zone.</param>
/// <param name="Tools">What it forbids, by tool; null forbids every tool.</param>
public sealed record Denial(
    string Id,
    int Order,
    IReadOnlyList<string>? Roles,
    IReadOnlySet<string>? Zones,
    IReadOnlyDictionary<string, Facets>? Tools)
{
    /// <summary>The line of the whole policy on which it begins, from 1.</summary>
    public int Line { get; init; }
}
