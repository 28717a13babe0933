using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Server.Requests;
using Writ.Server.Storage;

namespace Writ.Server.Proposals;

/// <summary>
/// What would give its author a new right is not done but proposed, and waits for a second person. What the operator does on
/// the box is their own act: whoever can read the server's keys needs no right that Writ could keep from them.
/// </summary>
internal sealed class ProposalBook(WriteTransaction writes)
{
    public const string Policy = "policy", Template = "template", Roles = "roles";
    public const string Waiting = "waiting", Confirmed = "confirmed", Refused = "refused", Withdrawn = "withdrawn";

    /// <summary>How long a proposal waits.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>The most that wait of one author.</summary>
    private const int MostWaiting = 5;

    /// <summary>The author as policy sees them, with the workloads that they answer for.</summary>
    public static async Task<IReadOnlyList<Subject>> Subjects(WritDb db, ActorId author) =>
        [.. (await db.Actors.AsNoTracking().Where(row => row.Id == author || row.OwnerId == author).OrderBy(row => row.Id).ToListAsync()).Select(Reevaluation.SubjectOf)];

    /// <summary>Null where nothing would be new to the author, or the author is the operator on the box.</summary>
    /// <param name="newRights">What it would give them.</param>
    /// <param name="templates">The templates that it would bring into force: those need a second person whatever their author has.</param>
    public static Refusal? Needed(Caller author, IReadOnlyList<string> newRights, IReadOnlyList<string>? templates = null) => author.SignIn.Way == SignInWay.Box || newRights.Count + (templates?.Count ?? 0) == 0
        ? null
        : new(ErrorCode.SecondPersonNeeded, newRights.Count > 0 ? "this would give you a new right" : "a template does not come into force by one person's word", Reasons: [.. newRights, .. templates ?? []]);

    /// <summary>Proposes it, and says so.</summary>
    /// <param name="author">Who would get a new right.</param>
    /// <param name="kind"><see cref="Policy"/>, <see cref="Template"/> or <see cref="Roles"/>.</param>
    /// <param name="of">What it is of, in a word.</param>
    /// <param name="content">What is to be done when it is confirmed.</param>
    /// <param name="needed">Of <see cref="Needed"/>.</param>
    public async Task<Refusal> Propose(Caller author, string kind, string of, string content, Refusal needed)
    {
        var proposed = await writes.Commit<ProposalId>(async scope =>
        {
            var waiting = await scope.Db.Proposals.AsNoTracking().Where(row => row.By == author.Id && row.State == Waiting && row.ExpiresAt > scope.Now).ToListAsync();
            if (waiting.Count >= MostWaiting)
                return new Refusal(ErrorCode.WrongState, $"{needed.Message}, and {MostWaiting} proposals of yours wait already", "take one back: writ proposals refuse prp_…", needed.Reasons);
            var row = new ProposalRow
            {
                Id = ProposalId.New(scope.Now), Kind = kind, By = author.Id, Content = content, Of = of,
                Base = await scope.Db.Policies.OrderByDescending(policy => policy.Number).Select(policy => policy.Hash).FirstOrDefaultAsync(),
                NewRights = [.. needed.Reasons!], State = Waiting, CreatedAt = scope.Now, ExpiresAt = scope.Now + Life,
            };
            scope.Db.Proposals.Add(row);
            scope.Record(new(AuditType.ProposalMade, author.Audit, null, new()
            {
                ["proposal"] = row.Id.ToString(), ["kind"] = kind, ["of"] = of, ["new_rights"] = AuditEvent.Texts(row.NewRights),
            }, author.SourceAddress));
            return row.Id;
        });
        return !proposed.IsOk
            ? proposed.Refusal
            : needed with
            {
                Message = $"{needed.Message}, and waits for a second person as {proposed.Value}",
                Hint = $"another admin confirms it within a day: writ proposals confirm {proposed.Value}; or the operator on the box: writ-server proposal confirm {proposed.Value}",
            };
    }

    /// <summary>Settles a proposal within the transaction that does what it is about, or nothing; null where it did.</summary>
    public static async Task<Refusal?> Settle(WriteScope scope, ProposalRow proposal, string state, AuditActor by, string? source)
    {
        var settled = await scope.Db.Proposals.Where(row => row.Id == proposal.Id && row.State == Waiting && row.ExpiresAt > scope.Now)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.State, state).SetProperty(row => row.DecidedBy, by.Name).SetProperty(row => row.DecidedAt, scope.Now));
        if (settled == 0)
            return new(ErrorCode.WrongState, "the proposal is over", $"writ proposals show {proposal.Id}");
        scope.Record(new(AuditType.ProposalDecided, by, null, new()
        {
            ["proposal"] = proposal.Id.ToString(), ["kind"] = proposal.Kind, ["of"] = proposal.Of, ["state"] = state, ["proposed_by"] = proposal.By.ToString(),
        }, source));
        return null;
    }
}
