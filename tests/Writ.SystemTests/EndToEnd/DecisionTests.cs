using Writ.Contracts;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.EndToEnd;

/// <summary>Who decides, how often, and what policy still says afterwards.</summary>
public abstract class DecisionTests(Houses houses) : EndToEndTest(houses)
{
    [Fact]
    public async Task Approve_and_deny_at_the_same_moment_give_one_outcome()
    {
        for (var round = 0; round < TestScale.Times(8); round++)
        {
            var asked = (await House.Type("dana", ["request", "--reason", "a race", "--", .. House.ShortScan(House.Target())])).ShouldBeOk().Text;
            var shown = await House.As("sam").Request(asked);
            var replies = await Outcomes.AtOnce(2, number => House.As(number == 0 ? "sam" : "sue").Decide(shown, approve: number == 0));

            var won = replies.Where(reply => reply.Value is not null).ShouldHaveSingleItem().Ok;
            replies.Where(reply => reply.Value is null).ShouldHaveSingleItem().Problem!.Type.ShouldBe("wrong-state");
            var settled = await House.As("dana").Request(asked);
            settled.State.ShouldBe(won.State);
            settled.State.ShouldBe(replies[0].Value is not null ? "approved" : "denied");
            settled.Decisions.ShouldHaveSingleItem().Approved.ShouldBe(settled.State == "approved");
            (settled.Grant is not null).ShouldBe(settled.State == "approved");
            (await House.As("dana").Audit(asked)).Count(entry => entry.Type() == "decision.made").ShouldBe(1);
        }
    }

    [Fact]
    public async Task Denial_added_after_the_approval_ends_the_run_revokes_the_grant_and_stops_the_next_use()
    {
        const string target = "10.20.0.121";
        var command = House.LongScan(target);
        var grant = await Granted(command, "--uses", "5");
        var live = await House.OnHost((await House.Type("dana", ["run", "--detach", "--", .. command])).ShouldBeOk().Text);
        live.ShouldLive();
        try
        {
            (await House.Apply(House.Policy + """
                denials:
                  - id: leave-quarantine-alone
                    zones: [quarantine]
                    tools: any

                """)).ShouldBeOk();

            await live.Gone(withinSeconds: 5);
            var (run, _) = await House.Ended(live.Id);
            (run.State, run.EndReason).ShouldBe(("killed", "revoked"));
            var revoked = await House.As("dana").Grant(grant);
            (revoked.State, revoked.UsesLeft).ShouldBe(("revoked", 4));
            revoked.EndReason!.ShouldContain("leave-quarantine-alone");

            var again = await House.As("dana").Post("/v1/runs", new(command, grant), WritJson.Default.StartRun, WritJson.Default.RunView);
            again.Value.ShouldBeNull();
            (await House.Type("dana", ["run", "--reason", "once more", "--", .. command])).ShouldBeAnError(121, "policy denies").Error.ShouldContain("leave-quarantine-alone");
            (await House.As("dana").RunsOf(grant)).Count.ShouldBe(1);
        }
        finally
        {
            (await House.Apply(House.Policy)).ShouldBeOk();
        }
    }

    [Theory]
    [InlineData("ada")]
    [InlineData("bob")]
    public async Task Own_request_is_decided_by_nobody_with_the_role_admins_included(string requester)
    {
        var asked = (await House.Type(requester, ["request", "--", .. House.ShortScan("10.30.0.7")])).ShouldBeOk().Text;
        (await House.Type(requester, "approve", asked)).ShouldBe(1).Error.ShouldContain("writ: nobody decides on their own request\nhint: somebody else with the role decides");
        (await House.Type(requester, "deny", asked)).ShouldBe(1);
        var after = await House.As(requester).Request(asked);
        after.State.ShouldBe("pending");
        after.Decisions.ShouldBeEmpty();
        var refused = (await House.As("ada").Audit(asked)).Where(entry => entry.Type() == "attempt.refused").ToArray();
        refused.Select(entry => (entry.Actor(), entry.Text("attempt"), entry.Text("code"))).ShouldBe([(requester, "approve", "own-request"), (requester, "deny", "own-request")]);
        (await House.Type(requester, "cancel", asked)).ShouldBeOk();
    }

    [Fact]
    public async Task Denial_by_a_reviewer_ends_the_waiting()
    {
        var target = House.Target();
        using var asking = House.StartTyping("dana", ["run", "--reason", "a test", "--", .. House.ShortScan(target)]);
        var request = await House.Pending(target);
        (await House.Type("sue", "deny", request.Id, "--comment", "not today")).ShouldBeOk();
        (await asking.End()).ShouldBe(122).Error.ShouldContain("writ: denied by sue: not today\n");
        (await House.As("dana").Request(request.Id)).Grant.ShouldBeNull();
        (await House.Type("sam", "approve", request.Id)).ShouldBe(1).Error.ShouldContain("there is nothing to decide");
    }

    [Fact]
    public async Task Two_approvals_are_two_people()
    {
        string[] command = ["nmap", "-n", "-Pn", "-sT", "-p", "22", "10.30.0.9"];
        var asked = (await House.Type("dana", ["request", "--", .. command])).ShouldBeOk().Text;
        (await House.Type("sam", "approve", asked)).ShouldBeOk().Text.ShouldStartWith("recorded: still missing 1 ");
        (await House.Type("sam", "approve", asked)).ShouldBe(1).Error.ShouldContain("writ: you have decided on this revision already");
        (await House.As("dana").Request(asked)).State.ShouldBe("pending");
        (await House.Type("dana", "run", "--wait", "1s", "--", "nmap", "-n", "-Pn", "-sT", "-p", "22", "10.30.0.9")).ShouldBe(123);
        (await House.Type("sue", "approve", asked)).ShouldBeOk().Text.ShouldStartWith("approved: dana has grant gr_");
        (await House.Type("dana", ["run", "--", .. command])).ShouldBeOk().Text.ShouldContain("22/tcp open");
    }

    [Collection(OnSqliteCollection.Name)]
    public sealed class OnSqlite(SqliteStreet houses) : DecisionTests(houses);

    [Collection(OnPostgresCollection.Name)]
    public sealed class OnPostgres(PostgresStreet houses) : DecisionTests(houses);
}
