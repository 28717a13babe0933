using System.Globalization;
using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Proof;
using Writ.Proof.Runs;

namespace Writ.Cli.Audit;

/// <summary>A kill receipt in words, for whoever verifies it.</summary>
internal static class KillReceiptText
{
    /// <summary>The lines.</summary>
    public static IEnumerable<string> Lines(KillReceipt end, string keyId)
    {
        yield return $"signed by the runner {end.Runner} with its key {keyId}, which the log has:";
        yield return $"  cause        {end.Cause}{(end.Detail.Length > 0 ? $": {end.Detail}" : "")}{(end.ExitCode is { } code ? string.Create(CultureInfo.InvariantCulture, $", exit {code}") : "")}";
        yield return $"  deadline     {Exact(end.Deadline)}";
        yield return $"  killed       {(end.KilledAt is { } at ? Exact(at) : "not; it ended by itself")}";
        yield return $"  ended        {Exact(end.EndedAt)}";
        yield return $"  processes    {Number(end.ProcessesFound, "found")}, {Number(end.ProcessesLeft, "left")}";
        if (end.Fence is not { } fence)
        {
            yield return "  fence        none, or it could not be read";
            yield break;
        }

        yield return $"  fence        {(fence.Closed ? "closed" : "NOT CLOSED")}, {RunText.Count(fence.Passed, "packet")} out, {RunText.Count(fence.Refused, "packet")} out of scope, {RunText.Count(fence.Late, "packet")} after its time";
        yield return $"  last packet  IPv4 {Last(fence.LastPacketAt4)}, IPv6 {Last(fence.LastPacketAt6)}";
        foreach (var zone in fence.Zones)
            yield return $"  zone         {RunText.Zone(new(zone.Zone, zone.Passed, zone.PassedBytes, zone.Dropped, zone.DroppedBytes))}";
        yield return $"  elsewhere    {RunText.Count(fence.DroppedElsewhere, "packet")} dropped";
    }

    private static string Last(long? at) => at is { } known ? Exact(known) : "none";

    private static string Exact(long at) => When.Precise(UnixMicroseconds.ToInstant(at));

    private static string Number(int? count, string what) => count is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:N0} {what}") : $"{what} not counted";
}
