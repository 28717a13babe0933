using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Decisions;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole;

/// <summary>Whose something is, and who may decide on it: enough to say who may know of it.</summary>
internal sealed record Affair(ActorId Actor, string ActorName, ActorKind Kind, Subject Subject, ActorId? Owner, ActorId? OnBehalfOf, IReadOnlyList<ApprovalNeed> Needs)
{
    /// <summary>Whether somebody wrote the template that it uses; null where it uses none.</summary>
    public Func<ActorId, string, bool>? IsAuthor { get; init; }

    public bool IsOwn(Caller caller) => IsOwn(caller.Id);

    public bool IsOwn(ActorId person) => Actor == person || Owner == person || OnBehalfOf == person;

    /// <summary>The rule of <see cref="RequestAccess"/>, over what is in memory.</summary>
    public bool MayKnow(Caller caller, Decider decider) => caller.ReadsAll || IsOwn(caller) || (caller.Kind == ActorKind.User && Quorum.MayDecide(Needs, decider));
}

/// <summary>Somebody's yes on a request that still waits.</summary>
internal sealed record Yes(ActorId Person, string Name, Subject Subject, bool WithPasskey, bool ByChat)
{
    public Decider By(PolicyDocument policy) => Reevaluation.DeciderOf(policy, Person, Subject, WithPasskey, ByChat);
}

/// <summary>A request that waits for its decisions.</summary>
/// <param name="Hosts">How many addresses it would reach, in decimal.</param>
internal sealed record WaitingRequest(
    RequestId Id, int Revision, int Turn, Affair Of, string Tool, string Hosts, IReadOnlyList<string> Zones, string? Reason, TimeSpan Duration,
    DateTimeOffset AskedAt, DateTimeOffset ClosesAt, IReadOnlyList<Yes> Said)
{
    /// <summary>True where it is more time for a live run.</summary>
    public bool IsMoreTime { get; init; }

    /// <summary>Whether the yes of this person is still missing.</summary>
    public bool WaitsFor(Caller caller, Decider decider, PolicyDocument policy) => WaitsFor(caller.Name, decider, policy);

    /// <summary>The same of a person who is not here.</summary>
    public bool WaitsFor(string name, Decider decider, PolicyDocument policy)
    {
        if (!Quorum.MayDecide(Of.Needs, decider) || Of.IsOwn(decider.Person) || Of.IsAuthor?.Invoke(decider.Person, name) == true || Said.Any(yes => yes.Person == decider.Person))
            return false;
        List<Decider> approvers = [.. Said.Select(yes => yes.By(policy))];
        var without = Quorum.Missing(Of.Needs, approvers);
        return !without.SequenceEqual(Quorum.Missing(Of.Needs, [.. approvers, decider with { WithPasskey = true }]));
    }
}

/// <summary>A run that has a process, now or soon.</summary>
internal sealed record LiveRun(RunId Id, RequestId Request, Affair Of, string Tool, RunState State, DateTimeOffset? StartedAt, DateTimeOffset Deadline);

/// <summary>Glass that was broken and that nobody has reviewed.</summary>
internal sealed record UnreviewedGlass(RequestId Request, Affair Of, string Tool, IReadOnlyList<string> Zones, string? Reason, DateTimeOffset BrokenAt)
{
    /// <summary>Whether the review waits for this person. An admin who stands in because no other owner is there finds it all the same, since they see every one.</summary>
    public bool WaitsFor(Caller caller, Decider decider) =>
        caller.Kind == ActorKind.User && WaitsFor(decider, caller.IsAdmin);

    /// <summary>The same of a person who is not here.</summary>
    public bool WaitsFor(Decider decider, bool isAdmin) =>
        !Of.IsOwn(decider.Person) && (Quorum.MayDecide(Of.Needs, decider) || (isAdmin && Of.Needs.Any(need => need.From.Count == 0)));
}

/// <summary>All that is open at one moment, for whoever looks.</summary>
internal sealed record Open(IReadOnlyList<WaitingRequest> Requests, IReadOnlyList<LiveRun> Runs, IReadOnlyList<UnreviewedGlass> Glass)
{
    public static Open Nothing { get; } = new([], [], []);
}

