using Writ.Cli.Output;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary>Which witnesses cosigned a checkpoint, and whether they are enough.</summary>
internal static class Cosigners
{
    /// <summary>Tells who cosigned; without witnesses named by the caller nothing is asked for.</summary>
    /// <exception cref="Stop">They are not enough, or a cosignature does not hold.</exception>
    public static void Require(CliContext context, SignedCheckpoint checkpoint, IReadOnlyList<NoteKey> witnesses, int? quorum)
    {
        if (witnesses.Count == 0)
            return;
        var cosigned = checkpoint.Cosigned(witnesses);
        if (!cosigned.IsOk)
            throw new Stop(ExitCode.Failed, cosigned.Refusal.Message);
        foreach (var (witness, at) in cosigned.Value)
            context.Terminal.Print($"cosigned by {Printable.Line(witness.Name)} on {When.Full(at, context.Now)}");
        var wanted = quorum ?? witnesses.Count;
        if (cosigned.Value.Count < wanted)
            throw new Stop(ExitCode.Failed, $"{cosigned.Value.Count} of the witnesses have cosigned, and {wanted} must have");
    }
}
