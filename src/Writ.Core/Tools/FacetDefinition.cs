using System.Collections.Frozen;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools;

/// <summary>How the values of a facet are held against what a rule opens.</summary>
public enum FacetKind
{
    /// <summary>A set of known words; a rule opens some of them.</summary>
    Words,
    /// <summary>A set of ports; a rule opens some of them.</summary>
    Ports,
    /// <summary>Named things with labels, such as scripts with categories; a rule opens names and labels.</summary>
    Labelled,
    /// <summary>A number; a rule opens up to a bound.</summary>
    AtMost,
}

/// <summary>
/// One facet of a tool: a question that every plan of the tool answers and that rules and denials can speak about. Policy
/// knows no tool; it knows these.
/// </summary>
/// <param name="Name">The key in a policy file, for example <c>techniques</c> or <c>max-hosts</c>.</param>
/// <param name="Kind">How values are compared.</param>
public sealed record FacetDefinition(string Name, FacetKind Kind)
{
    /// <summary>How reasons call one value: <c>technique</c>, <c>port</c>, <c>script</c>, <c>timing</c>.</summary>
    public required string Noun { get; init; }

    /// <summary>Every word (or label) that there is; names of labelled things are free beside them.</summary>
    public FrozenSet<string> Known { get; init; } = [];

    /// <summary>What a rule opens that does not mention the facet.</summary>
    public FrozenSet<string> Least { get; init; } = [];

    /// <summary>Words that <c>any</c> never includes: they must be named.</summary>
    public FrozenSet<string> ByNameOnly { get; init; } = [];

    /// <summary>
    /// Labels that must be opened themselves: a thing that has one of them beside others is opened by a label or a pattern
    /// only together with it, or by its own name. For example what reaches others than the targets.
    /// </summary>
    public FrozenSet<string> EachNeeded { get; init; } = [];

    /// <summary>Words that need no rule to open them; a denial can still name them.</summary>
    public FrozenSet<string> Free { get; init; } = [];

    /// <summary>The ports that a rule opens that does not mention the facet.</summary>
    public PortSet LeastPorts { get; init; } = PortSet.Empty;

    /// <summary>What a rule opens of a number that it does not mention.</summary>
    public decimal LeastNumber { get; init; }

    /// <summary>The lowest and highest number that a policy may write.</summary>
    public (decimal Lowest, decimal Highest) Bounds { get; init; }

    /// <summary>True where the number is a whole one.</summary>
    public bool Whole { get; init; } = true;

    /// <summary>True where the number counts target addresses, so that each zone counts its own.</summary>
    public bool CountsTargets { get; init; }
}

/// <summary>A plan's answer to one facet.</summary>
/// <param name="Facet">The definition's name.</param>
public abstract record FacetValue(string Facet);

/// <summary>Words, in bytewise order.</summary>
public sealed record FacetWords(string Facet, IReadOnlyList<string> Words) : FacetValue(Facet);

/// <summary>Ports of every protocol together.</summary>
public sealed record FacetPorts(string Facet, PortSet Ports) : FacetValue(Facet);

/// <summary>Named things, in bytewise order of the names.</summary>
public sealed record FacetItems(string Facet, IReadOnlyList<FacetItem> Items) : FacetValue(Facet);

/// <summary>A number.</summary>
public sealed record FacetNumber(string Facet, decimal Number) : FacetValue(Facet);

/// <summary>One named thing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Labels">In bytewise order.</param>
/// <param name="Implied">True when another facet brings it along and opens it; denials look at it all the same.</param>
public sealed record FacetItem(string Name, IReadOnlyList<string> Labels, bool Implied = false);
