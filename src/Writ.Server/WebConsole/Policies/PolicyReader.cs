using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Policy;
using Writ.Contracts.Requests;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Server.Identity;
using Writ.Server.Policy;
using Writ.Server.Proposals;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.Server.Templates;
using Writ.Server.WebConsole.Ask;

namespace Writ.Server.WebConsole.Policies;

/// <summary>A revision in the history.</summary>
public sealed record Revision(long Number, string Hash, DateTimeOffset At, string By);

/// <summary>A revision with its text, and the text before it.</summary>
public sealed record RevisionText(Revision Of, string Text, string? Before, bool InForce);

/// <summary>What a policy would say to somebody.</summary>
public sealed record TriedOut(string Verdict, string Sentence, IReadOnlyList<string> Reasons, IReadOnlyList<string> Rules, IReadOnlyList<string> Roles, string Argv);

/// <summary>Reads policies, tries them out and holds them against what was asked before.</summary>
internal sealed class PolicyReader(
    Visit visit, Database database, PolicyInForce policies, Planner planner, Hindsight hindsight, CheckPolicy check, ApplyPolicy apply, DecideProposal decide, TimeProvider time)
{
    private const int MostRevisions = 50;
    private const int MostCompared = 1_000;

    /// <summary>A revision; the one in force where no number is given.</summary>
    public Task<Result<RevisionText>> Read(long? number) => visit.Do<RevisionText>("ShowPolicy", async _ =>
    {
        await using var db = database.Open();
        var newest = await db.Policies.MaxAsync(row => (long?)row.Number);
        if (newest is null)
            return new Refusal(ErrorCode.NotFound, "no policy is in force, so everything is denied");
        var wanted = number ?? newest.Value;
        if (await db.Policies.AsNoTracking().SingleOrDefaultAsync(row => row.Number == wanted) is not { } found)
            return new Refusal(ErrorCode.NotFound, $"there is no revision {wanted} of the policy");
        var before = await db.Policies.AsNoTracking().Where(row => row.Number == wanted - 1).Select(row => row.Text).SingleOrDefaultAsync();
        return new RevisionText(new(found.Number, found.Hash, found.AppliedAt, found.AppliedBy), found.Text, before, wanted == newest);
    });

    /// <summary>Revisions, newest first.</summary>
    public Task<Result<IReadOnlyList<Revision>>> History(long? before) => visit.Do<IReadOnlyList<Revision>>("ShowPolicy", async _ =>
    {
        await using var db = database.Open();
        return await db.Policies.AsNoTracking().Where(row => before == null || row.Number < before).OrderByDescending(row => row.Number).Take(MostRevisions)
            .Select(row => new Revision(row.Number, row.Hash, row.AppliedAt, row.AppliedBy)).ToArrayAsync();
    });

    /// <summary>Whether the text is a policy, and what is wrong with it.</summary>
    public Task<Result<PolicyCheckView>> Check(string text) => visit.Do<PolicyCheckView>("CheckPolicy", async _ => (await check.Check(new(text), CancellationToken.None)).View);

    /// <summary>Puts it into force; what would give its author a new right waits for a second person.</summary>
    /// <param name="text">The policy.</param>
    /// <param name="withdraw">Whether templates and definitions that are not in it go out of force.</param>
    public Task<Result<PolicyView>> Apply(string text, bool withdraw) => visit.Do("ApplyPolicy", caller => apply.Apply(caller, new(text, Withdraw: withdraw), CancellationToken.None));

    /// <summary>What waits for a second person.</summary>
    public Task<Result<IReadOnlyList<Contracts.Identity.ProposalView>>> Waiting() => visit.Do<IReadOnlyList<Contracts.Identity.ProposalView>>("ListProposals", async _ =>
    {
        await using var db = database.Open();
        var now = time.GetUtcNow();
        var rows = await db.Proposals.AsNoTracking().Where(row => row.State == ProposalBook.Waiting && row.ExpiresAt > now).OrderByDescending(row => row.Id).Take(MostRevisions).ToListAsync();
        var views = await ShowProposals.Views(db, rows, withContent: true, now);
        return views.ToArray();
    });

    public Task<Result<Contracts.Identity.ProposalView>> Confirm(string id) => visit.Do("ConfirmProposal", caller => decide.Confirm(caller, id, CancellationToken.None));

    public Task<Result<Contracts.Identity.ProposalView>> Refuse(string id) => visit.Do("RefuseProposal", caller => decide.Refuse(caller, id));

    /// <summary>What a policy says to somebody who asks for a command at a time. Nothing is asked, and nothing is on the record.</summary>
    /// <param name="text">The policy; null for the one in force.</param>
    /// <param name="who">A person or workload, by name; empty for the one who looks.</param>
    /// <param name="groups">Groups to be looked at instead of theirs; empty for theirs.</param>
    /// <param name="line">The command.</param>
    /// <param name="minutes">For how long, or empty.</param>
    /// <param name="at">When; null for now.</param>
    public Task<Result<TriedOut>> TryOut(string? text, string who, string groups, string line, string minutes, DateTimeOffset? at) => visit.Do<TriedOut>("Explain", async caller =>
    {
        await using var db = database.Open();
        var policy = await PolicyOf(db, text);
        if (!policy.IsOk)
            return policy.Refusal;
        var subject = await SubjectOf(db, caller, who.Trim(), groups);
        if (!subject.IsOk)
            return subject.Refusal;
        TimeSpan? duration = double.TryParse(minutes, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1e6 ? TimeSpan.FromMinutes(number) : null;
        // Whether a reason is given is no matter here: it is taken as given.
        var (terms, when) = (new AskedTerms(duration, null, "to try it out", "TRY-1"), at ?? time.GetUtcNow());
        policy = await PolicyInForce.At(db, policy.Value, when);
        var planned = await planner.Plan(db, policy.Value, CommandWords.Split(line), new Dictionary<string, ReadOnlyMemory<byte>>(), plan => Evaluator.Evaluate(policy.Value, subject.Value, plan, terms, when), CancellationToken.None);
        if (!planned.IsOk)
            return planned.Refusal;
        var found = planned.Value.Explain(Evaluator.Evaluate(policy.Value, subject.Value, planned.Value.Plan, terms, when));
        return new TriedOut(
            VerdictText.Of(found.Verdict), Sentence(found), found.Reasons, found.Rules, [.. policy.Value.RolesOf(subject.Value)], Printable.Command(planned.Value.Plan.Argv));
    });

    /// <summary>Which of the last 1,000 requests two policies answer otherwise, as they come.</summary>
    public async IAsyncEnumerable<(int Looked, Differing? Found)> Compare(string older, string newer, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        if (await visit.As("ListRequests") is not { IsOk: true, Value: var caller }
            || PolicyDocument.Parse(older, "the policy before").Policy is not { } before || PolicyDocument.Parse(newer, "the policy after").Policy is not { } after)
            yield break;
        await foreach (var found in hindsight.Compare(caller, before, after, MostCompared, cancel))
            yield return found;
    }

    private async Task<Result<PolicyDocument>> PolicyOf(WritDb db, string? text)
    {
        if (text is null)
            return await policies.Get(db);
        var parse = PolicyDocument.Parse(text, "policy.yaml");
        return parse.Policy is { } policy ? policy : new Refusal(ErrorCode.InvalidPolicy, $"the text is no policy: line {parse.Problems[0].Line}: {parse.Problems[0].Message}", parse.Problems[0].Hint);
    }

    /// <summary>Whose groups are looked at is for those who may read them; anybody may try groups by name.</summary>
    private static async Task<Result<Subject>> SubjectOf(WritDb db, Caller caller, string who, string groups)
    {
        string[] named = groups.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (who.Length == 0 || who == caller.Name)
            return named.Length > 0 ? new Subject(caller.Name, false, named) : Reevaluation.SubjectOf(caller);
        if (named.Length > 0)
            return new Subject(who, false, named);
        if (!caller.ReadsAll)
            return new Refusal(ErrorCode.Forbidden, "only auditors and admins look at the groups of others", "name the groups yourself");
        return await db.Actors.AsNoTracking().Where(row => row.Name == who && row.Kind != ActorKind.System).OrderBy(row => row.Kind).FirstOrDefaultAsync() is { } actor
            ? Reevaluation.SubjectOf(actor)
            : new Refusal(ErrorCode.NotFound, $"there is nobody named '{RequestAccess.Shown(who)}'", "name groups, to try somebody who does not exist yet");
    }

    private static string Sentence(Evaluation found) => found.Verdict switch
    {
        Verdict.Allow => "Allowed at once.",
        Verdict.RequireApproval => $"Needs a yes of {string.Join(" and of ", found.Approvals.Select(need => $"{need.Count} {string.Join(" or ", need.From)} for {need.Zone}"))}.",
        Verdict.Deny => "Denied.",
    };
}
