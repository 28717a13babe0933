using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Requests;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>A reviewer makes a request smaller, and nothing else.</summary>
public abstract class NarrowTests(StorageEngine engine) : StorageTest(engine)
{
    private const string Broad = "nmap -sT -Pn -n -p 22,80 10.20.0.0/28";

    [Fact]
    public async Task Narrowed_request_is_a_new_revision_and_its_grant_covers_that_alone()
    {
        var world = await Create();
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        var request = await world.Request(dana, Broad, uses: 3);
        var view = (await Narrow(world, rae, request, new(request.StatementDigest, ["10.20.0.4/30"], "80", 600, 1, "only the web servers"))).ShouldBeOk();
        (view.Revision, view.Plan.TargetCount, view.Plan.Tcp, view.DurationSeconds, view.Uses, view.State).ShouldBe((2, "4", "80", 600, 1, "pending"));

        // What was shown before is stale; the new one is decided by itself, and only that may run.
        (await world.Approve(rae, request)).ShouldBeRefused(ErrorCode.StaleRevision);
        var revised = await world.Now(request);
        (await world.Approve(rae, revised)).ShouldBeOk();
        var grant = await world.GrantOf(request);
        (grant.UsesGranted, grant.NotAfter).ShouldBe((1, world.Clock.GetUtcNow() + TimeSpan.FromMinutes(10)));
        (await world.Start(dana, grant, Broad)).ShouldBeRefused(ErrorCode.NoGrant);
        (await world.Start(dana, grant, string.Join(' ', revised.Command))).ShouldBeOk();
        (await world.Read(db => db.AuditEntries.CountAsync(row => row.Type == AuditType.RequestRevised && row.ActorId == rae.Id, Cancel))).ShouldBe(1);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Yes_of_before_does_not_count_for_what_was_narrowed()
    {
        var world = await Create();
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        var request = await world.Request(await world.Developer(), "nmap -sT -Pn -n -p 22,80 10.30.0.0/28");
        (await world.Approve(rae, request)).ShouldBeOk();
        (await Narrow(world, ron, request, new(request.StatementDigest, Ports: "22"))).ShouldBeOk();
        (await world.Approve(ron, await world.Now(request))).ShouldBeOk();
        (await world.Now(request)).State.ShouldBe(RequestState.Pending);
        (await world.Approve(rae, await world.Now(request))).ShouldBeOk();
        (await world.Now(request)).State.ShouldBe(RequestState.Approved);
    }

    [Fact]
    public async Task Narrowing_never_widens_and_is_for_those_who_decide()
    {
        var world = await Create();
        var (dana, rae) = (await world.Developer(), await world.Reviewer());
        var request = await world.Request(dana, Broad);
        var digest = request.StatementDigest;
        (await Narrow(world, rae, request, new(digest, ["10.20.1.0/24"]))).ShouldBeRefused(ErrorCode.InvalidTarget);
        (await Narrow(world, rae, request, new(digest, Ports: "443"))).ShouldBeRefused(ErrorCode.InvalidPorts);
        (await Narrow(world, rae, request, new(digest))).ShouldBeRefused(ErrorCode.InvalidInput);
        (await Narrow(world, rae, request, new(digest, [], null))).ShouldBeRefused(ErrorCode.InvalidTarget);
        (await Narrow(world, rae, request, new(new('a', 64), Ports: "22"))).ShouldBeRefused(ErrorCode.StaleRevision);
        (await Narrow(world, await world.Admin("ron", "secops", "engineering"), await world.Request(await world.Admin("ron", "secops", "engineering")), new(digest, Ports: "22"))).ShouldBeRefused(ErrorCode.OwnRequest);
        (await Narrow(world, await world.Admin(), request, new(digest, Ports: "22"))).ShouldBeRefused(ErrorCode.Forbidden);
        (await Narrow(world, await world.Person("mallory"), request, new(digest, Ports: "22"))).ShouldBeRefused(ErrorCode.NotFound);
        (await world.Now(request)).Revision.ShouldBe(1);

        // More than was asked for is not given by asking for more of it.
        var longer = (await Narrow(world, rae, request, new(digest, Ports: "22,443", DurationSeconds: 86_400, Uses: 900))).ShouldBeOk();
        (longer.Plan.Tcp, longer.DurationSeconds, longer.Uses).ShouldBe(("22", 3600, 1));
    }

    private static Task<Result<RequestView>> Narrow(World world, Caller caller, RequestRow request, NarrowAsk ask) =>
        world.Get<NarrowRequest>().Narrow(caller, request.Id.ToString(), ask, Cancel);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : NarrowTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : NarrowTests(engine);
}
