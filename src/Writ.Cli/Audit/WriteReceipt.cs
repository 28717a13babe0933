using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary><c>writ receipt</c>: one run's story as one file that holds without any server.</summary>
internal static class WriteReceipt
{
    public static Verb Verb(CliContext context)
    {
        var id = Shared.Id("RUN", "the run, run_…");
        var output = OutputFile.Option("the receipt");
        return new Verb("receipt", "Write a run's receipt: its whole story, with proofs", "writ receipt run_06bqz3w1x8 -o scan.receipt").With(id, output).Does(async (parse, cancel) =>
        {
            var run = Shared.CheckedId(parse.GetRequiredValue(id), "run_", "run");
            var contact = await LogContact.Make(context, cancel);
            var file = (await context.Server.GetRawAsync($"/v1/runs/{run}/receipt", cancel)).Value;
            // What does not hold is not handed on.
            var receipt = Receipt.Read(file);
            var held = receipt.IsOk ? ReceiptCheck.Verify(receipt.Value, contact.Keys) : receipt.Refusal;
            if (!held.IsOk || receipt.Value.Run != run)
                throw new Stop(ExitCode.Failed, held.IsOk ? "the server gave the receipt of another run" : held.Refusal.Message);
            OutputFile.Write(context, parse.GetValue(output), file);
            return ExitCode.Ok;
        });
    }
}
