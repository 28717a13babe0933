using System.Data;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Policy;
using Writ.Proof.Log;
using Writ.Server.Audit;
using Writ.Server.Storage;

namespace Writ.SystemTests.Storage;

/// <summary>
/// The state against the audit log: whatever happened, in whatever order and with whatever crash, every row that changed
/// its state has its entry, and no entry is of something that is not there.
/// </summary>
internal static class Books
{
    public static async Task ShouldBalance(this World world)
    {
        // One snapshot of all tables, at a moment when every entry has its position: a runner's report may still be on its way.
        await using var db = world.Open();
        var log = new List<Entry>();
        await World.Eventually(async () =>
        {
            if (db.Database.CurrentTransaction is { } before)
                await before.DisposeAsync();
            await world.Get<Sequencer>().Integrate(default);
            await db.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead);
            log = await Entry.All(db);
            return log.All(entry => entry.Position is not null);
        }, "an entry gets no position");
        log.Select(entry => entry.Position).ToArray().ShouldBe(Enumerable.Range(0, log.Count).Select(position => (long?)position).ToArray(), "positions have gaps");

        // Requests: made once; ended once or granted once.
        var requests = await db.Requests.AsNoTracking().ToListAsync();
        Of(AuditType.RequestCreated, "request").ShouldBe(Ids(requests.Select(row => row.Id)), "requests");
        var deniedAtOnce = log.Where(entry => entry.Type == AuditType.RequestEvaluated && entry["verdict"] == VerdictText.Of(Verdict.Deny)).Select(entry => entry["request"]);
        Of(AuditType.RequestEnded, "request").Concat(deniedAtOnce).Order(StringComparer.Ordinal).ToArray()
            .ShouldBe(Ids(requests.Where(row => row.State is RequestState.Denied or RequestState.Cancelled or RequestState.Expired).Select(row => row.Id)), "ended requests");

        foreach (var request in requests)
            log.Count(entry => entry.Type == AuditType.RequestRevised && entry["request"] == request.Id.ToString()).ShouldBe(request.Revision - 1, "revisions");

        var decisions = await db.Decisions.AsNoTracking().ToListAsync();
        Of(AuditType.DecisionMade, "decision").ShouldBe(Ids(decisions.Select(row => row.Id)), "decisions");

        // More time: one extension of each approved request for it, in force or void by a word of its own.
        var extensions = await db.Extensions.AsNoTracking().ToListAsync();
        Ids(extensions.Select(row => row.RequestId)).ShouldBe(Ids(requests.Where(row => row.State == RequestState.Approved && row.Extends is not null).Select(row => row.Id)), "approved extensions");
        Of(AuditType.GrantExtended, "extension").ShouldBe(Ids(extensions.Select(row => row.RequestId)), "extensions");
        Of(AuditType.RunExtended, "extension").ShouldBe(Ids(extensions.Where(row => row.State == ExtensionState.InForce).Select(row => row.RequestId)), "extensions in force");
        Of(AuditType.ExtensionVoid, "extension").ShouldBe(Ids(extensions.Where(row => row.State == ExtensionState.Void).Select(row => row.RequestId)), "void extensions");
        extensions.Where(row => row.State != ExtensionState.Void).Select(row => (row.RunId, row.From)).ShouldBeUnique();

        // Series: one of each approved request for one; a run of each occurrence that has one, and an entry of each.
        var series = await db.Series.AsNoTracking().ToListAsync();
        Ids(series.Select(row => row.RequestId)).ShouldBe(Ids(requests.Where(row => row is { State: RequestState.Approved, Series: not null, DueAt: null }).Select(row => row.Id)), "approved series");
        Of(AuditType.SeriesBegun, "series").ShouldBe(Ids(series.Select(row => row.Id)), "series");
        Of(AuditType.SeriesEnded, "series").ShouldBe(Ids(series.Where(row => row.State == SeriesState.Ended).Select(row => row.Id)), "ended series");
        var occurrences = await db.Occurrences.AsNoTracking().ToListAsync();
        Of(AuditType.SeriesOccurred, "due").ShouldBe([.. occurrences.Select(row => row.DueAt.ToString("O")).Order(StringComparer.Ordinal)], "occurrences");
        Ids(occurrences.Where(row => row.RunId is not null).Select(row => row.RunId!.Value)).ShouldBe(
            Ids((await db.Runs.AsNoTracking().ToListAsync()).Where(run => requests.Single(row => row.Id == run.RequestId).Series is not null).Select(run => run.Id)), "runs of series");

