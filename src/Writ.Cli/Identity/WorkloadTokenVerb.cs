using System.Globalization;

namespace Writ.Cli.Identity;

/// <summary><c>writ workload token</c>: a token with which this workload's agent calls <c>/mcp</c>.</summary>
internal static class WorkloadTokenVerb
{
    public static Verb Verb(CliContext context) =>
        new Verb("token", "Print a token for the door of agents, /mcp: it opens nothing else, and ends by itself", "export WRIT_TOKEN=$(writ workload token)").Does(async (_, cancel) =>
        {
            var workload = WorkloadSignIn.Of(context)
                ?? throw Stop.Usage("the environment names no workload", "set WRIT_ID_TOKEN_FILE, or WRIT_WORKLOAD and WRIT_WORKLOAD_KEY_FILE; people's agents sign in by their browser");
            var (token, seconds) = await workload.AgentTokenAsync(cancel);
            context.Terminal.Print(token);
            context.Terminal.Remark(string.Create(CultureInfo.InvariantCulture, $"writ: for /mcp alone, for {Math.Floor(seconds / 60):0} minutes"));
            return ExitCode.Ok;
        });
}
