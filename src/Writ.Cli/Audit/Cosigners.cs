using System.Globalization;
using Writ.Cli.Output;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary>Which witnesses cosigned a checkpoint, and whether they are enough.</summary>
internal static class Cosigners
{
    /// <summary>
    /// Tells which checkpoint has enough cosignatures, the newest first, and of whom; without witnesses named by the caller
    /// nothing is asked for.
    /// </summary>
    /// <exception cref="Stop">None has, or a cosignature does not hold.</exception>
    public static void Require(CliContext context, IEnumerable<SignedCheckpoint> checkpoints, IReadOnlyList<NoteKey> witnesses, int? quorum)
    {
        if (witnesses.Count == 0)
            return;
        var wanted = quorum ?? witnesses.Count;
        foreach (var checkpoint in checkpoints)
        {
            var cosigned = checkpoint.Cosigned(witnesses);
            if (!cosigned.IsOk)
                throw new Stop(ExitCode.Failed, cosigned.Refusal.Message);
            if (cosigned.Value.Count < wanted)
                continue;
            foreach (var (witness, at) in cosigned.Value)
            {
                context.Terminal.Print(string.Create(CultureInfo.InvariantCulture,
                    $"{checkpoint.Head.Size} entries cosigned by {Printable.Line(witness.Name)} on {When.Full(at, context.Now)}"));
            }

            return;
        }

        throw new Stop(ExitCode.Failed, $"no checkpoint is cosigned by {wanted} of the witnesses",
            "without their cosignatures whoever has the log's key could have written it anew");
    }
}