        // Grants: one of each approved request; uses taken are the runs, each with its entries.
        var grants = await db.Grants.AsNoTracking().ToListAsync();
        Ids(grants.Select(row => row.RequestId)).ShouldBe(Ids(requests.Where(row => row.State == RequestState.Approved && row.Extends is null && (row.Series is null || row.DueAt is not null)).Select(row => row.Id)), "approved requests");
        Of(AuditType.GrantIssued, "grant").ShouldBe(Ids(grants.Select(row => row.Id)), "grants");
        var runs = await db.Runs.AsNoTracking().ToListAsync();
        foreach (var grant in grants)
        {
            var uses = Enumerable.Range(1, grant.UsesGranted - grant.UsesLeft).ToArray();
            runs.Where(run => run.GrantId == grant.Id).Select(run => run.UseNumber).Order().ToArray().ShouldBe(uses, "uses without their runs");
            log.Where(entry => entry.Type == AuditType.GrantConsumed && entry["grant"] == grant.Id.ToString())
                .Select(entry => int.Parse(entry["use"]!)).Order().ToArray().ShouldBe(uses, "uses without their entries");
            var ends = log.Where(entry => entry.Type == AuditType.GrantEnded && entry["grant"] == grant.Id.ToString()).Select(entry => entry["state"]).ToArray();
            if (grant.State == GrantState.Active)
                ends.ShouldBeEmpty();
            else
                ends[^1].ShouldBe(grant.State.ToString().ToLowerInvariant(), "the end of a grant");
            (grant.EndReason is null && grant.EndedAt is null).ShouldBe(grant.State == GrantState.Active, "an end without a reason");
        }

        // Runs: ordered once, ended once.
        Of(AuditType.RunOrdered, "run").ShouldBe(Ids(runs.Select(row => row.Id)), "runs");
        var over = runs.Where(run => AccessLifecycle.Runs.IsFinal(run.State)).ToArray();
        // An order that was refused a second time ends nothing, and its entry is of no request.
        var failed = log.Where(entry => entry.Type == AuditType.OrderRefused && entry["correlation"] is not null).Select(entry => entry["run"]!);
        // A run that was given up has a second end where its runner is heard after all.
        Of(AuditType.RunEnded, "run").Distinct().Concat(failed).Order(StringComparer.Ordinal).ToArray().ShouldBe(Ids(over.Select(row => row.Id)), "ended runs");
        over.ShouldAllBe(run => run.EndReason != null && run.EndedAt != null);

        // The rest.
        var policies = await db.Policies.AsNoTracking().OrderBy(row => row.Number).ToListAsync();
        log.Where(entry => entry.Type == AuditType.PolicyApplied).Select(entry => entry["new"]!).ToArray().ShouldBe([.. policies.Select(row => row.Hash)], "policies");
        policies.Select(row => row.Number).ToArray().ShouldBe([.. Enumerable.Range(1, policies.Count).Select(number => (long)number)]);
        Of(AuditType.TokenCreated, "token").ShouldBe(Ids((await db.Tokens.AsNoTracking().ToListAsync()).Select(row => row.Id)), "tokens");

        string[] Of(string type, string field) =>
            [.. log.Where(entry => entry.Type == type && entry[field] is not null).Select(entry => entry[field]!).Order(StringComparer.Ordinal)];
        static string[] Ids<T>(IEnumerable<T> ids)
            where T : notnull => [.. ids.Select(id => id.ToString()!).Order(StringComparer.Ordinal)];
    }

    /// <summary>Each head that was ever signed follows the one before, and its root from the entries; nothing that was shown is missing.</summary>
    public static async Task ShouldHaveSignedOneStory(this World world)
    {
        // As a server that starts: what was shown lies in its data folder.
        await using var started = await world.Beside();
        await started.Get<Sequencer>().Integrate(default);
        var newest = (await started.Get<PublishedHead>().Publish(default)).ShouldNotBeNull();
        await using var db = world.Open();
        var heads = await db.LogHeads.AsNoTracking().OrderBy(row => row.Size).ToListAsync();
        heads.Select(row => row.Follows).ShouldBe([0, .. heads.SkipLast(1).Select(row => row.Size)], "heads do not follow one another");
        var entries = await db.AuditEntries.AsNoTracking().OrderBy(row => row.Position).Select(row => row.Bytes).ToListAsync();
        newest.Head.Size.ShouldBe(entries.Count);
        var edge = new TreeEdge();
        foreach (var head in heads)
        {
            while (edge.Size < head.Size)
                edge.Append(LogHash.OfLeaf(entries[(int)edge.Size]), (_, _) => { });
            edge.Root().ShouldBe(new LogHash(head.Root), $"the head at {head.Size}");
        }
    }

    /// <summary>Every entry of a type, in order of position.</summary>
    public static async Task<List<Entry>> Entries(this World world, string type)
    {
        await world.Get<Sequencer>().Integrate(default);
        return [.. (await world.Read(Entry.All)).Where(entry => entry.Type == type)];
    }

    /// <summary>An entry as its bytes tell it.</summary>
    internal sealed record Entry(long? Position, string Type, JsonElement Body)
    {
        /// <summary>A field as text, or null where there is none.</summary>
        public string? this[string field] => Body.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;

        public static async Task<List<Entry>> All(WritDb db) =>
            [.. (await db.AuditEntries.AsNoTracking().OrderBy(row => row.Position).ThenBy(row => row.Id).ToListAsync())
                .Select(row => new Entry(row.Position, row.Type, JsonDocument.Parse(row.Bytes).RootElement.Clone()))];
    }
}
