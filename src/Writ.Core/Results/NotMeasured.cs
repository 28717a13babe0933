namespace Writ.Core.Results;

/// <summary>
/// A tool calls a port filtered, or a host down, when nothing answers. That is no finding where its packets were held back or
/// dropped on their way out: what got no answer since then was not measured.
/// </summary>
public static class NotMeasured
{
    /// <summary>The state of what was not measured.</summary>
    public const string State = "not-measured";

    /// <summary>The results with everything that got no answer since an instant marked.</summary>
    /// <param name="results">As the tool told them.</param>
    /// <param name="since">From when on packets may not have left; null for never.</param>
    public static ScanResults Mark(ScanResults results, DateTimeOffset? since) =>
        since is not { } from || IsBefore(results.EndedAt, from) ? results : results with
        {
            NotMeasuredSince = from,
            Hosts = [.. results.Hosts.Select(host => IsBefore(host.EndedAt, from) ? host : Mark(host))],
        };

    // The tool tells the second in which it was through.
    private static bool IsBefore(DateTimeOffset? end, DateTimeOffset since) => end is { } ended && ended + TimeSpan.FromSeconds(1) <= since;

    private static FoundHost Mark(FoundHost host) => host with
    {
        State = host.State == "down" && IsSilence(host.Reason) ? State : host.State,
        Ports = [.. host.Ports.Select(port => IsSilence(port.Reason) ? port with { State = State, Said = port.State } : port)],
        Rest = [.. host.Rest.Select(rest => IsSilence(rest.Reason) ? rest with { State = State, Said = rest.State } : rest)],
    };

    private static bool IsSilence(string? reason) => reason is "no-response" or "no-responses" or "no-ipid-change";
}
