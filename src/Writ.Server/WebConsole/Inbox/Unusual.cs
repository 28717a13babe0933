using System.Globalization;

namespace Writ.Server.WebConsole.Inbox;

/// <summary>What of a request is not as it was in its requester's past runs. Computed, never guessed: where there are too few runs, nothing is said of them.</summary>
internal static class Unusual
{
    /// <summary>Fewer runs than this make no habit.</summary>
    private const int Habit = 5;
    private const double ManyTimes = 3;

    public static IReadOnlyList<Oddity> Of(PastRuns past, double hosts, IReadOnlyList<string> zones, IReadOnlyList<string> scripts, IReadOnlyList<string> techniques, DateTimeOffset at)
    {
        if (past.Runs.Count == 0)
            return [new("First time", "no run of theirs to compare with")];
        var found = new List<Oddity>();
        if (zones.Except(past.Runs.SelectMany(run => run.Zones)).ToList() is { Count: > 0 } newZones)
            found.Add(new("First time", $"on {string.Join(", ", newZones.Take(3))}"));
        if (scripts.Except(past.Runs.SelectMany(run => run.Scripts)).ToList() is { Count: > 0 } newScripts)
            found.Add(new("First time", newScripts.Count == 1 ? $"with {newScripts[0]}" : $"with {newScripts[0]} and {Printable.Count(newScripts.Count - 1, "other script")}"));
        if (techniques.Except(past.Runs.SelectMany(run => run.Techniques)).ToList() is { Count: > 0 } newTechniques)
            found.Add(new("First time", $"with {string.Join(", ", newTechniques.Take(3))}"));
        if (past.Runs.Count < Habit)
            return found;
        var median = Median([.. past.Runs.Select(run => run.Hosts)]);
        if (median > 0 && hosts >= ManyTimes * median)
            found.Add(new(string.Create(CultureInfo.InvariantCulture, $"{Math.Round(hosts / median):0}× more hosts"), $"than their median of {Printable.Number((long)median)}"));
        if (Hours([.. past.Runs.Select(run => run.At.UtcDateTime.Hour)], at.UtcDateTime.Hour) is { } hours)
            found.Add(new($"{at.UtcDateTime:HH:mm} UTC", $"outside their usual {hours}"));
        return found;
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values.Length % 2 == 1 ? values[values.Length / 2] : (values[(values.Length / 2) - 1] + values[values.Length / 2]) / 2;
    }

    /// <summary>The shortest stretch of the day that holds all past hours, where this hour lies well outside of it; else null.</summary>
    private static string? Hours(int[] past, int now)
    {
        int[] hours = [.. past.Distinct().Order()];
        var (gap, from) = (0, hours[0]);
        for (var index = 0; index < hours.Length; index++)
        {
            var next = hours[(index + 1) % hours.Length];
            var free = hours.Length == 1 ? 24 : (next - hours[index] + 24) % 24;
            if (free > gap)
                (gap, from) = (free, next);
        }

        var length = 24 - gap + 1;
        // Who works around the clock has no usual hours.
        if (length > 14)
            return null;
        var after = (now - from + 24) % 24;
        return after < length || after == 23 ? null : $"{from:00}–{(from + length) % 24:00} UTC";
    }
}
