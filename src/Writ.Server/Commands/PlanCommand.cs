using System.CommandLine;
using Writ.Proof.Runners;

namespace Writ.Server.Commands;

/// <summary>
/// <c>writ-server plan</c>: what commands mean, a JSON line each, without server, database or network. A line that cannot be
/// read or planned is answered with an error, and the next one is read.
/// </summary>
internal static class PlanCommand
{
    private static readonly Option<string?> NmapData = new("--nmap-data")
    {
        Description = "The folder with nmap-services and scripts/script.db; this host's unless told", HelpName = "DIR",
    };

    private static readonly Option<bool> Resolve = new("--resolve") { Description = "Resolve names by this host's resolver; names stay names without it" };

    public static Command Build()
    {
        var command = new Command("plan", "Reads commands as JSON lines and writes what each one means.") { NmapData, Resolve };
        command.SetAction(async (parsed, cancel) =>
        {
            var inventory = HostNmap.Read(parsed.GetValue(NmapData));
            if (!inventory.IsOk)
                return CommandLine.Fail(inventory.Refusal, 2);
            await using var input = Console.OpenStandardInput();
            await using var output = Console.OpenStandardOutput();
            return await Run(inventory.Value, parsed.GetValue(Resolve), input, output, cancel);
        });
        return command;
    }

    private static async Task<int> Run(ToolInventory inventory, bool resolve, Stream input, Stream output, CancellationToken cancel)
    {
        var lines = new JsonLines(input);
        await using var answers = new PlanAnswers(inventory, resolve, output);
        while (await lines.Next(cancel) is { } line)
        {
            answers.Answer(line);
            // Whoever waits for an answer gets it at once; whoever pipes a file does not pay a write for each line.
            if (!lines.HasMore)
                await answers.Flush(cancel);
        }

        await answers.Flush(cancel);
        return 0;
    }
}
