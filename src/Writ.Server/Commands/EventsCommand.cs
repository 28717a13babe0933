using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Writ.Server.Audit;
using Writ.Server.SecurityEvents;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary><c>writ-server events</c>: the issuers whose signed word that a session is over counts, on the box.</summary>
internal static class EventsCommand
{
    public static Command Build(TimeProvider time) => new("events", "Issuers whose signed events about sign-ins count.") { Add(time), List(), Remove(time) };

    private static Command Add(TimeProvider time)
    {
        var name = new Argument<string>("NAME") { Description = "What it is called in the audit log; one of this name gets other keys" };
        var issuer = new Option<string>("--issuer") { Description = "The issuer, exactly as its events and sign-ins name it", HelpName = "URL", Required = true };
        var audience = new Option<string>("--audience") { Description = "The audience, exactly as its events name this server", HelpName = "TEXT", Required = true };
        var keys = new Option<string>("--keys") { Description = "Its public keys: a JSON Web Key Set", HelpName = "FILE", Required = true };
        var add = new Command("add", "Pins an issuer with its keys.") { CommandLine.Data, CommandLine.DatabaseOption, name, issuer, audience, keys };
        add.SetAction(async (parsed, cancel) =>
        {
            var text = await File.ReadAllTextAsync(parsed.GetValue(keys)!, cancel);
            return await With(parsed, time, async book => await book.Add(parsed.GetValue(name)!, parsed.GetValue(issuer)!, parsed.GetValue(audience)!, text));
        });
        return add;
    }

    private static Command List()
    {
        var list = new Command("list", "Lists the pinned issuers.") { CommandLine.Data, CommandLine.DatabaseOption };
        list.SetAction(async (parsed, cancel) =>
        {
            using var database = CommandLine.Open(Path.GetFullPath(parsed.GetValue(CommandLine.Data)!), parsed.GetValue(CommandLine.DatabaseOption));
            await using var db = database.Open();
            foreach (var row in await db.Transmitters.AsNoTracking().OrderBy(row => row.Name).ToListAsync(cancel))
                Console.WriteLine($"{row.Name}  {row.Issuer}  for {row.Audience}, since {row.AddedAt:u}");
            return 0;
        });
        return list;
    }

    private static Command Remove(TimeProvider time)
    {
        var name = new Argument<string>("NAME") { Description = "The issuer's name here" };
        var remove = new Command("remove", "Takes no event of it any more.") { CommandLine.Data, CommandLine.DatabaseOption, name };
        remove.SetAction(async (parsed, _) => await With(parsed, time, book => book.Remove(parsed.GetValue(name)!)));
        return remove;
    }

    private static async Task<int> With(ParseResult parsed, TimeProvider time, Func<TransmitterBook, Task<Writ.Proof.Errors.Result<bool>>> what)
    {
        var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
        if (!CommandLine.IsInitialised(data))
            return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
        using var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
        using var bell = new SequencerBell();
        var done = await what(new TransmitterBook(new WriteTransaction(database, bell, time)));
        return done.IsOk ? 0 : CommandLine.Fail(done.Refusal);
    }
}
