using System.Globalization;
using Writ.Core.Policy;
using Writ.Proof.Statements;

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
    /// <param name="budget">What the rules let a run use up.</param>
    public static IReadOnlyList<string> Of(Plan plan, TimeSpan? window, Budget budget)
    {
        var warnings = new List<string>(plan.Remarks);
        if (plan.Terminal is not null)
            warnings.Add("it is interactive: what is typed at its terminal is not shown here, and reaches what the plan reaches");
        if (plan.Captures)
            warnings.Add("it captures: it sends nothing, and sees what others send from and to its scope");
        if (Exceeds(plan, window))
        {
            warnings.Add($"the run is estimated to take {About(plan.EstimatedDuration)}, and {Duration.Format(window!.Value)} is asked for: it would be killed before its end");
        }

        warnings.AddRange(Of(plan, window, budget, Exceeds(plan, window)));
        var outside = plan.Scripts.Where(script => script.Categories.Contains(Nmap.NmapScripts.ReachesOthers)).Select(script => script.Name).ToArray();
        if (outside.Length > 0)
            warnings.Add($"{Some(outside)} would talk to hosts that are no targets; such packets are stopped and recorded");
        return warnings;
    }

    private static IEnumerable<string> Of(Plan plan, TimeSpan? window, Budget budget, bool tooLong)
    {
        if (budget.PacketsPerSecond is { } rate && TimeSpan.FromSeconds(Math.Min((double)plan.EstimatedPackets / rate, 1e10)) is var held && held > plan.EstimatedDuration)
        {
            var killed = held > window && !tooLong ? $", and {Duration.Format(window!.Value)} is asked for: it would be killed before its end" : "";
            yield return Number($"at {rate:N0} packets a second the run takes {About(held)} or longer{killed}");
        }

        if (plan.EstimatedPackets > budget.Packets)
            yield return Number($"{plan.EstimatedPackets:N0} packets are estimated, and {budget.Packets:N0} may leave: what comes after them is not measured");
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
