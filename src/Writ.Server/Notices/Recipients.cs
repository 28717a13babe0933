using Microsoft.EntityFrameworkCore;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.WebConsole;

namespace Writ.Server.Notices;

/// <summary>A person who could be told, with the roles that they have now.</summary>
/// <param name="Ways">By which ways they can be told.</param>
/// <param name="StandIn">Who is told as well, at the moment; or null.</param>
internal sealed record Recipient(string Name, bool IsAdmin, Decider Decider, IReadOnlyList<NoticeChannel> Ways, ActorId? StandIn)
{
    public bool IsReachable => Ways.Count > 0;

    public ActorId Id => Decider.Person;
}

/// <summary>Somebody's turn to be told.</summary>
/// <param name="After">How long after it was asked.</param>
/// <param name="StandsInFor">For whom they are told, where that is why; or null.</param>
internal sealed record Told(Recipient Person, TimeSpan After, string? StandsInFor);

/// <summary>
/// Who is told of what waits: those whose yes it waits for, which is the question of the inbox, and whoever stands in for one of them and may
/// decide too. To be told gives no right.
/// </summary>
internal static class Recipients
{
    /// <summary>Everybody who is not disabled, and can be told or has somebody who stands in.</summary>
    public static async Task<IReadOnlyList<Recipient>> Load(WritDb db, ServerSettings server, PolicyDocument policy, DateTimeOffset now, CancellationToken cancel)
    {
        var ways = await Reach.Load(db, server, null, cancel);
        var rows = await (
            from actor in db.Actors.AsNoTracking()
            join each in db.NoticeSettings.AsNoTracking() on actor.Id equals each.ActorId into own
            from settings in own.DefaultIfEmpty()
            where actor.Kind == ActorKind.User && actor.DisabledAt == null && (settings != null || db.PushSubscriptions.Any(push => push.ActorId == actor.Id))
            select new { actor, settings }).ToListAsync(cancel);
        return [.. rows.Select(row => new Recipient(
            row.actor.Name, row.actor.IsAdmin, Reevaluation.DeciderOf(policy, row.actor.Id, Reevaluation.SubjectOf(row.actor)),
            [.. ways[row.actor.Id]], row.settings?.StandInUntil > now ? row.settings.StandIn : null))];
    }

    /// <summary>Who is told of a waiting request, and when.</summary>
    public static IReadOnlyList<Told> Of(WaitingRequest request, IReadOnlyList<Recipient> people, PolicyDocument policy)
    {
        var may = people.Where(person => request.WaitsFor(person.Name, person.Decider, policy)).ToDictionary(person => person.Id);
        bool IsTold(Recipient person) => person.IsReachable || StandIn(person) is not null;
        Recipient? StandIn(Recipient person) => person.StandIn is { } other && may.TryGetValue(other, out var found) && found.IsReachable ? found : null;
        var reachable = may.Values.Where(IsTold).SelectMany(person => person.Decider.Roles).ToHashSet(StringComparer.Ordinal);
        var told = new Dictionary<ActorId, Told>();
        void Tell(Recipient person, TimeSpan after, string? absent)
        {
            if (person.IsReachable && (!told.TryGetValue(person.Id, out var before) || after < before.After))
                told[person.Id] = new(person, after, absent);
        }

        foreach (var person in may.Values)
        {
            if (Escalation.After(request.Of.Needs, person.Decider.Roles, reachable) is { } after)
                Tell(person, after, null);
        }

        foreach (var person in may.Values)
        {
            if (StandIn(person) is { } other && Escalation.After(request.Of.Needs, person.Decider.Roles, reachable) is { } after)
                Tell(other, after, person.Name);
        }

        return [.. told.Values];
    }

    /// <summary>Who is told that the glass was broken: those who review it; where nobody of them can be told, admins.</summary>
    public static IReadOnlyList<Told> Of(UnreviewedGlass glass, IReadOnlyList<Recipient> people)
    {
        var may = people.Where(person => glass.WaitsFor(person.Decider, person.IsAdmin)).ToDictionary(person => person.Id);
        var told = may.Values.Where(person => person.IsReachable).ToDictionary(person => person.Id, person => new Told(person, TimeSpan.Zero, null));
        foreach (var person in may.Values)
        {
            if (person.StandIn is { } id && may.TryGetValue(id, out var other) && other.IsReachable)
                told.TryAdd(id, new(other, TimeSpan.Zero, person.Name));
        }

        return told.Count > 0 ? [.. told.Values]
            : [.. people.Where(person => person.IsAdmin && person.IsReachable && !glass.Of.IsOwn(person.Id)).Select(person => new Told(person, TimeSpan.Zero, null))];
    }
}
