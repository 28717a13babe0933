using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Identity;

namespace Writ.Cli.Identity;

/// <summary><c>writ passkey list</c></summary>
internal static class ListPasskeys
{
    public static Verb Verb(CliContext context)
    {
        var list = new Listing();
        return list.AddTo(new Verb("list", "List your passkeys, or as an auditor everybody's", "writ passkey list", "writ passkey list --format json")).Does((parse, cancel) =>
            list.PrintAsync(context, parse, "/v1/passkeys", WritJson.Default.PagePasskeyView, items =>
            {
                var table = new Columns(context.Terminal, "id", "person", "name", "state", "fingerprint", "made");
                foreach (var item in items)
                    table.Row(item.Id, item.Owner.Name, item.Name, State(item), item.Fingerprint, When.Full(item.CreatedAt, context.Now));
                table.Print();
            }, cancel));
    }

    private static string State(PasskeyView passkey) => passkey switch
    {
        { RemovedAt: not null } => "removed",
        { ConfirmedAt: null } => "not confirmed",
        { ConfirmedBy: { } by } => $"approves, confirmed by {by.Name}",
        _ => "approves, confirmed on the box",
    };
}
