namespace Writ.Core.Rotas;

/// <summary>Who is on call in turn: by turns that the policy writes down, or by a source outside that the servers ask.</summary>
/// <param name="Name">Unique in the policy.</param>
/// <param name="Turns">The turns; null where a source says it.</param>
/// <param name="Source">The source's name in the servers' file of sources; null where the policy has the turns.</param>
public sealed record Rota(string Name, Turns? Turns, string? Source)
{
    /// <summary>The line of the whole policy on which it begins, from 1.</summary>
    public int Line { get; init; }

    /// <summary>Whether the other one names the same people at the same times, or asks the same source.</summary>
    public bool IsSame(Rota other) => Source == other.Source && (Turns, other.Turns) switch
    {
        ({ } turns, { } others) => turns.Zone.Id == others.Zone.Id && turns.First == others.First && turns.Length == others.Length
            && turns.People.SequenceEqual(others.People) && turns.Overrides.SequenceEqual(others.Overrides),
        var (turns, others) => turns is null && others is null,
    };

    /// <summary>Whether this rota could ever name the person. A source could name anybody.</summary>
    public bool MayName(string person) => Turns is null || Turns.People.Contains(person, StringComparer.Ordinal) || Turns.Overrides.Any(each => each.Person == person);
}

/// <summary>
/// People in turn. Hand-overs are at local times, each so long after the one before, so that a week's turn ends at the same hour when clocks change: pure
/// computation over an instant.
/// </summary>
/// <param name="Zone">The time zone, of the IANA database.</param>
/// <param name="First">The local time of the first hand-over; before it nobody is on call.</param>
/// <param name="Length">How long a turn is by the clock on the wall, from an hour to a year.</param>
/// <param name="People">Names of users in their order, at least one; after the last it is the first one's turn.</param>
/// <param name="Overrides">Who stands in for whoever's turn it is. No two of them overlap.</param>
public sealed record Turns(TimeZoneInfo Zone, DateTime First, TimeSpan Length, IReadOnlyList<string> People, IReadOnlyList<RotaOverride> Overrides)
{
    /// <summary>Whose turn it is, and until when; null before the first hand-over.</summary>
    public Turn? At(DateTimeOffset now)
    {
        if (Overrides.FirstOrDefault(each => Instant(each.From) <= now && now < Instant(each.Until)) is { } standIn)
            return new(standIn.Person, Instant(standIn.Until));
        var number = NumberAt(now);
        if (number < 0)
            return null;
        var end = Instant(HandOver(number + 1));
        foreach (var next in Overrides.Select(each => Instant(each.From)).Where(from => from > now && from < end))
            end = next;
        return new(People[(int)(number % People.Count)], end);
    }

    /// <summary>The number of the last hand-over that was not after this instant; below zero before the first.</summary>
    private long NumberAt(DateTimeOffset now)
    {
        // By the clock on the wall it is exact but for the hours around a change of clocks.
        var number = Math.Max(-1, (long)Math.Floor((TimeZoneInfo.ConvertTime(now, Zone).DateTime - First) / Length) + 1);
        while (number >= 0 && Instant(HandOver(number)) > now)
            number--;
        while (Instant(HandOver(number + 1)) <= now)
            number++;
        return number;
    }

    private DateTime HandOver(long number) =>
        number >= (DateTime.MaxValue - First).Ticks / Length.Ticks ? DateTime.MaxValue : First + number * Length;

    /// <summary>The instant of a local time: of one that comes twice the first, and of one that is left out where it would have been. It never runs backwards.</summary>
    private DateTimeOffset Instant(DateTime local)
    {
        var offset = Zone.IsAmbiguousTime(local) ? Zone.GetAmbiguousTimeOffsets(local).Max()
            : Zone.IsInvalidTime(local) ? Zone.GetUtcOffset(local.AddHours(-3)) : Zone.GetUtcOffset(local);
        var ticks = local.Ticks - offset.Ticks;
        return new(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), TimeSpan.Zero);
    }
}

/// <summary>Somebody's turn.</summary>
/// <param name="Person">The name of a user.</param>
/// <param name="Until">When it ends; at that instant it is over.</param>
public sealed record Turn(string Person, DateTimeOffset Until);

/// <summary>Somebody stands in, from one local time to another.</summary>
/// <param name="From">Its first moment.</param>
/// <param name="Until">Its end, later than the beginning.</param>
/// <param name="Person">The name of a user.</param>
public sealed record RotaOverride(DateTime From, DateTime Until, string Person);
