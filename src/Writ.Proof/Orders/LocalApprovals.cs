using System.Globalization;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Statements;

namespace Writ.Proof.Orders;

/// <summary>A person whose yes a runner knows by itself.</summary>
/// <param name="Person">The person's id, <c>act_…</c>.</param>
/// <param name="Name">What the runner's operator calls them.</param>
/// <param name="Keys">The public keys of their passkeys, at least one.</param>
public sealed record LocalApprover(string Person, string Name, IReadOnlyList<PasskeyKey> Keys);

/// <summary>Approvals that a runner asks for by itself: whatever reaches one of the addresses needs so many of these people.</summary>
/// <param name="Zone">What the runner's operator calls it.</param>
/// <param name="Addresses">Where it holds.</param>
/// <param name="Persons">Whose yes counts, by id.</param>
/// <param name="Count">So many distinct ones, at least 1.</param>
public sealed record LocalQuorum(string Zone, AddressSet Addresses, IReadOnlySet<string> Persons, int Count);

/// <summary>The approvals of an order that a runner asked for and that hold.</summary>
/// <param name="Statement">The digest of what was approved.</param>
/// <param name="Uses">How many runs were approved; no more orders are obeyed for it, whoever signs them.</param>
/// <param name="Until">When no order for it can be obeyed any more, in Unix microseconds.</param>
public sealed record HeldApproval(string Statement, int Uses, long Until);

/// <summary>
/// The approver keys and quorums of a runner's own configuration. Nothing that a server signs stands in for them: a yes counts
/// only where a key that stands here has signed this very statement. So who has the server's keys and its database can neither make
/// an approval up, nor move it to another command, nor use it more often or much later than it was given.
/// </summary>
/// <param name="Party">Where the passkeys are used; null where nobody is named.</param>
/// <param name="Approvers">The people, by id.</param>
/// <param name="Quorums">What is asked for where.</param>
public sealed record LocalApprovals(PasskeyParty? Party, IReadOnlyDictionary<string, LocalApprover> Approvers, IReadOnlyList<LocalQuorum> Quorums)
{
    /// <summary>How long a request waits for its decisions at most, in microseconds: no decision lies further from another.</summary>
    public const long LongestWait = 24L * 3_600_000_000;

    // Orders are refused anyway while the clocks of runner and server differ by more.
    private const long MostAhead = 2_000_000;

    /// <summary>A runner whose configuration asks for nobody.</summary>
    public static LocalApprovals None { get; } = new(null, new Dictionary<string, LocalApprover>(), []);

    /// <summary>What holds of the order's approvals, null where none is asked for; the refusal where one is missing.</summary>
    /// <param name="order">The order; its decisions are about its statement.</param>
    /// <param name="statement">What was decided.</param>
    /// <param name="reached">What the statement may reach.</param>
    /// <param name="now">The runner's own clock, in Unix microseconds.</param>
    public Result<HeldApproval?> Hold(RunOrder order, Statement statement, AddressSet reached, long now)
    {
        var asked = Quorums.Where(quorum => !quorum.Addresses.Intersect(reached).IsEmpty).ToArray();
        if (asked.Length == 0)
            return (HeldApproval?)null;

        // 1. Whose yes is it? What the server says of it counts for nothing; a key of this configuration does.
        var digest = Statement.DigestOf(order.Statement);
        var given = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var decision in order.Decisions)
        {
            if (decision.Passkey is not { } assertion || !Approvers.TryGetValue(decision.By, out var approver))
                continue;
            Result<PasskeyHeld> held = default;
            foreach (var key in approver.Keys)
            {
                held = PasskeyCheck.Verify(assertion, key, Party!, digest);
                if (held.IsOk)
                    break;
            }

            if (!held.IsOk)
                return Refuse($"the approval of {approver.Name}: {held.Refusal.Message}");
            if (decision.At < assertion.At || decision.At - assertion.At > PasskeyAssertion.Life)
                return Refuse($"the approval of {approver.Name} was given at another time than the order says");
            // Nobody's yes to their own request counts, here neither.
            if (approver.Person != statement.Actor.Id && approver.Person != statement.OnBehalfOf?.Id)
                given[approver.Person] = assertion.At;
        }

        // 2. Are they enough, in each zone on its own?
        foreach (var quorum in asked)
        {
            var counted = given.Keys.Count(quorum.Persons.Contains);
            if (counted < quorum.Count)
                return Refuse(string.Create(CultureInfo.InvariantCulture, $"zone {quorum.Zone} of this runner asks for {quorum.Count} approvals by passkey of {Names(quorum)}, and the order has {counted}"));
        }

        // 3. No decision that only the server vouches for may carry the deadline further than a request waits.
        var first = given.Where(yes => asked.Any(quorum => quorum.Persons.Contains(yes.Key))).Min(yes => yes.Value);
        if (order.Decisions.Any(decision => decision.At < first - LongestWait || decision.At > first + LongestWait))
            return Refuse("a decision of the order was made at another time than the approvals that this runner asks for");
        // Nor may one be of a time to come: the run would last longer than was approved.
        if (order.Issued > now + MostAhead || order.Decisions.Any(decision => decision.At > order.Issued))
            return Refuse("the order has a decision of a time to come");
        return new HeldApproval(digest, statement.Uses, statement.NotAfter(first + LongestWait));
    }

    private string Names(LocalQuorum quorum) =>
        string.Join(", ", quorum.Persons.Select(person => Approvers.TryGetValue(person, out var approver) ? approver.Name : person).Order(StringComparer.Ordinal));

    private static Refusal Refuse(string why) => new(ErrorCode.ApprovalsNotCovered, why, "its operator names approvers and quorums in runner.json");
}
