using System.Security.Cryptography;
using Writ.Proof.Orders;
using Writ.Proof.Runs;
using Writ.Runner.Kernel;
using Writ.Runner.Runners;

namespace Writ.Runner.Runs;

/// <summary>
/// The key with which this runner signs how runs ended. The daemon's alone: a supervisor writes down what it saw, and that is signed when it
/// is told, again with the same bytes where it is told again.
/// </summary>
/// <param name="runner">The runner's id.</param>
/// <param name="seed">The private key's 32 bytes.</param>
internal sealed class ReceiptSigner(string runner, byte[] seed)
{
    /// <summary>The public key, 32 bytes.</summary>
    public byte[] PublicKey { get; } = SigningKeys.PublicKey(seed);

    /// <summary>The key of this data folder, made where there is none.</summary>
    public static byte[] Seed(DataFolder data)
    {
        if (!File.Exists(data.ReceiptKey))
            Durable.Write(data.ReceiptKey, SigningKeys.NewSeed());
        var seed = File.ReadAllBytes(data.ReceiptKey);
        return seed.Length == 32 ? seed : throw new RunnerException($"{data.ReceiptKey} is no key of 32 bytes", "remove it, and the runner makes a new one and tells the server");
    }

    /// <summary>What a run's end says, signed; null where the run's order is not there to be named.</summary>
    public SignedBytes? Sign(RunFolder folder, EndRecord end)
    {
        byte[] order;
        try
        {
            order = File.ReadAllBytes(folder.Order);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        return SigningKeys.Sign(seed, Of(folder.Run, runner, Convert.ToHexStringLower(SHA256.HashData(order)), end).ToBytes());
    }

    /// <summary>An end as a kill receipt has it.</summary>
    internal static KillReceipt Of(string run, string runner, string order, EndRecord end) => new()
    {
        Run = run,
        Runner = runner,
        Order = order,
        Deadline = end.Deadline,
        Cause = Word(end.Cause),
        Detail = end.Detail,
        ExitCode = end.Cause == Cause.Exited ? end.ExitCode : null,
        KilledAt = Known(end.KillAt),
        EndedAt = end.At,
        ProcessesFound = end.ProcessesFound,
        ProcessesLeft = end.ProcessesLeft < 0 ? null : end.ProcessesLeft,
        Fence = end.Fence is not { } fence ? null : new(
            fence.Closed, fence.Passed, fence.PassedBytes, fence.Refused, fence.RefusedBytes, fence.OverBudget, fence.Unrouted, fence.Late, fence.DroppedElsewhere,
            [.. fence.Zones.Select(zone => new KillReceiptZone(zone.Zone, zone.Passed, zone.PassedBytes, zone.Dropped, zone.DroppedBytes))],
            fence.HeldBack, Known(fence.DegradedAt), Known(fence.LastPacketAt4), Known(fence.LastPacketAt6)),
        RecordingBytes = end.RecordingBytes,
        RecordingSha256 = end.RecordingSha256,
        Outputs = [.. end.Outputs.Select(file => new KillReceiptFile(file.Path, file.Bytes, file.Sha256, file.Cut))],
    };

    private static long? Known(long at) => at > 0 ? at : null;

    // The words of run.ended in the audit log; the detail says which kill it was.
    private static string Word(Cause cause) => cause switch
    {
        Cause.Exited => "exited",
        Cause.Deadline => "deadline",
        Cause.KillOrder or Cause.LocalKill => "killed",
        Cause.Disconnected => "disconnected",
        Cause.RecordingFailed => "recording-failed",
        Cause.CouldNotStart => "could-not-start",
        Cause.Violations => "violations",
        Cause.Limit => "limit",
        Cause.None or Cause.SupervisorLost => "runner-lost",
    };
}
