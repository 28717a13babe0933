using System.Diagnostics.CodeAnalysis;

namespace Writ.Proof.Identity;

/// <summary>Names one recorded yes or no.</summary>
public readonly record struct DecisionId(Guid Value) : IComparable<DecisionId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "dec_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static DecisionId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DecisionId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static DecisionId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no DecisionId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(DecisionId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(DecisionId a, DecisionId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(DecisionId a, DecisionId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(DecisionId a, DecisionId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(DecisionId a, DecisionId b) => a.CompareTo(b) >= 0;
}
