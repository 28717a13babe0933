using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Notices;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Notices;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Policy;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Notices;

/// <summary>Where, when, and who is told as well: each person's own affair.</summary>
internal sealed class NoticeSettings(Database database, WriteTransaction writes, PolicyInForce policies, ServerSettings settings, TimeProvider time)
{
    private static readonly TimeSpan LongestStandIn = TimeSpan.FromDays(366);

    public async Task<Result<NoticeSettingsView>> Show(Caller caller, CancellationToken cancel)
    {
        if (caller.Kind != ActorKind.User)
            return new Refusal(ErrorCode.Forbidden, "a workload is told nothing: whoever answers for it is");
        await using var db = database.Open();
        var row = await db.NoticeSettings.AsNoTracking().SingleOrDefaultAsync(row => row.ActorId == caller.Id, cancel);
        var now = time.GetUtcNow();
        var standIn = row is { StandIn: { } id } && row.StandInUntil > now ? await db.Actors.AsNoTracking().SingleOrDefaultAsync(actor => actor.Id == id, cancel) : null;
        var remarks = new List<string>();
        var ways = await Reach.Load(db, settings, standIn is null ? [caller.Id] : [caller.Id, standIn.Id], cancel);
        if (settings.Mail is null && !ways[caller.Id].Any())
            remarks.Add(settings.Push is null ? "this server sends no mail" : "this server sends no mail, and no browser of yours is on: nothing is sent");
        else if (settings.Mail is not null && row?.Address is null)
            remarks.Add($"nobody has confirmed an address of yours: nothing is {(ways[caller.Id].Any() ? "mailed" : "sent")}");
        if (standIn is not null)
        {
            var policy = await policies.Get(db);
            if (standIn.DisabledAt is not null)
                remarks.Add($"{standIn.Name} is disabled, and stands in for nobody");
            else if (policy.IsOk && !DecideTogether(policy.Value, Reevaluation.SubjectOf(caller), Reevaluation.SubjectOf(standIn)))
                remarks.Add($"{standIn.Name} decides on nothing that you decide on any more, and is told nothing for you");
            else if (!ways[standIn.Id].Any())
                remarks.Add($"{standIn.Name} is {(settings.Push is null ? "not told by mail" : "told neither by mail nor in a browser")}");
        }

        return new NoticeSettingsView(
            row?.IsMailOff != true, row?.Address, row?.Address is null ? null : row.AddressFrom, row?.WishUntil > now ? row.Wish : null, row?.Quiet, row?.QuietZone, standIn?.Name, standIn is null ? null : row!.StandInUntil, remarks, [.. ways[caller.Id].Select(Reach.Word)]);
    }

    public async Task<Result<NoticeSettingsView>> Change(Caller caller, NoticeSettingsAsk ask, CancellationToken cancel)
    {
        Hours? quiet = null;
        if (ask.Quiet is not null)
        {
            var read = QuietHours.Read(ask.Quiet, ask.Zone ?? "UTC");
            if (!read.IsOk)
                return read.Refusal;
            quiet = read.Value;
        }

        var changed = await writes.Commit<bool>(async scope =>
        {
            ActorRow? standIn = null;
            if (ask.StandIn is not null)
            {
                var found = await StandIn(scope, caller, ask);
                if (!found.IsOk)
                    return found.Refusal;
                standIn = found.Value;
            }

            var row = await RowOf(scope, caller.Id);
            row.IsMailOff = !ask.Mail;
            (row.Quiet, row.QuietZone) = quiet is null ? (null, null) : (QuietHours.Text(quiet), quiet.Zone.Id);
            (row.StandIn, row.StandInUntil) = (standIn?.Id, standIn is null ? null : ask.StandInUntil);
            Record(scope, caller.Audit, caller.Id, caller.Name, "settings", new()
            {
                ["mail"] = ask.Mail, ["quiet"] = row.Quiet, ["zone"] = row.QuietZone, ["stand_in"] = standIn?.Name, ["until"] = standIn is null ? null : ask.StandInUntil!.Value.UtcDateTime.ToString("O"),
            }, caller.SourceAddress);
            return true;
        });
        return changed.IsOk ? await Show(caller, cancel) : changed.Refusal;
    }

    /// <summary>Who is to stand in. Whoever could not decide anyway would be told of what is not theirs to know; that there is no such person is not told apart.</summary>
    private async Task<Result<ActorRow>> StandIn(WriteScope scope, Caller caller, NoticeSettingsAsk ask)
    {
        if (ask.StandInUntil is not { } until || until <= scope.Now || until > scope.Now + LongestStandIn)
            return new Refusal(ErrorCode.InvalidInput, "whoever stands in does so until a time that is to come, a year ahead at most", "--until 2026-08-31T08:00Z");
        var policy = await policies.Get(scope.Db);
        if (!policy.IsOk)
            return policy.Refusal;
        var own = Reevaluation.SubjectOf(caller);
        if (!DecideTogether(policy.Value, own, own))
            return new Refusal(ErrorCode.WrongState, "no role of yours decides on anything: there is nothing to stand in for");
        var unfit = new Refusal(ErrorCode.InvalidInput, $"nobody named '{OneLine.Of(ask.StandIn, 60)}' could decide in your place", "name a person with a role that decides on the same");
        var person = await scope.Db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Kind == ActorKind.User && row.DisabledAt == null && row.Name == ask.StandIn)
            ?? (ActorId.TryParse(ask.StandIn, out var id) ? await scope.Db.Actors.AsNoTracking().SingleOrDefaultAsync(row => row.Kind == ActorKind.User && row.DisabledAt == null && row.Id == id) : null);
        return person is null || person.Id == caller.Id || !DecideTogether(policy.Value, own, Reevaluation.SubjectOf(person)) ? unfit : person;
    }

    /// <summary>Whether both could say yes to the same thing: one of the policy's lists of those who decide or review has a role of each.</summary>
    private static bool DecideTogether(PolicyDocument policy, Subject one, Subject other)
    {
        var (roles, others) = (policy.RolesOf(one), policy.RolesOf(other));
        return Deciding(policy).Any(from => from.Any(roles.Contains) && from.Any(others.Contains));
    }

    private static IEnumerable<IReadOnlyList<string>> Deciding(PolicyDocument policy) =>
        policy.Rules.SelectMany(rule => rule.Approval).Select(term => term.From).Concat(policy.Zones.Values.Select(zone => zone.Owners));

    /// <summary>The person's row, made where there is none; the same one each time within a transaction.</summary>
    public static async Task<NoticeSettingsRow> RowOf(WriteScope scope, ActorId person) =>
        await scope.Db.NoticeSettings.FindAsync(person) ?? scope.Db.NoticeSettings.Add(new() { ActorId = person }).Entity;

    /// <summary>The entry. The log keeps for ever what it is told, and shows of an address only its beginning.</summary>
    public static void Record(WriteScope scope, AuditActor by, ActorId person, string name, string what, System.Text.Json.Nodes.JsonObject? fields = null, string? source = null)
    {
        var said = new System.Text.Json.Nodes.JsonObject { ["for"] = name, ["for_actor"] = person.ToString(), ["what"] = what };
        foreach (var (key, value) in fields ?? [])
            said[key] = value?.DeepClone();
        scope.Record(new(AuditType.NoticesChanged, by, null, said, source));
    }
}
