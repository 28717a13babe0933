using System.CommandLine;
using Writ.Server.Audit;
using Writ.Server.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary><c>writ-server token create</c>: a token for first steps and scripts, on the box.</summary>
internal static class TokenCommand
{
    private static readonly Option<string> Actor = new("--actor") { Description = "The user's or workload's name", Required = true, HelpName = "NAME" };
    private static readonly Option<string[]> Groups = new("--group") { Description = "A group of the user; may be given several times", HelpName = "GROUP" };
    private static readonly Option<bool> Workload = new("--workload") { Description = "A process, not a person" };
    private static readonly Option<string?> Owner = new("--owner") { Description = "The person who answers for a workload", HelpName = "NAME" };
    private static readonly Option<bool> Admin = new("--admin") { Description = "May manage: policy, runners, tokens" };
    private static readonly Option<bool> Auditor = new("--auditor") { Description = "May read everything" };
    private static readonly Option<string> For = new("--for") { Description = "Its life, at most 24h", DefaultValueFactory = _ => "8h", HelpName = "DURATION" };

    public static Command Build(TimeProvider time)
    {
        var create = new Command("create", "Prints a new token, once.")
        {
            CommandLine.Data, CommandLine.DatabaseOption, Actor, Groups, Workload, Owner, Admin, Auditor, For,
        };
        create.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            if (!CommandLine.TryParseDuration(parsed.GetValue(For)!, out var life))
                return CommandLine.Fail($"--for: '{parsed.GetValue(For)}' is no duration", "for example 30m or 8h", 2);
            var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
            using var bell = new SequencerBell();
            var created = await new CreateToken(new WriteTransaction(database, bell, time)).Create(new(
                parsed.GetValue(Actor)!, parsed.GetValue(Workload), parsed.GetValue(Owner), parsed.GetValue(Groups) ?? [],
                parsed.GetValue(Admin), parsed.GetValue(Auditor), life));
            if (!created.IsOk)
                return CommandLine.Fail(created.Refusal);
            Console.Error.WriteLine($"token {created.Value.Row.Id} for {parsed.GetValue(Actor)}, until {created.Value.Row.NotAfter:u}");
            Console.WriteLine(created.Value.Text);
            return 0;
        });
        return new Command("token", "Access tokens, made on the box.") { create };
    }
}
