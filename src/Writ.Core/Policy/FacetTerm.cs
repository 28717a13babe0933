using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>
/// What a rule opens of one facet, or what of it a denial forbids. A plan's value of another kind than the term's is
/// never opened and always forbidden: what cannot be compared is denied.
/// </summary>
public abstract record FacetTerm
{
    // One term for all rules that are silent about a facet: there may be a hundred thousand of them.
    private static readonly ConditionalWeakTable<FacetDefinition, FacetTerm> Least = [], Any = [];

    /// <summary>What a rule opens that does not mention the facet.</summary>
    public static FacetTerm LeastOf(FacetDefinition facet) => Least.GetValue(facet, facet => facet.Kind switch
    {
        FacetKind.Words or FacetKind.Labelled => new NamedTerm(false, facet.Least, []),
        FacetKind.Ports => new PortsTerm(facet.LeastPorts),
        FacetKind.AtMost => new NumberTerm(facet.LeastNumber),
    });

    /// <summary>What the word <c>any</c> means: everything but the words that must be named.</summary>
    public static FacetTerm AnyOf(FacetDefinition facet) => Any.GetValue(facet, facet => facet.Kind switch
    {
        FacetKind.Words or FacetKind.Labelled => new NamedTerm(true, new HashSet<string>(), []),
        FacetKind.Ports => new PortsTerm(PortSet.All),
        FacetKind.AtMost => new NumberTerm(decimal.MaxValue),
    });

    /// <summary>What of the value a rule with this term does not open, or null where it opens all of it.</summary>
    public abstract FacetGap? NotOpened(FacetDefinition facet, FacetValue? value);

    /// <summary>What of the value a denial with this term forbids, or null where it forbids nothing of it.</summary>
    public abstract FacetGap? Forbidden(FacetDefinition facet, FacetValue? value);

    /// <summary>True where a rule with this term surely opens all that one with the other opens; false where it may not.</summary>
    public abstract bool Covers(FacetDefinition facet, FacetTerm other);

    /// <summary>The term in full: two of a facet with the same text cover the same.</summary>
    public abstract string Exactly { get; }

    /// <summary>Everything that the term covers as an open rule reads it, in words: <c>ping, syn</c>, <c>22,80</c>, <c>4</c>.</summary>
    public abstract override string ToString();

    private protected static FacetGap Unsaid(FacetDefinition facet) => new("unknown", "", $"the plan does not say its {facet.Name}");

    private protected static string Some(IReadOnlyList<string> names) =>
        names.Count <= 5 ? string.Join(", ", names) : Text($"{string.Join(", ", names.Take(5))} and {names.Count - 5} more");

    private protected static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The distance between what is asked and what is allowed of one facet.</summary>
/// <param name="Asked">What of the plan is too much.</param>
/// <param name="Allowed">What would be allowed; empty where nothing of the facet would.</param>
/// <param name="Reason">Both in a sentence.</param>
public sealed record FacetGap(string Asked, string Allowed, string Reason);

/// <summary>Words, or names and labels of things.</summary>
/// <param name="Any">Everything, in a rule without what the definition wants named.</param>
/// <param name="Named">Words, labels and exact names.</param>
/// <param name="Patterns">Patterns of names with <c>*</c>.</param>
public sealed record NamedTerm(bool Any, IReadOnlySet<string> Named, IReadOnlyList<string> Patterns) : FacetTerm
{
    /// <inheritdoc/>
    public override FacetGap? NotOpened(FacetDefinition facet, FacetValue? value)
    {
        List<string>? closed = null;
        switch (value)
        {
            case FacetWords words:
                foreach (var word in words.Words)
                {
                    if (!Opens(facet, word))
                        (closed ??= []).Add(word);
                }

                break;
            case FacetItems items:
                foreach (var item in items.Items)
                {
                    if (!Opens(facet, item))
                        (closed ??= []).Add(item.Name);
                }

                break;
            default:
                return Unsaid(facet);
        }

        return closed is null ? null : new(string.Join(", ", closed), ToString(), $"{facet.Noun} {Some(closed)} is not opened");
    }

    /// <inheritdoc/>
    public override FacetGap? Forbidden(FacetDefinition facet, FacetValue? value)
    {
        string[] hit;
        switch (value)
        {
            case FacetWords words:
                hit = [.. words.Words.Where(Forbids)];
                break;
            case FacetItems items:
                hit = [.. items.Items.Where(Forbids).Select(item => item.Name)];
                break;
            default:
                return Unsaid(facet);
        }

        return hit.Length == 0 ? null : new(string.Join(", ", hit), "", $"{facet.Noun} {Some(hit)} is forbidden");
    }

    /// <inheritdoc/>
    public override bool Covers(FacetDefinition facet, FacetTerm other) =>
        other is NamedTerm named
        && named.Patterns.All(pattern => Patterns.Contains(pattern) || (Any && facet.ByNameOnly.Count == 0))
        && named.Named.All(word => Named.Contains(word) || (Any && !facet.ByNameOnly.Contains(word)) || facet.Free.Contains(word))
        && (!named.Any || Any);

