using Writ.Core;
using Writ.Core.Identity;

namespace Writ.Server.WebConsole.History;

/// <summary>A row of the timeline: a person, or a zone.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="Note">What they are.</param>
/// <param name="Requests">What belongs to it.</param>
internal sealed record Lane(string Name, string Note, IReadOnlyList<TimedRequest> Requests)
{
    public IEnumerable<TimedGrant> Grants => Requests.Select(request => request.Grant).OfType<TimedGrant>();

    public int Runs => Grants.Sum(grant => grant.Runs.Count);
}

/// <summary>The rows of the timeline, those with most in them first.</summary>
internal static class Lanes
{
    private const int Most = 40;

    public static IReadOnlyList<Lane> Of(IReadOnlyList<TimedRequest> requests, bool byZone) =>
    [
        .. (byZone
            ? requests.SelectMany(request => (request.Zones.Count == 0 ? ["no zone"] : request.Zones).Select(zone => (Key: zone, Note: "zone", Request: request)))
            : requests.Select(request => (Key: request.Actor, Note: Kind(request.Kind), Request: request)))
            .GroupBy(one => (one.Key, one.Note)).Select(lane => new Lane(lane.Key.Key, lane.Key.Note, [.. lane.Select(one => one.Request)]))
            .OrderByDescending(lane => lane.Requests.Count).ThenBy(lane => lane.Name, StringComparer.Ordinal).Take(Most),
    ];

    /// <summary>Whether somebody said no to it, or policy did.</summary>
    public static bool IsDenied(TimedRequest request) => request.State == RequestState.Denied;

    private static string Kind(ActorKind kind) => kind switch
    {
        ActorKind.User => "person",
        ActorKind.Workload => "workload",
        ActorKind.System => "system",
        ActorKind.None => "",
    };
}
