using System.Diagnostics.CodeAnalysis;

namespace Writ.Proof.Identity;

/// <summary>Names an actor: a user, a workload, or the system itself.</summary>
public readonly record struct ActorId(Guid Value) : IComparable<ActorId>
{
    /// <summary>What every such id begins with.</summary>
    public const string Prefix = "act_";

    /// <summary>A new id; ids of later instants sort later.</summary>
    public static ActorId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));

    /// <summary>Reads the text form; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ActorId id)
    {
        var ok = IdText.TryParse(Prefix, text, out var value);
        id = new(value);
        return ok;
    }

    /// <summary>Reads the text form of an id that this program wrote itself.</summary>
    /// <exception cref="FormatException">The text is no such id.</exception>
    public static ActorId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is no ActorId");

    /// <inheritdoc/>
    public override string ToString() => IdText.Format(Prefix, Value);

    /// <summary>By the time they were made.</summary>
    public int CompareTo(ActorId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public static bool operator <(ActorId a, ActorId b) => a.CompareTo(b) < 0;
    /// <inheritdoc/>
    public static bool operator >(ActorId a, ActorId b) => a.CompareTo(b) > 0;
    /// <inheritdoc/>
    public static bool operator <=(ActorId a, ActorId b) => a.CompareTo(b) <= 0;
    /// <inheritdoc/>
    public static bool operator >=(ActorId a, ActorId b) => a.CompareTo(b) >= 0;
}
