using Writ.Cli.Output;

namespace Writ.Cli.Identity;

/// <summary><c>writ logout</c>: the server ends the sign-in, and this computer forgets it, whether the server answers or not.</summary>
internal static class LogoutVerb
{
    public static Verb Verb(CliContext context) =>
        new Verb("logout", "End the sign-in of this computer", "writ logout").Does(async (_, cancel) =>
        {
            var file = SignIns.File(context) ?? throw SignIns.Homeless();
            KeptSignIn? kept;
            using (await file.LockAsync(cancel))
            {
                kept = file.ReadAny();
                file.Delete();
            }

            if (kept is null)
            {
                context.Terminal.Say("writ: nobody was signed in");
                return ExitCode.Ok;
            }

            if (!await StoredSignIn.EndAsync(context.OAuth, kept))
                throw new Stop(ExitCode.Failed, "signed out here, but the server could not be told", "its tokens end by themselves; an admin can sign you out everywhere");
            context.Terminal.Print(Printable.Line($"signed out: {kept.Name}"));
            return ExitCode.Ok;
        });
}
