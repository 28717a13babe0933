using Writ.Cli.Server;

namespace Writ.Cli.Identity;

/// <summary>Who calls, as the environment says: a token, a workload, or the person who signed in on this computer.</summary>
internal static class SignIns
{
    /// <exception cref="Stop">What is set cannot be used, or there is no place that could hold a sign-in.</exception>
    public static Credential Of(CliContext context)
    {
        if (context.Variable("WRIT_TOKEN")?.Trim() is { Length: > 0 } token)
            return new FixedToken(token.All(c => c is > ' ' and < (char)0x7f) ? token : throw Stop.Usage("WRIT_TOKEN holds characters that no token has"));
        var file = File(context) ?? throw new Stop(ExitCode.NotSignedIn, "not signed in: neither WRIT_TOKEN nor HOME is set", "writ login keeps its sign-in below HOME");
        return new StoredSignIn(file, context.OAuth, WorkloadSignIn.Of(context) ?? (SignInWay)new BrowserSignIn(context), line => context.Terminal.Say($"writ: {line}"));
    }

    /// <summary>Where the sign-in is kept; null where there is no home.</summary>
    public static SignInFile? File(CliContext context) => SignInFile.Of(context, WorkloadSignIn.Of(context)?.Folder ?? "");

    /// <summary>There is no home.</summary>
    public static Stop Homeless() => Stop.Usage("there is no place to keep a sign-in: HOME is not set", "set XDG_STATE_HOME to a folder of yours");
}
