using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole.Inbox;

/// <summary>A waiting request in the list.</summary>
public sealed record InboxRow(string Id, string Who, string Role, DateTimeOffset ClosesAt, string What, string For, string Why);

/// <summary>A request that was decided.</summary>
public sealed record DecidedRow(string Id, DateTimeOffset At, string Who, bool Denied, string What, string By);

/// <summary>Glass that was broken and is not reviewed.</summary>
public sealed record GlassLine(string Id, string Who, DateTimeOffset At, string What, string Why, bool ForYou);

/// <summary>What a page of the inbox shows.</summary>
public sealed record InboxState(IReadOnlyList<GlassLine> Glass, IReadOnlyList<InboxRow> Waiting, IReadOnlyList<InboxRow> Others, IReadOnlyList<DecidedRow> Decided, Dossier? Dossier, long Size);

/// <summary>Reads the lists of the inbox: from the board, and what was decided lately.</summary>
internal sealed class InboxReader(Outlook outlook, Board board, Database database)
{
    private const int MostDecided = 12;
    /// <summary>So many of the newest requests are looked through for those that were decided.</summary>
    private const int LookedThrough = 60;

    /// <summary>The next look reads anew: something was just done here.</summary>
    public Task LookAgain() => board.Now(again: true);

    public async Task<(IReadOnlyList<GlassLine> Glass, IReadOnlyList<InboxRow> Waiting, IReadOnlyList<InboxRow> Others, IReadOnlyList<DecidedRow> Decided)> Read(string filter, CancellationToken cancel)
    {
        if (await outlook.Now(cancel) is not { } seen)
            return ([], [], [], []);
        return ([.. seen.Glass.OrderByDescending(each => each.ForYou).Select(each => Of(each.Glass, each.ForYou, seen))], [.. Rows(seen.WaitingForYou)], [.. Rows(seen.WaitingForOthers)], filter.Trim().Length > 0 ? [] : await Decided(seen, cancel));

        IEnumerable<InboxRow> Rows(IReadOnlyList<WaitingRequest> requests) => requests.Select(request => Of(request, seen)).Where(row => Holds(row, filter.Trim()));
    }

    private static GlassLine Of(UnreviewedGlass glass, bool forYou, PersonsOutlook seen) => new(
        glass.Request.ToString(), glass.Of.Actor == seen.Who.Id ? $"{glass.Of.ActorName}, you" : glass.Of.ActorName, glass.BrokenAt, $"{glass.Tool} · {string.Join(", ", glass.Zones)}",
        string.IsNullOrWhiteSpace(glass.Reason) ? "no reason given" : $"“{Printable.Cut(glass.Reason, 120)}”", forYou);

    private static InboxRow Of(WaitingRequest request, PersonsOutlook seen)
    {
        var isYours = request.Of.Actor == seen.Who.Id;
        return new(
            request.Id.ToString(), request.Of.ActorName, isYours ? "you" : request.Of.Kind == ActorKind.Workload ? "workload" : seen.Policy?.RolesOf(request.Of.Subject).FirstOrDefault() ?? "", request.ClosesAt,
            $"{(request.IsMoreTime ? "more time · " : "")}{request.Tool} · {Hosts(request.Hosts)} · {string.Join(", ", request.Zones)}", (request.IsMoreTime ? "+" : "") + Printable.Short(request.Duration), isYours ? $"for {Who(request, seen)} to decide"
                : request.Said.Any(yes => yes.Person == seen.Who.Id) ? $"you said yes · for {Who(request, seen)} to decide"
                : string.IsNullOrWhiteSpace(request.Reason) ? "no reason given" : $"“{Printable.Cut(request.Reason, 120)}”");
    }

    private static string Who(WaitingRequest request, PersonsOutlook seen)
    {
        List<Decider> approvers = seen.Policy is null ? [] : [.. request.Said.Select(yes => yes.By(seen.Policy))];
        string[] roles = [.. request.Of.Needs.Where(need => Quorum.Missing([need], approvers).Count > 0).SelectMany(need => need.From).Distinct()];
        return roles.Length == 0 ? "others" : string.Join(", ", roles);
    }

    private async Task<IReadOnlyList<DecidedRow>> Decided(PersonsOutlook seen, CancellationToken cancel)
    {
        await using var db = database.Open();
        var rows = await (
            from row in db.Requests.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on row.ActorId equals actor.Id
            where row.State != RequestState.Pending
            orderby row.Id descending
            select new { row.Id, row.Revision, row.State, row.OnBehalfOf, row.Plan, row.Evaluation, row.CreatedAt, row.EndedAt, row.BreakGlass, actor }).Take(LookedThrough).ToListAsync(cancel);
        // What waits for a review stands above.
        var unreviewed = seen.Glass.Select(each => each.Glass.Request).ToHashSet();
        var shown = rows.Where(row => !unreviewed.Contains(row.Id)).Select(row => (Row: row, Brief: Brief.OfEvaluation(row.Evaluation)))
            .Where(each => new Affair(each.Row.actor.Id, each.Row.actor.Name, each.Row.actor.Kind, Reevaluation.SubjectOf(each.Row.actor), each.Row.actor.OwnerId, each.Row.OnBehalfOf, each.Brief.Needs).MayKnow(seen.Who, seen.Decider))
            .Take(MostDecided).ToList();
        var ids = shown.Select(each => each.Row.Id).ToArray();
        var said = (await (
            from decision in db.Decisions.AsNoTracking()
            join person in db.Actors.AsNoTracking() on decision.ActorId equals person.Id
            where ids.Contains(decision.RequestId)
            select new { decision.RequestId, decision.At, person.Id, person.Name }).ToListAsync(cancel)).OrderBy(each => each.At).ToLookup(each => each.RequestId);
        return [.. shown.Select(each =>
        {
            var last = said[each.Row.Id].LastOrDefault();
            var by = each.Row.State switch
            {
                RequestState.Expired => "nobody",
                RequestState.Cancelled => each.Row.actor.Id == seen.Who.Id ? "you" : each.Row.actor.Name,
                _ => last is null ? "policy" : last.Id == seen.Who.Id ? "you" : last.Name,
            };
            var what = each.Row.BreakGlass ? "break-glass · " : each.Row.State is RequestState.Cancelled or RequestState.Expired ? $"{RequestViews.State(each.Row.State)} · " : "";
            var hosts = Brief.Hosts(each.Row.Plan);
            return new DecidedRow(each.Row.Id.ToString(), last?.At ?? each.Row.EndedAt ?? each.Row.CreatedAt, each.Row.actor.Name, each.Row.State == RequestState.Denied,
                $"{what}{(each.Brief.Zones.Count == 0 ? Hosts(hosts) : $"{string.Join(", ", each.Brief.Zones)} · {Hosts(hosts)}")}", by);
        })];
    }

    private static string Hosts(string count) => count == "1" ? "1 host" : $"{Printable.Number(count)} hosts";

    private static bool Holds(InboxRow row, string filter) =>
        filter.Length == 0 || row.Who.Contains(filter, StringComparison.OrdinalIgnoreCase) || row.What.Contains(filter, StringComparison.OrdinalIgnoreCase) || row.Why.Contains(filter, StringComparison.OrdinalIgnoreCase)
        || row.Role.Contains(filter, StringComparison.OrdinalIgnoreCase);
}
