using Writ.Core.Identity;
using Writ.Proof.Errors;
using Writ.Proof.Identity;

namespace Writ.Tests.Core.Identity;

/// <summary>Who passes each kind of access, by what they are, by which way they came in, and by how long ago that was.</summary>
public class AccessTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private static Caller Caller(SignInWay way, ActorKind kind = ActorKind.User, bool admin = false, bool auditor = false, TimeSpan age = default) => new(
        new(Guid.CreateVersion7(Now)), "someone", kind, [], null, admin, auditor, new TokenId(Guid.CreateVersion7(Now)), Now.AddHours(1), new(way, Now - age, []), null) { CheckedAt = Now };

    private static string Answer(Access access, Caller? caller) => access.Refuse(caller, Now) is not { } refusal ? "yes"
        : refusal.Code switch { ErrorCode.NotSignedIn => "sign in", ErrorCode.StaleSignIn => "again", ErrorCode.Forbidden => "no", var other => other };

    // Columns: nobody, a person by the box, by a browser now, by a browser 15 minutes ago, by a device code, a workload, a workload by the box.
    [Theory]
    [InlineData(Access.None, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Open, "yes,yes,yes,yes,yes,yes,yes")]
    [InlineData(Access.SignedIn, "sign in,yes,yes,yes,yes,yes,yes")]
    [InlineData(Access.Decider, "sign in,yes,yes,yes,no,no,no")]
    [InlineData(Access.Approver, "sign in,yes,yes,again,no,no,no")]
    [InlineData(Access.Auditor, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Admin, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.FreshAdmin, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Runner, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Provisioner, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Transmitter, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Chat, "sign in,no,no,no,no,no,no")]
    public void Refuse_of_those_without_rights(Access access, string answers) => Answers(access, admin: false, auditor: false).ShouldBe(answers);

    [Theory]
    [InlineData(Access.None, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Decider, "sign in,yes,yes,yes,no,no,no")]
    [InlineData(Access.Approver, "sign in,yes,yes,again,no,no,no")]
    [InlineData(Access.Auditor, "sign in,yes,yes,yes,yes,yes,yes")]
    [InlineData(Access.Admin, "sign in,yes,yes,yes,no,no,no")]
    [InlineData(Access.FreshAdmin, "sign in,yes,yes,again,no,no,no")]
    [InlineData(Access.Runner, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Provisioner, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Transmitter, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.Chat, "sign in,no,no,no,no,no,no")]
    public void Refuse_of_admins(Access access, string answers) => Answers(access, admin: true, auditor: false).ShouldBe(answers);

    [Theory]
    [InlineData(Access.Auditor, "sign in,yes,yes,yes,yes,yes,yes")]
    [InlineData(Access.Admin, "sign in,no,no,no,no,no,no")]
    [InlineData(Access.FreshAdmin, "sign in,no,no,no,no,no,no")]
    public void Refuse_of_auditors(Access access, string answers) => Answers(access, admin: false, auditor: true).ShouldBe(answers);

    [Fact]
    public void Sign_in_is_fresh_for_a_quarter_of_an_hour_and_never_from_the_future()
    {
        Browser(TimeSpan.Zero).ShouldBeTrue();
        Browser(SignIn.FreshFor - TimeSpan.FromTicks(1)).ShouldBeTrue();
        Browser(SignIn.FreshFor).ShouldBeFalse();
        Browser(TimeSpan.FromSeconds(-59)).ShouldBeTrue("the provider's clock is a little ahead");
        Browser(TimeSpan.FromMinutes(-1)).ShouldBeFalse();
        // What the operator made on the box is their own act; a device code and a process never are.
        new SignIn(SignInWay.Box, Now.AddHours(-23), []).IsFresh(Now).ShouldBeTrue();
        foreach (var way in new[] { SignInWay.None, SignInWay.Device, SignInWay.Workload })
            new SignIn(way, Now, []).IsFresh(Now).ShouldBeFalse();

        static bool Browser(TimeSpan age) => new SignIn(SignInWay.Browser, Now - age, ["pwd"]).IsFresh(Now);
    }

    [Fact]
    public void Way_that_nobody_set_is_nobody() => Answer(Access.SignedIn, Caller(SignInWay.None)).ShouldBe("sign in");

    private static string Answers(Access access, bool admin, bool auditor) => string.Join(',',
        new[]
        {
            null, Caller(SignInWay.Box, admin: admin, auditor: auditor), Caller(SignInWay.Browser, admin: admin, auditor: auditor),
            Caller(SignInWay.Browser, admin: admin, auditor: auditor, age: SignIn.FreshFor), Caller(SignInWay.Device, admin: admin, auditor: auditor),
            Caller(SignInWay.Workload, ActorKind.Workload, admin, auditor), Caller(SignInWay.Box, ActorKind.Workload, admin, auditor),
        }.Select(caller => Answer(access, caller)));
}
