using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Cli.Server;
using Writ.Contracts.Identity;

namespace Writ.Cli.Users;

/// <summary>People and workloads in words.</summary>
internal static class UserText
{
    public static string State(UserView user) => user.DisabledAt is null ? "enabled" : "disabled";

    public static string Rights(UserView user) => string.Join(", ", (string[])[.. user.Admin ? ["admin"] : Array.Empty<string>(), .. user.Auditor ? ["auditor"] : Array.Empty<string>()]);

    public static Fields Full(UserView user, DateTimeOffset now) => new Fields()
        .Add("user", user.Id)
        .Add("name", user.Name)
        .Add("kind", user.Kind)
        .Add("state", user.DisabledAt is { } at ? $"disabled, {When.Full(at, now)}" : "enabled")
        .Add("rights", Rights(user))
        .Add("roles", string.Join(", ", user.Roles))
        .Add("groups", string.Join(", ", user.Groups))
        .Add("owner", user.Owner)
        .Add("owns", string.Join(", ", user.Owns))
        .Add("since", When.Full(user.CreatedAt, now))
        .Add("signed out", user.SignedOutAt is null ? null : When.Full(user.SignedOutAt, now));

    /// <summary>Prints what became of them, and returns the exit code.</summary>
    public static int Print(Terminal terminal, Answer<UserEndView> answer, bool json, string done)
    {
        var ended = answer.Value;
        if (json)
        {
            JsonText.Print(terminal, answer.Json);
            return ended.End.Outcome == "confirmed" ? ExitCode.Ok : ExitCode.Failed;
        }

        terminal.Print(Printable.Line($"{done}: {ended.User.Name}, {Counted(ended.Grants.Count, "grant")} revoked, {Counted(ended.Requests.Count, "request")} answered anew or ended, {Counted(ended.End.Runs.Count, "run")} ended"));
        if (ended.User.Owns.Count > 0 && ended.User.DisabledAt is not null)
            terminal.Say(Printable.Line($"hint: these workloads of theirs go on: {string.Join(", ", ended.User.Owns)}"));
        return ended.End.Runs.Count == 0 && ended.End.Journalled ? ExitCode.Ok : EndText.Print(terminal, new(ended.End, answer.Json), json: false, "ended");
    }

    private static string Counted(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
