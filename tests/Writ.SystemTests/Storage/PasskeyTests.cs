using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Identity;
using Writ.Contracts.Requests;
using Writ.Contracts.Runners;
using Writ.Core;
using Writ.Core.Audit;
using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;
using Writ.Proof.Log;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Audit;
using Writ.Server.Decisions;
using Writ.Server.Passkeys;
using Writ.Server.Storage;
using Writ.SystemTests.Databases;
using Writ.Tests.Proof.Identity;

namespace Writ.SystemTests.Storage;

/// <summary>Approvals by passkey: who can give them, for what, how often; and what stays of them.</summary>
public abstract class PasskeyTests(StorageEngine engine) : StorageTest(engine), IDisposable
{
    private static readonly string Policy = World.Policy.Replace("approval: { from: [reviewer], count: 1 }", "approval: { from: [reviewer], count: 1, with: passkey }", StringComparison.Ordinal);
    private static readonly PasskeyParty Party = PasskeyParty.Of(new(World.PublicUrl));
    private readonly SoftAuthenticator _rae = new(), _ron = new(rsa: true);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _rae.Dispose();
        _ron.Dispose();
    }

    [Fact]
    public async Task Approval_by_passkey_is_in_the_decision_the_log_the_order_and_the_receipt()
    {
        var world = await Create(Policy);
        var (rae, token) = await world.SignIn(new("rae", false, null, ["secops"], false, false, TimeSpan.FromHours(24)));
        var passkey = await Own(world, rae, _rae);
        var dana = await world.Developer();
        var request = await world.Request(dana);

        // Without the passkey nothing is approved, and the refusal says where it is.
        var needed = (await world.Approve(rae, request)).ShouldBeRefused(ErrorCode.PasskeyNeeded);
        needed.Needs.ShouldBe([$"{World.PublicUrl}/approve/{request.Id}"]);
        var view = (await Approve(world, rae, request, _rae)).ShouldBeOk();
        view.State.ShouldBe("approved");
        view.Decisions.ShouldHaveSingleItem().Passkey.ShouldBe(passkey);
        view.Evaluation.Approvals.ShouldHaveSingleItem().WithPasskey.ShouldBeTrue();

        // The order carries what was signed, and a runner that knows the key and nothing else of the server can check it.
        var run = (await world.Start(dana, await world.GrantOf(request))).ShouldBeOk();
        var order = RunOrder.Read(run.OrderBytes).Value;
        var decision = order.Decisions.ShouldHaveSingleItem();
        decision.By.ShouldBe(rae.Id.ToString());
        var signed = decision.Passkey.ShouldNotBeNull();
        PasskeyCheck.Verify(signed, _rae.Key, Party, Statement.DigestOf(order.Statement)).IsOk.ShouldBeTrue();
        var proof = Directory.CreateDirectory(Path.Combine(world.Folder, "proof")).FullName;
        string[] files = [Path.Combine(proof, "key.der"), Path.Combine(proof, "signature"), Path.Combine(proof, "signed")];
        await File.WriteAllBytesAsync(files[0], _rae.Key.Info.ToArray(), Cancel);
        await File.WriteAllBytesAsync(files[1], signed.Signature, Cancel);
        await File.WriteAllBytesAsync(files[2], [.. signed.AuthenticatorData, .. SHA256.HashData(signed.ClientData)], Cancel);
        (await Commands.Run("openssl", "dgst", "-sha256", "-verify", files[0], "-keyform", "DER", "-signature", files[1], files[2])).ShouldContain("Verified OK");

        // The receipt tells it offline, with the key that somebody else had confirmed before.
        world.Runner.SayStarted(run.Id.ToString());
        world.Runner.Say(new() { Ended = world.Runner.End(run.Id.ToString(), EndCause.Exited) });
        await World.Eventually(async () => (await world.Now(run)).State == RunState.Exited, "the run ends");
        var (socket, home, file) = (Path.Combine(world.Folder, "api.sock"), Path.Combine(world.Folder, "home"), Path.Combine(world.Folder, "scan.receipt"));
        await using (var server = await world.Beside(socket))
        {
            await server.Serve();
            var (wrote, said) = await TamperTests.Type(socket, token, home, "receipt", run.Id.ToString(), "-o", file);
            wrote.ShouldBe(0, said);
        }

        var key = world.Get<LogKeys>().Public[0];
        var (code, told) = await TamperTests.Type(socket, token, Path.Combine(world.Folder, "elsewhere"), "verify", file, "--key", key.ToString());
        code.ShouldBe(0, told);
        told.ShouldContain($"approved by rae ({rae.Id}) at {World.PublicUrl} with passkey {passkey}, key {SigningKeys.KeyId(_rae.Key.Info)}, which ada had confirmed");
        var receipt = Receipt.Read(await File.ReadAllBytesAsync(file, Cancel)).Value;
        ReceiptCheck.Verify(receipt, [key]).IsOk.ShouldBeTrue();
        ReceiptCheck.Verify(receipt with { ApproverKeys = null }, [key]).Refusal.Message.ShouldContain("nothing says whose passkey");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task New_passkey_approves_only_after_another_person_has_confirmed_it()
    {
        var world = await Create(Policy);
        var rae = await world.Admin("rae", "secops");
        var request = await world.Request(await world.Developer());
        var made = await Make(world, rae, _rae);
        made.ConfirmedAt.ShouldBeNull();
        (await world.Get<ChallengeApproval>().Challenge(rae, request.Id.ToString(), Cancel)).ShouldBeRefused(ErrorCode.PasskeyNeeded);

        // Not by its owner, an admin too; not by who is no admin; not for another key than the one that the owner named.
        var confirm = world.Get<ConfirmPasskey>();
        (await confirm.Confirm(rae, made.Id, made.Fingerprint, Cancel)).ShouldBeRefused(ErrorCode.OwnRequest);
        (await confirm.Confirm(await world.Reviewer("ron"), made.Id, made.Fingerprint, Cancel)).ShouldBeRefused(ErrorCode.Forbidden);
        var ada = await world.Admin();
        (await confirm.Confirm(ada, made.Id, "0000000000000000", Cancel)).ShouldBeRefused(ErrorCode.InvalidInput);
        (await world.Read(db => db.Passkeys.SingleAsync())).ConfirmedAt.ShouldBeNull();

        (await confirm.Confirm(ada, made.Id, made.Fingerprint, Cancel)).ShouldBeOk().ConfirmedBy!.Name.ShouldBe("ada");
        (await confirm.Confirm(ada, made.Id, made.Fingerprint, Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        (await Approve(world, rae, request, _rae)).ShouldBeOk();
        (await world.Entries(AuditType.PasskeyConfirmed)).ShouldHaveSingleItem()["public_key"].ShouldBe(Convert.ToBase64String(_rae.Key.Info));

        // One that was taken away approves no more.
        (await world.Get<RemovePasskey>().Remove(rae, made.Id, "lost", Cancel)).ShouldBeOk();
        (await world.Get<ChallengeApproval>().Challenge(rae, (await world.Request(await world.Developer())).Id.ToString(), Cancel)).ShouldBeRefused(ErrorCode.PasskeyNeeded);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Answer_of_a_passkey_counts_once_for_one_statement_one_person_and_five_minutes()
    {
        var world = await Create(Policy);
        var (rae, ron) = (await world.Reviewer(), await world.Reviewer("ron"));
        await Own(world, rae, _rae);
        await Own(world, ron, _ron);
        var dana = await world.Developer();
        var (one, other) = (await world.Request(dana), await world.Request(dana));

        // For another request, by another person, by a passkey of somebody else's.
        var answer = await Sign(world, rae, one, _rae);
        (await Decide(world, rae, other, answer)).ShouldBeRefused(ErrorCode.Forbidden);
        (await Decide(world, ron, one, answer)).ShouldBeRefused(ErrorCode.Forbidden);
        (await Decide(world, rae, one, await Sign(world, rae, one, _ron))).ShouldBeRefused(ErrorCode.Forbidden);
        // With a nonce that was made up, or without the user's being verified.
        (await Decide(world, rae, one, answer with { Nonce = RandomNumberGenerator.GetBytes(32) })).ShouldBeRefused(ErrorCode.Forbidden);
        (await Decide(world, rae, one, await Sign(world, rae, one, _rae, flags: 0x01))).ShouldBeRefused(ErrorCode.Forbidden);
        // Too late.
        var late = await Sign(world, rae, one, _rae);
        world.Clock.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromMicroseconds(1));
        (await Decide(world, rae, one, late)).ShouldBeRefused(ErrorCode.Forbidden);
        (await world.Now(one)).State.ShouldBe(RequestState.Pending);

        // Several of the same at once: one decides, and the nonce is spent.
        var good = await Sign(world, rae, one, _rae);
        var said = await Outcomes.AtOnce(4, _ => Decide(world, rae, one, good));
        said.Count(result => result.IsOk).ShouldBe(1);
        (await world.Now(one)).State.ShouldBe(RequestState.Approved);
        (await world.Read(db => db.PasskeyChallenges.AnyAsync(row => row.Nonce == good.Nonce))).ShouldBeFalse();

        // A count that goes back is of a copy: the honest authenticator has signed since.
        var copy = await Sign(world, ron, other, _ron);
        var since = await Sign(world, ron, other, _ron);
        (await Decide(world, ron, other, since)).ShouldBeOk();
        var third = await world.Request(dana);
        var challenge = (await world.Get<ChallengeApproval>().Challenge(ron, third.Id.ToString(), Cancel)).ShouldBeOk();
        var data = SoftAuthenticator.Data(Party.Id, SoftAuthenticator.Honest, 1);
        var client = System.Text.Encoding.UTF8.GetBytes(SoftAuthenticator.ClientData("webauthn.get", challenge.Challenge, World.PublicUrl));
        (await Decide(world, ron, third, copy with
        {
            Nonce = challenge.Nonce, AuthenticatorData = data, ClientData = client, Signature = _ron.Sign([.. data, .. SHA256.HashData(client)]),
        })).ShouldBeRefused(ErrorCode.Forbidden).Message.ShouldContain("there may be a copy");
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Approval_that_a_rule_asks_a_passkey_for_is_not_met_by_one_without()
    {
        var world = await Create();
        var (rae, dana) = (await world.Reviewer(), await world.Developer());
        await Own(world, rae, _rae);
        // One without is enough; with one it is proved.
        var before = await world.Request(dana);
        (await world.Approve(rae, before)).ShouldBeOk();
        var proved = await world.Request(dana);
        (await Approve(world, rae, proved, _rae)).ShouldBeOk();

        // A policy that asks for one from now on takes what was given without.
        (await world.Get<Writ.Server.Policy.ApplyPolicy>().Apply(await world.Admin(), new(Policy), Cancel)).ShouldBeOk();
        (await world.Start(dana, await world.GrantOf(proved))).ShouldBeOk();
        (await world.Now(await world.GrantOf(before))).State.ShouldBe(GrantState.Revoked);
        await world.ShouldBalance();
    }

    [Fact]
    public async Task Passkey_that_does_not_hold_is_not_added()
    {
        var world = await Create();
        var rae = await world.Reviewer();
        var make = world.Get<MakePasskey>();
        foreach (var (what, change) in ((string, Func<byte[], NewPasskey>)[])
                 [
                     ("another origin", challenge => New(challenge, _rae.Register(challenge, Party with { Origin = "https://evil.example" }))),
                     ("another party", challenge => New(challenge, _rae.Register(challenge, Party with { Id = "evil.example" }))),
                     ("another challenge", challenge => New(challenge, _rae.Register(new byte[32], Party))),
                     ("a challenge that was never given out", _ => New(new byte[32], _rae.Register(new byte[32], Party))),
                     ("no user verified", challenge => New(challenge, _rae.Register(challenge, Party, flags: 0x41))),
                     ("no credential", challenge => New(challenge, _rae.Register(challenge, Party, flags: 0x05))),
                     ("a key of no kind", challenge => New(challenge, _rae.Register(challenge, Party, cose: [0xa0]))),
                     ("more than it says", challenge => New(challenge, _rae.Register(challenge, Party, cose: [.. _rae.Cose, 0]))),
                     ("no name", challenge => New(challenge, _rae.Register(challenge, Party)) with { Name = " " }),
                     ("a name of two lines", challenge => New(challenge, _rae.Register(challenge, Party)) with { Name = "a\r\nb" }),
                 ])
        {
            var challenge = (await make.Challenge(rae, Cancel)).ShouldBeOk();
            (await make.Make(rae, change(challenge.Challenge), Cancel)).IsOk.ShouldBeFalse(what);
        }

        (await world.Read(db => db.Passkeys.AnyAsync())).ShouldBeFalse();
        await Make(world, rae, _rae);
        // Nor one that is there already, nor one of a workload's.
        var again = (await make.Challenge(rae, Cancel)).ShouldBeOk();
        again.Known.ShouldHaveSingleItem().ShouldBe(_rae.Credential);
        (await make.Make(rae, New(again.Challenge, _rae.Register(again.Challenge, Party)), Cancel)).ShouldBeRefused(ErrorCode.WrongState);
        var (robot, _) = await world.SignIn(new("robot", true, null, [], false, false, TimeSpan.FromHours(1)));
        (await make.Challenge(robot, Cancel)).ShouldBeRefused(ErrorCode.Forbidden);
    }

    private static NewPasskey New(byte[] challenge, (byte[] ClientData, byte[] AuthenticatorData) made) => new("laptop", challenge, made.ClientData, made.AuthenticatorData, ["internal"]);

    private static async Task<PasskeyView> Make(World world, Caller owner, SoftAuthenticator passkey)
    {
        var challenge = (await world.Get<MakePasskey>().Challenge(owner, Cancel)).ShouldBeOk();
        return (await world.Get<MakePasskey>().Make(owner, New(challenge.Challenge, passkey.Register(challenge.Challenge, Party)), Cancel)).ShouldBeOk();
    }

    private static async Task<string> Own(World world, Caller owner, SoftAuthenticator passkey)
    {
        var made = await Make(world, owner, passkey);
        return (await world.Get<ConfirmPasskey>().Confirm(await world.Admin(), made.Id, made.Fingerprint, Cancel)).ShouldBeOk().Id;
    }

    private static async Task<PasskeyAnswer> Sign(World world, Caller caller, RequestRow request, SoftAuthenticator passkey, byte flags = SoftAuthenticator.Honest)
    {
        var challenge = (await world.Get<ChallengeApproval>().Challenge(caller, request.Id.ToString(), Cancel)).ShouldBeOk();
        challenge.Challenge.ShouldBe(PasskeyAssertion.Challenge(request.StatementDigest, challenge.Nonce, challenge.At));
        var signed = passkey.Approve(request.StatementDigest, challenge.At, Party, flags: flags, nonce: challenge.Nonce);
        return new(challenge.Nonce, signed.Credential, signed.AuthenticatorData, signed.ClientData, signed.Signature);
    }

    private static async Task<Result<RequestView>> Approve(World world, Caller caller, RequestRow request, SoftAuthenticator passkey) =>
        await Decide(world, caller, request, await Sign(world, caller, request, passkey));

    private static Task<Result<RequestView>> Decide(World world, Caller caller, RequestRow request, PasskeyAnswer answer) =>
        world.Get<DecisionTurn>().Decide(caller, request.Id.ToString(), new(request.StatementDigest, null, answer), approve: true, Cancel);

    [Collection(SqliteCollection.Name)]
    public sealed class OnSqlite(SqliteEngine engine) : PasskeyTests(engine);

    [Collection(PostgresCollection.Name)]
    public sealed class OnPostgres(PostgresEngine engine) : PasskeyTests(engine);
}
