using Writ.Core.Identity;

namespace Writ.Server.WebConsole;

/// <summary>A way through the console.</summary>
public sealed record Way(string Path, string Text, bool Apart);

/// <summary>A run in the line at the top.</summary>
public sealed record TopRun(string Id, string Who, DateTimeOffset Deadline);

/// <summary>What the frame around every page shows.</summary>
/// <param name="Runs">The first of the live runs.</param>
/// <param name="Waiting">How many requests wait for the one who looks, and how much broken glass for their review.</param>
public sealed record TopLine(string Who, IReadOnlyList<TopRun> Runs, int AllRuns, int Waiting, long Entries, DateTimeOffset? WitnessedAt, IReadOnlyList<Way> Rail)
{
    private const int MostRuns = 3;

    public static TopLine Nothing { get; } = new("", [], 0, 0, 0, null, []);

    internal static TopLine Of(PersonsOutlook seen, Visit visit) => new(
        seen.Who.Name, [.. seen.Runs.Take(MostRuns).Select(run => new TopRun(run.Id.ToString(), run.Of.ActorName, run.Deadline))], seen.Runs.Count, seen.WaitingForYou.Count + seen.Glass.Count(glass => glass.ForYou), seen.Entries, seen.WitnessedAt,
        [.. ConsoleRail.For(seen.Who, visit)]);
}

/// <summary>The ways through the console, for whoever may go them.</summary>
internal static class ConsoleRail
{
    private static readonly (string Path, string Text, bool Apart, string Verb)[] Ways =
    [
        ("/inbox", "Inbox", false, "ListRequests"),
        ("/ask", "Ask", false, "AskForAccess"),
        ("/live", "Live", false, "ListRuns"),
        ("/series", "Series", false, "ListSeries"),
        ("/history", "History", true, "ListGrants"),
        ("/results", "Results", false, "ListRuns"),
        ("/trace", "Trace", false, "ShowTrace"),
        ("/policy", "Policy", true, "ShowPolicy"),
        ("/fleet", "Fleet", false, "ListRunners"),
        ("/people", "People", false, "ListUsers"),
        ("/audit", "Audit", false, "ListAudit"),
    ];

    /// <summary>Those that lead somewhere for this caller.</summary>
    public static IEnumerable<Way> For(Caller? caller, Visit visit) =>
        Ways.Where(way => caller is null || visit.May(caller, way.Verb, caller.CheckedAt)).Select(way => new Way(way.Path, way.Text, way.Apart));
}
