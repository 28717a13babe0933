using Writ.Cli.Options;
using Writ.Cli.Runs;
using Writ.Contracts;
using Writ.Contracts.Grants;

namespace Writ.Cli.Grants;

/// <summary><c>writ revoke</c></summary>
internal static class Revoke
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("GRANT", "the grant, gr_…");
        var reason = Shared.Text("--reason", "for the record", "TEXT");
        var format = Shared.Format();
        return new Verb("revoke", "Take a grant away and end its live runs, now",
            "writ revoke gr_06bqz3w1x8 --reason 'wrong host'").With(id, reason, format).Does(async (parse, cancel) =>
        {
            var grant = Shared.CheckedId(parse.GetRequiredValue(id), "gr_", "grant");
            var answer = await context.Server.PostAsync(
                $"/v1/grants/{grant}/revoke", new EndAsk(parse.GetValue(reason)), WritJson.Default.EndAsk, WritJson.Default.EndView, cancel);
            return EndText.Print(context.Terminal, answer, parse.GetValue(format) == "json", "revoked");
        });
    }
}