    /// <summary>True where a rule with this term opens the word.</summary>
    public bool Opens(FacetDefinition facet, string word) =>
        facet.Free.Contains(word) || Named.Contains(word) || (Any && facet.Known.Contains(word) && !facet.ByNameOnly.Contains(word));

    /// <summary>
    /// True where a rule with this term opens the thing: by its own name, or by a label or pattern together with every
    /// label of it that must be opened itself. What something else brings along is opened by that.
    /// </summary>
    public bool Opens(FacetDefinition facet, FacetItem item)
    {
        if (item.Implied || Named.Contains(item.Name))
            return true;
        if (facet.ByNameOnly.Contains(item.Name))
            return false;
        foreach (var label in item.Labels)
        {
            if (!Named.Contains(label) && (facet.ByNameOnly.Contains(label) || (!Any && facet.EachNeeded.Contains(label))))
                return false;
        }

        return Any || item.Labels.Any(Named.Contains) || Matches(item.Name);
    }

    /// <summary>True where a denial with this term forbids the word.</summary>
    public bool Forbids(string word) => Any || Named.Contains(word);

    /// <summary>True where a denial with this term forbids the thing, whoever brought it along.</summary>
    public bool Forbids(FacetItem item) => Any || Named.Contains(item.Name) || item.Labels.Any(Named.Contains) || Matches(item.Name);

    /// <inheritdoc/>
    public override string Exactly => ToString();

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join(", ", (Any ? ["any"] : Array.Empty<string>()).Concat(Named.Concat(Patterns).Order(StringComparer.Ordinal)));

    private bool Matches(string name) => Patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
}

/// <summary>Ports of every protocol.</summary>
public sealed record PortsTerm(PortSet Ports) : FacetTerm
{
    /// <inheritdoc/>
    public override FacetGap? NotOpened(FacetDefinition facet, FacetValue? value)
    {
        if (value is not FacetPorts asked)
            return Unsaid(facet);
        if (asked.Ports.IsSubsetOf(Ports))
            return null;
        var over = asked.Ports.Except(Ports);
        return new(over.ToString(), ToString(), Ports.IsEmpty
            ? $"no {facet.Noun} is opened" : $"{facet.Noun} {Short(over)} is not among {Short(Ports)}");
    }

    /// <inheritdoc/>
    public override FacetGap? Forbidden(FacetDefinition facet, FacetValue? value)
    {
        if (value is not FacetPorts asked)
            return Unsaid(facet);
        var hit = asked.Ports.Intersect(Ports);
        return hit.IsEmpty ? null : new(hit.ToString(), "", $"{facet.Noun} {Short(hit)} is forbidden");
    }

    /// <inheritdoc/>
    public override bool Covers(FacetDefinition facet, FacetTerm other) => other is PortsTerm ports && ports.Ports.IsSubsetOf(Ports);

    /// <inheritdoc/>
    public override string Exactly => Ports.ToString();

    /// <inheritdoc/>
    public override string ToString() => Short(Ports);

    private static string Short(PortSet ports) =>
        ports.Ranges.Count <= 8 ? ports.ToString() : Text($"{PortSet.Of(ports.Ranges.Take(8))} and {ports.Ranges.Count - 8} more");
}

/// <summary>A bound: a rule opens up to it, a denial forbids what is over it. The largest value means no bound.</summary>
public sealed record NumberTerm(decimal AtMost) : FacetTerm
{
    /// <inheritdoc/>
    public override FacetGap? NotOpened(FacetDefinition facet, FacetValue? value)
    {
        if (value is not FacetNumber asked || asked.Number < 0)
            return Unsaid(facet);
        if (asked.Number <= AtMost)
            return null;
        return new(Show(asked.Number), ToString(), facet.CountsTargets
            ? $"{Show(asked.Number)} {facet.Noun}s are more than {Show(AtMost)}" : $"{facet.Noun} {Show(asked.Number)} is over {Show(AtMost)}");
    }

    /// <inheritdoc/>
    public override FacetGap? Forbidden(FacetDefinition facet, FacetValue? value)
    {
        if (value is not FacetNumber asked || asked.Number < 0)
            return Unsaid(facet);
        if (asked.Number <= AtMost)
            return null;
        return new(Show(asked.Number), Show(AtMost), facet.CountsTargets
            ? $"more than {Show(AtMost)} {facet.Noun}s are forbidden" : $"{facet.Noun} over {Show(AtMost)} is forbidden");
    }

    /// <inheritdoc/>
    public override bool Covers(FacetDefinition facet, FacetTerm other) => other is NumberTerm number && number.AtMost <= AtMost;

    /// <inheritdoc/>
    public override string Exactly => AtMost.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string ToString() => Show(AtMost);

    private static string Show(decimal number) => number == decimal.MaxValue ? "without limit" : Text($"{number:0.###}");
}
