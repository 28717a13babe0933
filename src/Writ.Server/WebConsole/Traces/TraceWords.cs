using System.Globalization;
using Writ.Contracts.Traces;

namespace Writ.Server.WebConsole.Traces;

/// <summary>The answer of a trace in a sentence, and its parts in a few words.</summary>
/// <param name="IsYes">Whether packets can have reached it.</param>
/// <param name="Lead">The first word or two.</param>
/// <param name="Finding">What the sentence is about; null where there is nothing.</param>
internal sealed record TraceWords(bool IsYes, string Lead, TraceFindingView? Finding)
{
    public static TraceWords Of(TraceView view)
    {
        if (view.Findings.FirstOrDefault(found => found.Kind == "did") is { } did)
            return new(true, "Yes.", did);
        if (view.Findings.FirstOrDefault(found => found.Kind == "tried") is { } tried)
            return new(false, "No packet left.", tried);
        return view.Findings is [var could, ..] ? new(false, "No packet was sent.", could) : new(false, "No.", null);
    }

    /// <summary><c>10.20.4.31:8009</c></summary>
    public static string Target(TraceView view) =>
        view.Address is not { } address ? $"from {view.From}"
        : view.Port is not { } port ? address
        : $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port.ToString(CultureInfo.InvariantCulture)}{(view.Protocol is "tcp" or null ? "" : $"/{view.Protocol}")}";

    /// <summary>What came back of the address, or null where that is not known.</summary>
    public static string? Found(TraceFindingView finding, int? port)
    {
        if (finding.Host is { } host)
        {
            if (port is not null)
                return host.Ports is [var one, ..] ? $"{one.Port} {one.State}{Service(one.Service, one.Product)}" : null;
            return host.Ports.Count == 0 ? $"{host.State}, no open port" : $"open: {string.Join(", ", host.Ports.Take(8).Select(open => open.Port.ToString(CultureInfo.InvariantCulture)))}{(host.Ports.Count > 8 ? ", …" : "")}";
        }

        return finding.Results?.TellsAll == true ? "did not answer" : null;
    }

    /// <summary>What a finding comes to.</summary>
    public static string What(TraceFindingView finding, int? port) => finding.Kind switch
    {
        "tried" => $"{Printable.Count(finding.Refused.Sum(refused => refused.Packets), "packet")} stopped at the fence",
        "could" => finding.Run is null ? "never used then" : "ran, and sent nothing there then",
        _ => Found(finding, port) ?? (finding.PacketsPassed is { } passed ? $"{Printable.Count(passed, "packet")} left its fence" : "packets can have left"),
    };

    private static string Service(string? service, string? product) => (product ?? service) is { Length: > 0 } told ? $", {Printable.Cut(told, 60)}" : "";
}
