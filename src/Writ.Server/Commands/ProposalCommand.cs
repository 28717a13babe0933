using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Writ.Server.Identity;
using Writ.Server.Proposals;

namespace Writ.Server.Commands;

/// <summary>
/// <c>writ-server proposal</c>: the operator on the box as the second person, for the first policy and for a house with one
/// admin. Whoever can read the server's keys could do anything; here it is on the record.
/// </summary>
internal static class ProposalCommand
{
    public static Command Build(TimeProvider time) => new("proposal", "What waits for a second person, decided on the box.") { List(time), Confirm(time) };

    private static Command List(TimeProvider time)
    {
        var list = new Command("list", "Lists the proposals that wait.") { CommandLine.Data, CommandLine.DatabaseOption };
        list.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            using var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
            await using var db = database.Open();
            var now = time.GetUtcNow();
            var rows = await db.Proposals.AsNoTracking().Where(row => row.State == ProposalBook.Waiting && row.ExpiresAt > now).OrderBy(row => row.Id).ToListAsync(cancel);
            foreach (var view in await ShowProposals.Views(db, rows, withContent: false, now))
            {
                Console.WriteLine($"{view.Id}  {view.Kind} {view.Of}, by {view.By}, until {view.ExpiresAt:u}");
                foreach (var right in view.NewRights)
                    Console.WriteLine($"  - {right}");
            }

            return 0;
        });
        return list;
    }

    private static Command Confirm(TimeProvider time)
    {
        var id = new Argument<string>("PROPOSAL") { Description = "The proposal, prp_…" };
        var confirm = new Command("confirm", "Says yes as the second person: it is done then.") { CommandLine.Data, CommandLine.DatabaseOption, id };
        confirm.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            using var database = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption));
            // The verb as the server has it; nothing of it listens. What has to be ended is ended by the server that runs.
            await using var app = Application.Compose(new(data, [], null, null), ServerKeys.Load(data), database, time);
            var confirmed = await app.Services.GetRequiredService<DecideProposal>().ConfirmOnBox(parsed.GetValue(id)!, cancel);
            if (!confirmed.IsOk)
                return CommandLine.Fail(confirmed.Refusal);
            Console.Error.WriteLine($"confirmed: {confirmed.Value.Kind} {confirmed.Value.Of}, proposed by {confirmed.Value.By}");
            return 0;
        });
        return confirm;
    }
}
