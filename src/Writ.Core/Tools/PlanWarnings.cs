using System.Globalization;
using Writ.Core.Policy;

namespace Writ.Core.Tools;

/// <summary>
/// What somebody should know about a plan before it is asked for or approved, one lowercase line each. None of it is a
/// refusal: an estimate can be wrong, and who asks may know better.
/// </summary>
public static class PlanWarnings
{
    /// <summary>The warnings of a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="window">How long the right is asked for, or null where that is left to the rule.</param>
    public static IReadOnlyList<string> Of(Plan plan, TimeSpan? window)
    {
        var warnings = new List<string>(plan.Remarks);
        if (Exceeds(plan, window))
        {
            warnings.Add($"the run is estimated to take {About(plan.EstimatedDuration)}, and {Duration.Format(window!.Value)} is asked for: it would be killed before its end");
        }

        var outside = plan.Scripts.Where(script => script.Categories.Contains(Nmap.NmapScripts.ReachesOthers)).Select(script => script.Name).ToArray();
        if (outside.Length > 0)
            warnings.Add($"{Some(outside)} would talk to hosts that are no targets; such packets are stopped and recorded");
        return warnings;
    }

    /// <summary>True where the plan is estimated to take longer than the time that is asked for.</summary>
    public static bool Exceeds(Plan plan, TimeSpan? window) => plan.EstimatedDuration > window;

    private static string About(TimeSpan time) => time switch
    {
        { TotalDays: >= 730 } => "years",
        { TotalDays: >= 2 } => Number($"about {time.TotalDays:0} days"),
        { TotalHours: >= 2 } => Number($"about {time.TotalHours:0} hours"),
        { TotalMinutes: >= 2 } => Number($"about {time.TotalMinutes:0} minutes"),
        _ => Number($"about {time.TotalSeconds:0} seconds"),
    };

    private static string Some(string[] names) =>
        names.Length <= 3 ? string.Join(", ", names) : Number($"{string.Join(", ", names.Take(3))} and {names.Length - 3} more scripts");

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
