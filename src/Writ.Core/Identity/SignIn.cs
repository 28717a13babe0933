namespace Writ.Core.Identity;

/// <summary>By which way a caller came in. The zero value is none and may nothing.</summary>
public enum SignInWay
{
    /// <summary>Not signed in.</summary>
    None,
    /// <summary>A token that the operator made on the box.</summary>
    Box,
    /// <summary>A browser, or a client that a browser gave its code to.</summary>
    Browser,
    /// <summary>A code that was typed at another device. It can be phished: it asks and watches, and neither decides nor administers.</summary>
    Device,
    /// <summary>Not at all: an account in a chat that they linked pressed a button. It decides where a rule lets it, and does nothing else.</summary>
    Chat,
    /// <summary>A process, by the identity that it already has or by its own key.</summary>
    Workload,
}

/// <summary>How an actor showed who they are.</summary>
/// <param name="Way">By which way they came in.</param>
/// <param name="At">When they last showed it themselves (<c>auth_time</c>); a token that is refreshed keeps it.</param>
/// <param name="Methods">With what, as RFC 8176 names it (<c>amr</c>): <c>pwd</c>, <c>otp</c>, <c>hwk</c>; empty where nobody said.</param>
public sealed record SignIn(SignInWay Way, DateTimeOffset At, IReadOnlyCollection<string> Methods)
{
    /// <summary>How long a sign-in counts as fresh: for approving, for the policy and for managing users.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(15);

    /// <summary>How far a provider's clock may be ahead.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    /// <summary>True where they showed who they are a moment ago. What the operator made on the box is their own act, and stays one.</summary>
    public bool IsFresh(DateTimeOffset now) => Way switch
    {
        SignInWay.Box => true,
        SignInWay.Browser => now - At < FreshFor && At - now < Ahead,
        _ => false,
    };
}
