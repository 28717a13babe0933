using System.Reflection;

namespace Writ.Core.Audit;

/// <summary>Choices among the types of entries: a whole type such as <c>run.ended</c>, or all that begin alike, such as <c>run.*</c>.</summary>
public static class EntryTypes
{
    private const string Rest = ".*";

    /// <summary>All types that there are.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. typeof(AuditType).GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal)];

    /// <summary>Whether some type is meant by a choice.</summary>
    public static bool IsKnown(string choice) => All.Any(type => Match([choice], type));

    /// <summary>Whether a type is among the choices; each is where there are none.</summary>
    public static bool Match(IReadOnlyCollection<string> choices, string type) => choices.Count == 0 || choices.Any(choice =>
        choice.EndsWith(Rest, StringComparison.Ordinal) ? type.StartsWith(choice[..^1], StringComparison.Ordinal) : choice == type);
}