/// <summary>
/// What is open now: requests that wait, oldest first, and runs that live. It is read once for all viewers; of what is known
/// already only the ids are read again.
/// </summary>
internal sealed class Board(Database database, Feed feed, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private const int Piece = 500;
    private readonly SemaphoreSlim _one = new(1);
    private Open _open = Open.Nothing;
    private long _size = -1;
    private long _readAt;

    /// <summary>What is open now, at most a second old.</summary>
    public async Task<Open> Now(bool again = false, CancellationToken cancel = default)
    {
        await _one.WaitAsync(cancel);
        try
        {
            if (again || _size != feed.Size || _readAt == 0 || time.GetElapsedTime(_readAt) > Fresh)
            {
                var size = feed.Size;
                await using var db = database.Open();
                _open = new(await Requests(db, cancel), await Runs(db, cancel), await Glass(db, cancel));
                (_size, _readAt) = (size, time.GetTimestamp());
            }

            return _open;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<WaitingRequest>> Requests(WritDb db, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var ids = await db.Requests.AsNoTracking().Where(row => row.State == RequestState.Pending && row.ExpiresAt > now)
            .Select(row => new { row.Id, row.Revision, row.Turn }).ToListAsync(cancel);
        var known = _open.Requests.ToDictionary(request => request.Id);
        var changed = ids.Where(row => !known.TryGetValue(row.Id, out var before) || before.Revision != row.Revision || before.Turn != row.Turn).Select(row => row.Id).ToArray();
        foreach (var piece in changed.Chunk(Piece))
        {
            foreach (var request in await Read(db, piece, cancel))
                known[request.Id] = request;
        }

        return [.. ids.Where(row => known.ContainsKey(row.Id)).Select(row => known[row.Id]).OrderBy(request => request.AskedAt).ThenBy(request => request.Id.ToString(), StringComparer.Ordinal)];
    }

    /// <summary>Pending requests as they are now.</summary>
    public static async Task<List<WaitingRequest>> Read(WritDb db, RequestId[] ids, CancellationToken cancel)
    {
        var rows = await (
            from row in db.Requests.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on row.ActorId equals actor.Id
            where ids.Contains(row.Id)
            select new { row.Id, row.Revision, row.Turn, row.OnBehalfOf, row.Tool, row.Plan, row.Evaluation, row.Reason, row.Duration, row.CreatedAt, row.ExpiresAt, row.Template, row.TemplateVersion, row.Extends, actor }).ToListAsync(cancel);
        var names = rows.Where(row => row.Template is not null).Select(row => row.Template!).Distinct().ToArray();
        var templates = names.Length == 0 ? [] : (await db.Templates.AsNoTracking().Where(row => names.Contains(row.Name)).ToListAsync(cancel)).ToDictionary(row => (row.Name, row.Version));
        var said = (await (
            from row in db.Decisions.AsNoTracking()
            join actor in db.Actors.AsNoTracking() on row.ActorId equals actor.Id
            where ids.Contains(row.RequestId) && row.Approved && actor.DisabledAt == null
            select new { row.RequestId, row.Revision, row.PasskeyId, row.Chat, row.OnCall, actor }).ToListAsync(cancel)).ToLookup(each => (each.RequestId, each.Revision));
        return [.. rows.Select(row =>
        {
            var (needs, zones) = Brief.OfEvaluation(row.Evaluation);
            return new WaitingRequest(row.Id, row.Revision, row.Turn, Affair(row.actor, row.OnBehalfOf, needs) with { IsAuthor = row.Template is not { } name ? null : templates.TryGetValue((name, row.TemplateVersion ?? 0), out var version) ? version.IsAuthor : (_, _) => true }, row.Tool, Brief.Hosts(row.Plan), zones, row.Reason, row.Duration, row.CreatedAt, row.ExpiresAt,
                [.. said[(row.Id, row.Revision)].Select(yes => new Yes(yes.actor.Id, yes.actor.Name, Reevaluation.SubjectOf(yes.actor) with { OnCall = yes.OnCall }, yes.PasskeyId is not null, yes.Chat is not null))]) { IsMoreTime = row.Extends is not null };
        })];
    }

    private static async Task<IReadOnlyList<UnreviewedGlass>> Glass(WritDb db, CancellationToken cancel)
    {
        var rows = await (
            from glass in db.Glass.AsNoTracking()
            join request in db.Requests.AsNoTracking() on glass.RequestId equals request.Id
            join actor in db.Actors.AsNoTracking() on glass.ActorId equals actor.Id
            where glass.State == GlassState.Broken
            orderby glass.GrantId
            select new { glass.RequestId, glass.BrokenAt, request.OnBehalfOf, request.Tool, request.Evaluation, request.Reason, actor }).ToListAsync(cancel);
        return [.. rows.Select(row =>
        {
            var (needs, zones) = Brief.OfEvaluation(row.Evaluation);
            return new UnreviewedGlass(row.RequestId, Affair(row.actor, row.OnBehalfOf, needs), row.Tool, zones, row.Reason, row.BrokenAt);
        })];
    }

    private async Task<IReadOnlyList<LiveRun>> Runs(WritDb db, CancellationToken cancel)
    {
        // The index is of runners and states.
        var (live, runners) = (RunStates.Live, await db.Runners.AsNoTracking().Select(row => row.Id).ToListAsync(cancel));
        var ids = await db.Runs.AsNoTracking().Where(row => runners.Contains(row.RunnerId) && live.Contains(row.State))
            .Select(row => new { row.Id, row.State, row.StartedAt, row.Deadline }).ToListAsync(cancel);
        var known = _open.Runs.ToDictionary(run => run.Id);
        foreach (var piece in ids.Where(row => !known.ContainsKey(row.Id)).Select(row => row.Id).Chunk(Piece))
        {
            var rows = await (
                from run in db.Runs.AsNoTracking()
                join request in db.Requests.AsNoTracking() on run.RequestId equals request.Id
                join actor in db.Actors.AsNoTracking() on run.ActorId equals actor.Id
                where piece.Contains(run.Id)
                select new { run.Id, run.RequestId, run.State, run.StartedAt, run.Deadline, request.OnBehalfOf, request.Tool, request.Evaluation, actor }).ToListAsync(cancel);
            foreach (var row in rows)
                known[row.Id] = new(row.Id, row.RequestId, Affair(row.actor, row.OnBehalfOf, Brief.OfEvaluation(row.Evaluation).Needs), row.Tool, row.State, row.StartedAt, row.Deadline);
        }

        return [.. ids.Where(row => known.ContainsKey(row.Id)).Select(row => known[row.Id] with { State = row.State, StartedAt = row.StartedAt, Deadline = row.Deadline })
            .OrderBy(run => run.Id.ToString(), StringComparer.Ordinal)];
    }

    private static Affair Affair(ActorRow actor, ActorId? onBehalfOf, IReadOnlyList<ApprovalNeed> needs) =>
        new(actor.Id, actor.Name, actor.Kind, Reevaluation.SubjectOf(actor), actor.OwnerId, onBehalfOf, needs);
}

/// <summary>The few members of stored plans and evaluations that lists are made of, read without the rest.</summary>
internal static class Brief
{
    /// <summary>The approvals that an evaluation asks for, or the reviews where the glass was broken: who may know of it; and the zones that it is about.</summary>
    public static (IReadOnlyList<ApprovalNeed> Needs, IReadOnlyList<string> Zones) OfEvaluation(string evaluation)
    {
        using var json = JsonDocument.Parse(evaluation);
        var root = json.RootElement;
        return (
            [.. root.GetProperty("approvals").EnumerateArray().Concat(root.TryGetProperty("reviews", out var reviews) && reviews.ValueKind == JsonValueKind.Array ? reviews.EnumerateArray() : []).Select(need => new ApprovalNeed(
                need.GetProperty("zone").GetString()!, need.GetProperty("rule").GetString()!, Texts(need.GetProperty("from")), need.GetProperty("count").GetInt32(),
                need.TryGetProperty("with_passkey", out var passkey) && passkey.GetBoolean(),
                need.TryGetProperty("escalate_after_seconds", out var later) && later.ValueKind == JsonValueKind.Number ? TimeSpan.FromSeconds(later.GetDouble()) : null,
                need.TryGetProperty("by_chat", out var chat) && chat.GetBoolean()))],
            Texts(root.GetProperty("zones")));
    }

    /// <summary>How many addresses a plan would reach, in decimal.</summary>
    public static string Hosts(string plan)
    {
        using var json = JsonDocument.Parse(plan);
        return json.RootElement.GetProperty("target_count").GetString()!;
    }

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(text => text.GetString()!)];
}
