using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Server.Audit;
using Writ.Server.Passkeys;
using Writ.Server.Storage;

namespace Writ.Server.Commands;

/// <summary><c>writ-server passkey</c>: confirms passkeys on the box, where there is no second admin who could.</summary>
internal static class PasskeyCommand
{
    private static readonly Argument<string> Id = new("PASSKEY") { Description = "The passkey, pk_…" };
    private static readonly Argument<string> Fingerprint = new("FINGERPRINT") { Description = "The one that its owner named: 16 hexadecimal digits" };
    private static readonly Option<string> PublicUrl = new("--public-url") { Description = "The server's, as serve has it: where the passkey is used", Required = true, HelpName = "URL" };

    public static Command Build(TimeProvider time)
    {
        var list = new Command("list", "Lists passkeys that nobody has confirmed.") { CommandLine.Data, CommandLine.DatabaseOption };
        list.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            await using var db = CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption)).Open();
            var rows = await db.Passkeys.AsNoTracking().Where(row => row.ConfirmedAt == null && row.RemovedAt == null).OrderBy(row => row.Id).ToListAsync(cancel);
            foreach (var passkey in await KnownPasskeys.Views(db, rows, cancel))
                Console.WriteLine($"{passkey.Id}  {passkey.Owner.Name}  {passkey.Fingerprint}  {passkey.CreatedAt:u}  {passkey.Name}");
            return 0;
        });
        var confirm = new Command("confirm", "Says that a passkey is its owner's: it approves from now on.") { Id, Fingerprint, PublicUrl, CommandLine.Data, CommandLine.DatabaseOption };
        confirm.SetAction(async (parsed, cancel) =>
        {
            var data = Path.GetFullPath(parsed.GetValue(CommandLine.Data)!);
            if (!CommandLine.IsInitialised(data))
                return CommandLine.Fail($"{data} holds no server", $"make one: writ-server init --data {data}");
            if (!PasskeyId.TryParse(parsed.GetValue(Id), out var id))
                return CommandLine.Fail("that is no passkey's id", "writ-server passkey list", 2);
            if (PasskeyParty.Read(parsed.GetValue(PublicUrl)?.TrimEnd('/')) is not { } party)
                return CommandLine.Fail("--public-url: passkeys are used at https:// and a name", "the one of writ-server serve", 2);
            using var bell = new SequencerBell();
            var confirmed = await new WriteTransaction(CommandLine.Open(data, parsed.GetValue(CommandLine.DatabaseOption)), bell, time).Commit<PasskeyRow>(
                scope => KnownPasskeys.Confirm(scope, party, new(null, "operator on the box"), id, parsed.GetValue(Fingerprint)!, null));
            if (!confirmed.IsOk)
                return CommandLine.Fail(confirmed.Refusal);
            Console.Error.WriteLine($"{id} approves from now on");
            return 0;
        });
        return new Command("passkey", "Passkeys for approving, confirmed on the box.") { list, confirm };
    }
}
