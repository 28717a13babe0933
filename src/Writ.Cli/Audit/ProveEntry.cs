using System.CommandLine;
using System.Globalization;
using System.Text;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary><c>writ audit prove</c>: an entry with the proof that it is in the log, as one file that needs no server any more.</summary>
internal static class ProveEntry
{
    public static Verb Verb(CliContext context)
    {
        var position = new Argument<long>("POSITION") { Description = "the entry's position, as writ audit list shows it", HelpName = "POSITION" };
        var output = OutputFile.Option("the proof");
        return new Verb("prove", "Write a proof that an entry is in the log, for writ verify and for any tool that reads .tlog-proof",
            "writ audit prove 17 -o entry17.tlog-proof").With(position, output).Does(async (parse, cancel) =>
        {
            var at = parse.GetRequiredValue(position);
            var contact = await LogContact.Make(context, cancel);
            var file = (await context.Server.GetRawAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/audit/{at}/proof"), cancel)).Value;
            // What does not hold is not handed on.
            var proof = LogProof.Parse(Encoding.UTF8.GetString(file));
            if (!proof.IsOk)
                throw new Stop(ExitCode.Failed, proof.Refusal.Message);
            var held = proof.Value.Verify(proof.Value.Extra ?? [], contact.Keys);
            if (!held.IsOk || proof.Value.Index != at)
                throw new Stop(ExitCode.Failed, held.IsOk ? "the server proved another entry" : held.Refusal.Message);
            OutputFile.Write(context, parse.GetValue(output), file);
            return ExitCode.Ok;
        });
    }
}
