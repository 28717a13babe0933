using Writ.Contracts.Requests;
using Writ.Server.WebConsole.Pictures;

namespace Writ.Server.WebConsole.Inbox;

/// <summary>A request as its page shows it: what is asked, as a picture, and where the one who looks stands.</summary>
/// <param name="Asked">Without the statement's bytes and the long lists.</param>
/// <param name="Role">The requester's role, or <c>workload</c>.</param>
/// <param name="Zones">What is asked of each zone.</param>
/// <param name="Means">Techniques, then scripts.</param>
/// <param name="Unusual">What differs from the requester's past runs.</param>
/// <param name="Past">The runs that it was computed from.</param>
/// <param name="Approvals">Each need with who fills it.</param>
/// <param name="Revisions">What made it another since it was asked, newest first.</param>
public sealed record Dossier(
    RequestView Asked, string Role, HostPicture Hosts, IReadOnlyList<PortPicture> Ports, MeansPicture Means, IReadOnlyList<Oddity> Unusual, PastRuns Past, ArgvDiff Command,
    IReadOnlyList<ApprovalLine> Approvals, IReadOnlyList<Revised> Revisions, Stand You)
{
    /// <summary>The window that is asked for.</summary>
    public TimeSpan Window => TimeSpan.FromSeconds(Asked.DurationSeconds);

    /// <summary>How much of the window the work is estimated to take, 0 to 100.</summary>
    public double WorkPercent => Asked.DurationSeconds <= 0 ? 0 : Math.Clamp(100 * Asked.Plan.EstimatedSeconds / Asked.DurationSeconds, 0.4, 100);

    public bool IsPending => Asked.State == "pending";
}

/// <summary>A later revision of a request.</summary>
/// <param name="By">Who made it; null where policy did.</param>
/// <param name="Why">Why, in the log's words.</param>
/// <param name="Comment">What they said to it, or null.</param>
/// <param name="Command">As it is since then.</param>
public sealed record Revised(string Number, DateTimeOffset At, string? By, string Why, string? Comment, IReadOnlyList<string> Command);

/// <summary>One approval that is needed.</summary>
/// <param name="Has">Who said yes for it.</param>
/// <param name="WaitsForYou">Whether the one who looks can fill it.</param>
public sealed record ApprovalLine(string Zone, string Rule, string Needs, IReadOnlyList<DecisionView> Has, int Missing, bool WaitsForYou);

/// <summary>Where the one who looks stands.</summary>
/// <param name="Decides">Whether they can say yes or no now.</param>
/// <param name="NeedsPasskey">Whether their yes counts only by passkey.</param>
/// <param name="HasPasskey">Whether they have one that a second person confirmed.</param>
/// <param name="IsLast">Whether theirs is the last yes that is missing.</param>
/// <param name="IsOwn">Whether the request is theirs.</param>
/// <param name="Said">What they said on this revision, or null.</param>
/// <param name="UsesLeft">How many runs of theirs its grant still gives.</param>
/// <param name="Until">When it ends, where it gives any.</param>
/// <param name="Reviews">Whether they can review that its glass was broken.</param>
public sealed record Stand(bool Decides, bool NeedsPasskey, bool HasPasskey, bool IsLast, bool IsOwn, bool? Said, int UsesLeft, DateTimeOffset? Until, bool Reviews = false);

/// <summary>Something that is not as it was before.</summary>
public sealed record Oddity(string What, string Than);

/// <summary>The runs that something was computed from, newest first.</summary>
public sealed record PastRuns(IReadOnlyList<PastRun> Runs)
{
    public static PastRuns None { get; } = new([]);
}

/// <summary>A run of before.</summary>
public sealed record PastRun(string Id, DateTimeOffset At, double Hosts, IReadOnlyList<string> Zones, IReadOnlyList<string> Scripts, IReadOnlyList<string> Techniques);
