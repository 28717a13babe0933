using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Runners;

namespace Writ.Cli.Runners;

/// <summary><c>writ runner enroll</c></summary>
internal static class Enroll
{
    public static Verb Verb(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "what the runner shall be called", HelpName = "NAME" };
        var format = Shared.Format();
        return new Verb("enroll", "Make a one-time token with which a new runner enrols", "writ runner enroll berlin-1").With(name, format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.CreateAsync(
                "/v1/runners/enrolments", new NewEnrolment(parse.GetRequiredValue(name)), WritJson.Default.NewEnrolment, WritJson.Default.EnrolmentView, cancel);
            var enrolment = answer.Value;
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            // The token alone on standard output, for scripts.
            context.Terminal.Print(Printable.Line(enrolment.Token));
            context.Terminal.Say($"writ: this token works once, until {When.Exact(enrolment.ExpiresAt)}");
            context.Terminal.Say("hint: on the runner's host, type this and paste the token:");
            context.Terminal.Say($"  {EnrolCommand(enrolment)}");
            context.Terminal.Say("hint: add --ceiling ADDRESSES for what it may ever reach; without it, it reaches nothing");
            return ExitCode.Ok;
        });
    }

    private static string EnrolCommand(EnrolmentView enrolment) =>
        Printable.Command(["writ-runner", "enroll", "--server", enrolment.RunnerUrl ?? "https://HOST:PORT", "--data", "/var/lib/writ-runner"]);
}
