using System.Globalization;

namespace Writ.Core.Rotas;

/// <summary>What a source said last.</summary>
/// <param name="People">The names that it gave.</param>
/// <param name="HoldsUntil">Until when that holds; null where it never answered.</param>
/// <param name="Trouble">Why it gives no answer now, or null.</param>
public sealed record SourceAnswer(IReadOnlyList<string> People, DateTimeOffset? HoldsUntil, string? Trouble);

/// <summary>Who is on call by one rota at one instant.</summary>
/// <param name="Rota">The rota.</param>
/// <param name="People">Names; nobody where it is not known.</param>
/// <param name="Until">When that ends as it is known now: the turn, or how long the source's answer holds. Null where nobody is on call.</param>
/// <param name="Unknown">Why it is not known, in a sentence without an end; null where it is.</param>
public sealed record OnCallOf(Rota Rota, IReadOnlyList<string> People, DateTimeOffset? Until, string? Unknown)
{
    /// <summary>As it is at an instant.</summary>
    /// <param name="rota">The rota.</param>
    /// <param name="now">The instant.</param>
    /// <param name="sources">What a source said last, or null for one that no server was told of.</param>
    public static OnCallOf At(Rota rota, DateTimeOffset now, Func<string, SourceAnswer?> sources)
    {
        if (rota.Turns is { } turns)
            return turns.At(now) is { } turn ? new(rota, [turn.Person], turn.Until, null) : new(rota, [], null, null);
        var source = rota.Source!;
        return sources(source) switch
        {
            null => new(rota, [], null, $"rota {rota.Name} is not known: no server asks source {source}"),
            { HoldsUntil: null } answer => new(rota, [], null, $"rota {rota.Name} is not known: source {source} has not answered yet{After(answer.Trouble)}"),
            { HoldsUntil: { } until } answer when now >= until =>
                new(rota, [], null, string.Create(CultureInfo.InvariantCulture, $"rota {rota.Name} is not known since {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC: source {source} gave no newer answer{After(answer.Trouble)}")),
            var answer => new(rota, answer.People, answer.HoldsUntil, null),
        };
    }

    private static string After(string? trouble) => trouble is null ? "" : $", {trouble}";
}
