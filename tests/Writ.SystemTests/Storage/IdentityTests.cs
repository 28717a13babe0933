using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Server.Identity;
using Writ.Server.Runners;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Storage;

/// <summary>Tokens and one-time secrets as the database keeps them.</summary>
public abstract class IdentityTests(StorageEngine engine) : StorageTest(engine)
{
    [Fact]
    public async Task Forged_expired_and_revoked_tokens_and_those_of_disabled_actors_speak_for_nobody()
    {
        var world = await Create();
        var (dana, token) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        // The control: it is good until its last microsecond.
        (await Find(token)).ShouldNotBeNull().Id.ShouldBe(dana.Id);

        (await Find(Secrets.New(Secrets.Token))).ShouldBeNull("a forged one");
        (await Find(token[..^1])).ShouldBeNull("cut short");
        (await Find(token.ToUpperInvariant())).ShouldBeNull("in capitals");
        (await Find(token + "\0")).ShouldBeNull("with a tail");
        (await Find(string.Concat(Secrets.SetUp, token.AsSpan(Secrets.Token.Length)))).ShouldBeNull("of another kind");
        (await Find("")).ShouldBeNull();
        (await world.Read(db => db.Tokens.AsNoTracking().SingleAsync(row => row.Id == dana.Token))).Hash.ShouldBe(Secrets.Hash(token));

        await world.Writes.Append(db => db.Actors.Where(row => row.Id == dana.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, world.Clock.GetUtcNow())));
        (await Find(token)).ShouldBeNull("disabled");
        await world.Writes.Append(db => db.Actors.Where(row => row.Id == dana.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, (DateTimeOffset?)null)));
        (await Find(token)).ShouldNotBeNull();

        // Somebody else's cannot be revoked, one's own can, once.
        var revoke = world.Get<RevokeToken>();
        (await revoke.Revoke(await world.Developer("dora"), dana.Token.ToString())).ShouldBeRefused(ErrorCode.NotFound);
        (await Find(token)).ShouldNotBeNull();
        (await Outcomes.AtOnce(8, _ => revoke.Revoke(dana, dana.Token.ToString()))).Count(result => result.IsOk).ShouldBe(1);
        (await Find(token)).ShouldBeNull("revoked");
        (await world.Entries(AuditType.TokenRevoked)).ShouldHaveSingleItem();

        var (_, second) = await world.SignIn(new("dana", false, null, ["engineering"], false, false, TimeSpan.FromHours(1)));
        world.Clock.Advance(TimeSpan.FromHours(1) - TimeSpan.FromMicroseconds(1));
        (await Find(second)).ShouldNotBeNull();
        world.Clock.Advance(TimeSpan.FromMicroseconds(1));
        (await Find(second)).ShouldBeNull("expired");
        await world.ShouldBalance();

        Task<Caller?> Find(string text) => world.Read(db => Tokens.Find(db, text, world.Clock.GetUtcNow(), null, Cancel));
    }

    [Fact]
    public async Task A_disabled_actor_gets_no_use_of_a_grant_and_their_approval_counts_no_more()
    {
        var world = await Create();
        var (holder, grant) = await world.Approved(uses: 9);
        (await world.Start(holder, grant)).ShouldBeOk();
        foreach (var name in new[] { "dana", "rae" })
        {
            await Disable(name, world.Clock.GetUtcNow());
            (await world.Start(holder, grant)).ShouldBeRefused(ErrorCode.Denied);
            await Disable(name, null);
            (await world.Start(holder, grant)).ShouldBeOk();
        }

        Task Disable(string name, DateTimeOffset? at) =>
            world.Writes.Append(db => db.Actors.Where(row => row.Name == name).ExecuteUpdateAsync(set => set.SetProperty(row => row.DisabledAt, at)));
    }

    [Fact]
    public async Task The_set_up_secret_makes_one_admin_under_sixteen_parallel_tries()
    {
        var world = await Create();
        var other = await Beside(world);
        var secret = (await world.Writes.Commit<string>(scope =>
        {
            scope.Record(new(AuditType.ServerInitialised, AuditActor.System, null));
            return Task.FromResult<Result<string>>(SetUpFirstAdmin.Create(scope));
        })).ShouldBeOk();

        var made = await Outcomes.AtOnce(16, number => (number % 2 == 0 ? world : other).Get<SetUpFirstAdmin>().SetUp(new(secret, $"admin-{number}"), "192.0.2.8"));

        made.Count(result => result.IsOk).ShouldBe(1);
        made.Where(result => !result.IsOk).ShouldAllBe(result => result.Refusal.Code == ErrorCode.NotSignedIn);
        (await world.Read(db => db.Actors.CountAsync(row => row.Name.StartsWith("admin-")))).ShouldBe(1);
        (await world.Entries(AuditType.SetUp)).ShouldHaveSingleItem();
        await world.ShouldBalance();
    }

    [Fact]
    public async Task The_set_up_secret_is_not_spent_by_a_refused_try_nor_good_after_a_day()
    {
        var world = await Create();
        var (first, second) = ("", "");
        await world.Writes.Commit<bool>(scope =>
        {
            (first, second) = (SetUpFirstAdmin.Create(scope), SetUpFirstAdmin.Create(scope));
            scope.Record(new(AuditType.ServerInitialised, AuditActor.System, null));
            return Task.FromResult<Result<bool>>(true);
        });
        var verb = world.Get<SetUpFirstAdmin>();

        (await verb.SetUp(new(first, "ada"), null)).ShouldBeRefused(ErrorCode.WrongState);
        (await verb.SetUp(new(Secrets.New(Secrets.SetUp), "eve"), null)).ShouldBeRefused(ErrorCode.NotSignedIn);
        world.Clock.Advance(SetUpFirstAdmin.Life - TimeSpan.FromMicroseconds(1));
        (await verb.SetUp(new(first, "adam"), null)).ShouldBeOk();
        world.Clock.Advance(TimeSpan.FromMicroseconds(1));
        (await verb.SetUp(new(second, "abel"), null)).ShouldBeRefused(ErrorCode.NotSignedIn);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task An_enrolment_token_enrols_one_runner_under_sixteen_parallel_tries()
    {
        var world = await Create();
        var other = await Beside(world);
        var token = (await world.Get<CreateEnrolment>().Create(await world.Admin(), "staging-2")).ShouldBeOk().Token;
        (await world.Get<CreateEnrolment>().Create(await world.Developer(), "staging-3")).ShouldBeRefused(ErrorCode.Forbidden);

        var enrolled = await Outcomes.AtOnce(16, async number =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=runner", key, HashAlgorithmName.SHA256).CreateSigningRequest();
            try
            {
                return await (number % 2 == 0 ? world : other).Get<EnrolRunner>().Enrol(
                    new() { Token = token, CertificateRequest = ByteString.CopyFrom(request) }, new Call());
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
            {
                return null;
            }
        });

        var reply = enrolled.OfType<Writ.Contracts.Runners.EnrolReply>().ShouldHaveSingleItem();
        (await world.Read(db => db.Runners.AsNoTracking().SingleAsync(row => row.Name == "staging-2"))).Id.ToString().ShouldBe(reply.Runner);
        (await world.Entries(AuditType.RunnerEnrolled)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_person_who_signs_in_for_the_first_time_twice_at_once_is_one_person()
    {
        var world = await Create();
        var other = await Beside(world);

        var people = await Outcomes.AtOnce(8, async number =>
        {
            try
            {
                return (await (number % 2 == 0 ? world : other).Developer("nina")).Id.ToString();
            }
            catch (DbUpdateException)
            {
                return "";
            }
        });

        people.Where(id => id != "").Distinct().ShouldHaveSingleItem();
        (await world.Read(db => db.Actors.CountAsync(row => row.Name == "nina"))).ShouldBe(1);
        await world.ShouldBalance();
    }

    /// <summary>A call as the runner listener hands it on.</summary>
    private sealed class Call : ServerCallContext
    {
        private readonly Dictionary<object, object> _state = new() { ["__HttpContext"] = new DefaultHttpContext() };

        protected override string MethodCore => "Enrol";

        protected override string HostCore => "localhost";

        protected override string PeerCore => "ipv4:192.0.2.9:1";

        protected override DateTime DeadlineCore => DateTime.MaxValue;

        protected override Metadata RequestHeadersCore { get; } = [];

        protected override CancellationToken CancellationTokenCore => CancellationToken.None;

        protected override Metadata ResponseTrailersCore { get; } = [];

        protected override Status StatusCore { get; set; }

        protected override WriteOptions? WriteOptionsCore { get; set; }

        protected override AuthContext AuthContextCore { get; } = new(null, []);

        protected override IDictionary<object, object> UserStateCore => _state;

        protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => throw new NotSupportedException();

        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
    }

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : IdentityTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : IdentityTests(engine);
}
