using Writ.Proof.Errors;

namespace Writ.Core.Identity;

/// <summary>
/// Who may call something. What a caller may see of it then (their own requests, those that they review) is decided where
/// the thing is looked up. The zero value is nobody.
/// </summary>
public enum Access
{
    /// <summary>Nobody: it was not said who.</summary>
    None,
    /// <summary>Anyone, also without a sign-in.</summary>
    Open,
    /// <summary>Everybody who is signed in: people and processes.</summary>
    SignedIn,
    /// <summary>A person whose way in may decide.</summary>
    Decider,
    /// <summary>The same, who signed in a moment ago.</summary>
    Approver,
    /// <summary>An auditor or an admin, by any way in: it shows and changes nothing.</summary>
    Auditor,
    /// <summary>An admin whose way in may administer.</summary>
    Admin,
    /// <summary>The same, who signed in a moment ago.</summary>
    FreshAdmin,
    /// <summary>A runner by its certificate, or its enrolment token; by the runner listener alone.</summary>
    Runner,
    /// <summary>A directory with its own token, which says who is a user.</summary>
    Provisioner,
    /// <summary>A pinned issuer that signs what it says about sign-ins.</summary>
    Transmitter,
    /// <summary>A chat that signs its calls, which says whose button was pressed.</summary>
    Chat,
}

/// <summary>Whether a caller is whom something is for.</summary>
public static class AccessCheck
{
    /// <summary>Null where the caller may, else the refusal. Actors never pass where only a machine with a key of its own does.</summary>
    /// <param name="access">What was declared.</param>
    /// <param name="caller">Who calls, or null for nobody.</param>
    /// <param name="now">The moment against which the age of the sign-in counts.</param>
    public static Refusal? Refuse(this Access access, Caller? caller, DateTimeOffset now)
    {
        if (access == Access.Open)
            return null;
        if (caller is null || caller.SignIn.Way is SignInWay.None or SignInWay.Chat)
            return new(ErrorCode.NotSignedIn, "not signed in", "sign in: writ login");
        return access switch
        {
            Access.SignedIn => null,
            Access.Auditor => caller.ReadsAll ? null : new(ErrorCode.Forbidden, "only auditors and admins see this"),
            Access.Decider => Way(caller, "decides"),
            Access.Approver => Way(caller, "decides") ?? Age(caller, now),
            Access.Admin => Rank(caller) ?? Way(caller, "administers"),
            Access.FreshAdmin => Rank(caller) ?? Way(caller, "administers") ?? Age(caller, now),
            Access.Open or Access.None or Access.Runner or Access.Provisioner or Access.Transmitter or Access.Chat => new(ErrorCode.Forbidden, "this is for nobody who signs in"),
        };
    }

    /// <summary>Null where the caller may break the glass: a person by a way in that may decide too, who signed in a moment ago.</summary>
    /// <param name="caller">Who wants to.</param>
    /// <param name="now">The moment against which the age of the sign-in counts.</param>
    public static Refusal? RefuseBreakGlass(this Caller caller, DateTimeOffset now) => Way(caller, "breaks the glass") ?? Age(caller, now);

    private static Refusal? Rank(Caller caller) => caller.IsAdmin ? null : new(ErrorCode.Forbidden, "only an admin does this");

    private static Refusal? Way(Caller caller, string does) => caller switch
    {
        { Kind: not ActorKind.User } => new(ErrorCode.Forbidden, $"a workload never {does}", "a person with the right does"),
        { SignIn.Way: SignInWay.Box or SignInWay.Browser } => null,
        { SignIn.Way: SignInWay.Device } => new(ErrorCode.Forbidden, $"a sign-in by a code on another device never {does}", "sign in with the browser of this machine: writ login"),
        _ => new(ErrorCode.Forbidden, $"this way of signing in never {does}"),
    };

    private static Refusal? Age(Caller caller, DateTimeOffset now) => caller.SignIn.IsFresh(now)
        ? null
        : new(ErrorCode.StaleSignIn, $"this asks for a sign-in of the last {SignIn.FreshFor.TotalMinutes:0} minutes", "sign in again: writ login");
}
