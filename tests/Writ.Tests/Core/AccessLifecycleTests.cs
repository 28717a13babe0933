using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Writ.Core;
using Writ.Core.Decisions;
using Writ.Core.Grants;
using Writ.Core.Policy;
using Writ.Core.Requests;
using Writ.Proof.Identity;

namespace Writ.Tests.Core;

/// <summary>Random histories of grants and requests on a fake clock, and what must hold after every step of them.</summary>
public class AccessLifecycleTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    private static readonly Gen<(int Op, int Seconds)[]> Steps = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 40]).Array[1, 40];

    private static DecisionId Decision(int number) => new(new Guid(number, 0, 0, new byte[8]));

    [Fact]
    public void Grant_random_history_keeps_its_promises() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 300], Gen.Int[0, 60], Steps).Sample(history =>
        {
            var (uses, seconds, delay, steps) = history;
            var clock = new FakeTimeProvider(Start);
            var grant = Grant.Mint(new(Decision(0), Start.AddSeconds(delay), Start.AddSeconds(delay + seconds), uses));
            var (taken, allowed, decisions) = (0, uses, 0);
            foreach (var (op, wait) in steps)
            {
                clock.Advance(TimeSpan.FromSeconds(wait));
                var now = clock.GetUtcNow();
                var before = grant;
                switch (op)
                {
                    case 0 or 1 or 2:
                        (grant, var outcome) = grant.Consume(now);
                        if (outcome == ConsumeOutcome.Consumed)
                        {
                            taken++;
                            before.State.ShouldBe(GrantState.Active);
                            (now >= before.Terms.NotBefore && now < before.Terms.NotAfter).ShouldBeTrue("a use outside the interval");
                            grant.UsesLeft.ShouldBe(before.UsesLeft - 1);
                        }
                        else
                        {
                            grant.UsesLeft.ShouldBe(before.UsesLeft);
                        }

                        break;
                    case 3:
                        grant = grant.Revoke("no longer needed");
                        break;
                    case 4:
                        grant = grant.Expire(now);
                        break;
                    default:
                        // Half of the attempts reuse the decision in force: those must change nothing.
                        var fresh = wait % 2 == 0;
                        var terms = new GrantTerms(fresh ? Decision(++decisions) : grant.Terms.Decision,
                            grant.Terms.NotBefore, grant.Terms.NotAfter.AddSeconds(wait + 1), grant.Terms.Uses + (wait % 3 == 0 ? 1 : 0));
                        if (grant.Extend(terms, now) is { } extended)
                        {
                            fresh.ShouldBeTrue("an extension without a decision of its own");
                            before.State.ShouldBeOneOf(GrantState.Active, GrantState.Exhausted);
                            extended.Terms.Uses.ShouldBe(before.Terms.Uses, "more uses by way of more time");
                            now.ShouldBeLessThan(before.Terms.NotAfter, "a right that was over came back");
                            grant = extended;
                        }

                        break;
                }

                grant.UsesLeft.ShouldBe(allowed - taken);
                grant.UsesLeft.ShouldBeInRange(0, grant.Terms.Uses);
                (grant.EndReason is null).ShouldBe(grant.State == GrantState.Active, "an end without a reason");
                if (grant.Terms.NotAfter > before.Terms.NotAfter)
                    grant.Terms.Decision.ShouldNotBe(before.Terms.Decision, "a deadline that moved without a decision");
                if (grant.State != before.State)
                    AccessLifecycle.Grants.Rows.ShouldContain(row => row.From == before.State && row.To == grant.State);
                if (before.State is GrantState.Revoked or GrantState.Expired)
                    grant.ShouldBe(before, "something happened after the end");
            }
        }, iter: PropertyScale.Cases(3_000));

    [Fact]
    public void Request_random_history_keeps_its_promises()
    {
        ApprovalNeed[] needs = [new("a", "r1", ["red"], 2), new("b", "r2", ["blue"], 1)];
        ActorId[] people = [.. Enumerable.Range(1, 5).Select(number => new ActorId(new Guid(number, 0, 0, new byte[8])))];
        string[][] roles = [["red", "blue"], ["red"], ["blue"], ["red"], ["green"]];
        Gen.Select(Gen.Select(Gen.Int[0, 9], Gen.Int[0, 4], Gen.Int[0, 20]).Array[1, 40], Gen.Int[0, 4]).Sample(history =>
        {
            var (steps, own) = history;
            var clock = new FakeTimeProvider(Start);
            var request = AccessRequest.Ask(new HashSet<ActorId> { people[own] }, needs, Start.AddSeconds(200));
            foreach (var (op, person, wait) in steps)
            {
                clock.Advance(TimeSpan.FromSeconds(wait));
                var (now, before) = (clock.GetUtcNow(), request);
                var stale = op == 5;
                request = op switch
                {
                    <= 5 => request.Decide(new(people[person], roles[person]), approve: true, request.Revision - (stale ? 1 : 0), now).Request,
                    6 => request.Decide(new(people[person], roles[person]), approve: false, request.Revision, now).Request,
                    7 => request.Revise(needs, now),
                    8 => request.Expire(now),
                    _ => person == 0 ? request.Cancel() : request,
                };

                (request.EndReason is null).ShouldBe(request.State == RequestState.Pending, "an end without a reason");
                // Not as an expression, which is compiled anew each time.
                request.Approvers.Any(approver => approver.Person == people[own]).ShouldBeFalse("an own request decided");
                request.Approvers.Select(approver => approver.Person).ShouldBeUnique();
                if (request.Revision != before.Revision)
                    request.Approvers.ShouldBeEmpty("decisions that survive a revision");
                if (request.State == RequestState.Approved && before.State == RequestState.Pending)
                {
                    Quorum.IsMet(request.Needs, request.Approvers).ShouldBeTrue();
                    (now < request.ExpiresAt && !stale).ShouldBeTrue();
                    request.Approvers.Count.ShouldBeGreaterThanOrEqualTo(2);
                }

                if (AccessLifecycle.Requests.IsFinal(before.State))
                    request.ShouldBe(before, "something happened after the end");
            }
        }, iter: PropertyScale.Cases(3_000));
    }

    [Fact]
    public void Rows_zero_states_lead_nowhere_and_nothing_leads_to_them()
    {
        AccessLifecycle.Requests.Rows.ShouldAllBe(row => row.From != RequestState.None && row.To != RequestState.None && row.Event != RequestEvent.None);
        AccessLifecycle.Grants.Rows.ShouldAllBe(row => row.From != GrantState.None && row.To != GrantState.None && row.Event != GrantEvent.None);
        AccessLifecycle.Runs.Rows.ShouldAllBe(row => row.From != RunState.None && row.To != RunState.None && row.Event != RunEvent.None);
    }

    [Fact]
    public void IsFinal_ended_states_are_final()
    {
        foreach (var state in new[] { RunState.Exited, RunState.Killed, RunState.Failed })
            AccessLifecycle.Runs.IsFinal(state).ShouldBeTrue();
        foreach (var state in new[] { GrantState.Expired, GrantState.Revoked })
            AccessLifecycle.Grants.IsFinal(state).ShouldBeTrue();
        AccessLifecycle.Grants.IsFinal(GrantState.Exhausted).ShouldBeFalse("the last run of an exhausted grant may be live");
    }
}
