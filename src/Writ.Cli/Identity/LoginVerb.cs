using System.CommandLine;
using Writ.Cli.Output;

namespace Writ.Cli.Identity;

/// <summary>
/// <c>writ login</c>: in the browser of this computer; by a code on another device where there is none; as a workload
/// where the environment says which.
/// </summary>
internal static class LoginVerb
{
    public static Verb Verb(CliContext context)
    {
        var device = new Option<bool>("--device") { Description = "with a code that is typed on another device; it may ask and watch alone" };
        return new Verb("login", "Sign in; later calls renew it by themselves", "writ login", "writ login --device").With(device).Does(async (parse, cancel) =>
        {
            if (context.Variable("WRIT_TOKEN") is not null)
                throw Stop.Usage("WRIT_TOKEN is set, and it goes before every sign-in", "unset WRIT_TOKEN");
            var workload = WorkloadSignIn.Of(context);
            if (workload is not null && parse.GetValue(device))
                throw Stop.Usage("--device signs a person in, and the environment names a workload", "unset WRIT_ID_TOKEN_FILE, WRIT_ID_TOKEN and WRIT_WORKLOAD_KEY_FILE");
            var file = SignIns.File(context) ?? throw SignIns.Homeless();
            var fresh = workload is not null ? await workload.SignInAsync(null, null, cancel)
                : parse.GetValue(device) ? await DeviceSignIn.SignInAsync(context, cancel)
                : Browser.IsThere(context) ? await new BrowserSignIn(context).SignInAsync(null, null, cancel)
                : await DeviceSignIn.SignInAsync(context, cancel);
            await StoredSignIn.KeepAsync(file, context.OAuth, fresh, cancel);
            context.Terminal.Print(Printable.Line($"signed in to {context.Dialled.Text} as {fresh.Name}"));
            return ExitCode.Ok;
        });
    }
}
