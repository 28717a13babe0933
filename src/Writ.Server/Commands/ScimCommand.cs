using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Writ.Server.Audit;
using Writ.Server.Directories;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary><c>writ-server scim</c>: the directories that say who is a user, on the box.</summary>
internal static class ScimCommand
{
    public static Command Build(TimeProvider time) => new("scim", "Directories that say by SCIM who is a user.") { Add(time), List(), Remove(time) };

    private static Command Add(TimeProvider time)
    {
        var name = new Argument<string>("NAME") { Description = "What the directory is called in the audit log" };
        var issuer = new Option<string?>("--issuer") { Description = "The issuer of the sign-ins whose subjects are the directory's external ids", HelpName = "URL" };
        var life = new Option<string>("--for") { Description = "Its token's life, at most 400d", DefaultValueFactory = _ => "365d", HelpName = "DURATION" };
        var add = new Command("add", "Prints a new directory's token, once.") { CommandLine.Data, CommandLine.DatabaseOption, name, issuer, life };
        add.SetAction(async (parsed, cancel) =>
        {
            if (!CommandLine.TryParseDuration(parsed.GetValue(life)!, out var span))
                return CommandLine.Fail($"--for: '{parsed.GetValue(life)}' is no duration", "for example 365d", 2);
            return await With(parsed, time, async book =>
            {
                var token = await book.Add(parsed.GetValue(name)!, parsed.GetValue(issuer), span);
                if (!token.IsOk)
                    return CommandLine.Fail(token.Refusal);
                Console.Error.WriteLine("the directory's address is /scim/v2 of this server, and its token:");
                Console.WriteLine(token.Value);
                return 0;
            });
        });
        return add;
    }

    private static Command List()
    {
        var list = new Command("list", "Lists the directories.") { CommandLine.Data, CommandLine.DatabaseOption };
        list.SetAction(async (parsed, cancel) =>
        {
            using var database = CommandLine.Open(Path.GetFullPath(parsed.GetValue(CommandLine.Data)!), parsed.GetValue(CommandLine.DatabaseOption));
            await using var db = database.Open();
            foreach (var row in await db.Directories.AsNoTracking().Where(row => row.RemovedAt == null).OrderBy(row => row.Name).ToListAsync(cancel))
                Console.WriteLine($"{row.Name}  until {row.NotAfter:u}{(row.Issuer is null ? "" : $"  {row.Issuer}")}");
            return 0;
        });
        return list;
    }

    private static Command Remove(TimeProvider time)
    {
        var name = new Argument<string>("NAME") { Description = "The directory" };
        var remove = new Command("remove", "Ends a directory's token; its users stay as they are.") { CommandLine.Data, CommandLine.DatabaseOption, name };
        remove.SetAction(async (parsed, cancel) => await With(parsed, time, async book =>
            await book.Remove(parsed.GetValue(name)!) is { IsOk: false } refused ? CommandLine.Fail(refused.Refusal) : 0));
        return remove;
    }

    private static async Task<int> With(ParseResult parsed, TimeProvider time, Func<DirectoryBook, Task<int>> what)
    {
        var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
        if (!CommandLine.IsInitialised(data))
            return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
        using var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
        using var bell = new SequencerBell();
        return await what(new DirectoryBook(new WriteTransaction(database, bell, time)));
    }
}
