using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts;
using Writ.Contracts.Grants;

namespace Writ.Cli.Identity;

/// <summary><c>writ passkey remove</c></summary>
internal static class RemovePasskey
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("PASSKEY", "your own passkey, or as an admin anybody's, pk_…");
        var reason = Shared.Text("--reason", "why, for the record", "TEXT");
        return new Verb("remove", "Take a passkey away; what it has signed stays proved",
            "writ passkey remove pk_06bqz3w1x8 --reason 'lost with the laptop'").With(id, reason).Does(async (parse, cancel) =>
        {
            var passkey = Shared.CheckedId(parse.GetRequiredValue(id), "pk_", "passkey");
            var removed = (await context.Server.PostAsync($"/v1/passkeys/{passkey}/remove", new EndAsk(parse.GetValue(reason)), WritJson.Default.EndAsk, WritJson.Default.PasskeyView, cancel)).Value;
            context.Terminal.Print(Printable.Line($"{removed.Id} of {removed.Owner.Name} is removed"));
            return ExitCode.Ok;
        });
    }
}
