using System.CommandLine;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Grants;
using Writ.Contracts.Identity;

namespace Writ.Cli.Users;

/// <summary><c>writ users</c>: who there is, and the end of what somebody holds.</summary>
internal static class UsersVerb
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("users", "List people and workloads; disable them, sign them out, change their roles",
                "writ users", "writ users disable dana --reason 'left the company'", "writ users roles dana --group secops --no-admin"))
            .With(Show(context), Disable(context), Enable(context), Roles(context), SignOut(context))
            .Does((parse, cancel) => list.PrintAsync(context, parse, "/v1/users", WritJson.Default.PageUserView, items =>
            {
                var table = new Columns(context.Terminal, "id", "name", "kind", "state", "rights", "roles", "groups");
                foreach (var item in items)
                    table.Row(item.Id, item.Name, item.Kind, UserText.State(item), UserText.Rights(item), string.Join(", ", item.Roles), string.Join(", ", item.Groups));
                table.Print();
            }, cancel));
    }

    private static Verb Show(CliContext context)
    {
        var (name, format) = (Name(), Shared.Format());
        return new Verb("show", "Show a person or a workload", "writ users show dana").With(name, format).Does(async (parse, cancel) =>
        {
            var answer = await context.Server.GetAsync($"/v1/users/{await IdOf(context, parse.GetRequiredValue(name), cancel)}", WritJson.Default.UserView, cancel);
            if (parse.GetValue(format) == "json")
            {
                JsonText.Print(context.Terminal, answer.Json);
                return ExitCode.Ok;
            }

            foreach (var line in UserText.Full(answer.Value, context.Now).Lines(context.Terminal))
                context.Terminal.Print(line);
            return ExitCode.Ok;
        });
    }

    private static Verb Disable(CliContext context) => Ending(context, "disable", "Disable somebody: their sign-ins, grants and live runs end, now", "disabled", "writ users disable dana --reason 'left the company'");

    private static Verb SignOut(CliContext context) => Ending(context, "sign-out", "Sign somebody out everywhere: their sign-ins, grants and live runs end, now", "signed out", "writ users sign-out dana");

    private static Verb Ending(CliContext context, string verb, string description, string done, string example)
    {
        var (name, format) = (Name(), Shared.Format());
        var reason = Shared.Text("--reason", "for the record", "TEXT");
        return new Verb(verb, description, example).With(name, reason, format).Does(async (parse, cancel) =>
        {
            var id = await IdOf(context, parse.GetRequiredValue(name), cancel);
            var answer = await context.Server.PostAsync($"/v1/users/{id}/{verb}", new EndAsk(parse.GetValue(reason)), WritJson.Default.EndAsk, WritJson.Default.UserEndView, cancel);
            return UserText.Print(context.Terminal, answer, parse.GetValue(format) == "json", done);
        });
    }

    private static Verb Enable(CliContext context)
    {
        var name = Name();
        return new Verb("enable", "Let somebody sign in again; what had ended does not come back", "writ users enable dana").With(name).Does(async (parse, cancel) =>
        {
            var id = await IdOf(context, parse.GetRequiredValue(name), cancel);
            var answer = await context.Server.PostAsync($"/v1/users/{id}/enable", new EndAsk(), WritJson.Default.EndAsk, WritJson.Default.UserView, cancel);
            context.Terminal.Print(Printable.Line($"enabled: {answer.Value.Name}"));
            return ExitCode.Ok;
        });
    }

    private static Verb Roles(CliContext context)
    {
        var (name, format) = (Name(), Shared.Format());
        var groups = new Option<string[]>("--group") { Description = "a group; all of them are named, the others are taken away", HelpName = "GROUP" };
        var none = new Option<bool>("--no-groups") { Description = "take every group away" };
        var (admin, noAdmin) = (new Option<bool>("--admin") { Description = "may manage" }, new Option<bool>("--no-admin") { Description = "may manage no more" });
        var (auditor, noAuditor) = (new Option<bool>("--auditor") { Description = "may read everything" }, new Option<bool>("--no-auditor") { Description = "may read everything no more" });
        return new Verb("roles", "Change somebody's groups and rights; what they are no longer allowed ends, now", "writ users roles dana --group secops", "writ users roles dana --admin")
            .With(name, groups, none, admin, noAdmin, auditor, noAuditor, format).Does(async (parse, cancel) =>
        {
            var named = parse.GetValue(groups) is { Length: > 0 } some ? some : null;
            if ((named is not null && parse.GetValue(none)) || (parse.GetValue(admin) && parse.GetValue(noAdmin)) || (parse.GetValue(auditor) && parse.GetValue(noAuditor)))
                throw Stop.Usage("these options contradict each other", "writ users roles --help");
            var ask = new RolesAsk(Either(parse.GetValue(admin), parse.GetValue(noAdmin)), Either(parse.GetValue(auditor), parse.GetValue(noAuditor)), parse.GetValue(none) ? [] : named);
            if (ask == new RolesAsk())
                throw Stop.Usage("nothing to change", "for example --group secops, or --admin");
            var id = await IdOf(context, parse.GetRequiredValue(name), cancel);
            var answer = await context.Server.PutAsync($"/v1/users/{id}/roles", ask, WritJson.Default.RolesAsk, WritJson.Default.UserEndView, cancel);
            return UserText.Print(context.Terminal, answer, parse.GetValue(format) == "json", "changed");
        });

        static bool? Either(bool yes, bool no) => yes ? true : no ? false : null;
    }

    private static Argument<string> Name() => new("USER") { Description = "a name, or an id act_…", HelpName = "USER" };

    /// <summary>The id of whom is named.</summary>
    /// <exception cref="Stop">Nobody has the name, or two have it.</exception>
    private static async Task<string> IdOf(CliContext context, string text, CancellationToken cancel)
    {
        if (text.StartsWith("act_", StringComparison.Ordinal))
            return Shared.CheckedId(text, "act_", "user");
        var found = (await context.Server.GetAsync($"/v1/users?name={Uri.EscapeDataString(text)}", WritJson.Default.PageUserView, cancel)).Value.Items;
        return found.Count switch
        {
            1 => Shared.CheckedId(found[0].Id, "act_", "user"),
            0 => throw new Stop(ExitCode.Failed, $"there is no user '{text}'", "writ users lists them"),
            _ => throw new Stop(ExitCode.Failed, $"'{text}' is the name of {string.Join(" and ", found.Select(user => $"a {user.Kind}"))}", $"say which: {string.Join(" or ", found.Select(user => user.Id))}"),
        };
    }
}
