using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Runs;
using Writ.Contracts.Requests;
using Writ.Contracts.Runs;
using Writ.Contracts.Traces;

namespace Writ.Cli.Traces;

/// <summary>A trace in words.</summary>
internal static class TraceText
{
    private const int MostPorts = 20;

    public static void Print(CliContext context, TimeZoneInfo zone, TraceView trace, string? target, Moment? moment, TimeSpan about)
    {
        var terminal = context.Terminal;
        var what = string.Join(' ', new[] { target, trace.From is { } from ? $"from {from}" : null }.OfType<string>());
        var when = moment is not null ? $"{Span(zone, moment.Begin, moment.End)}, and {Duration.Format(about)} around it"
            : trace.Since is { } since ? Span(zone, since, trace.Until) : $"until {Local(zone, trace.Until)}";
        terminal.Print($"{what}, {when}");
        foreach (var found in trace.Findings)
        {
            terminal.Print("");
            foreach (var line in Finding(zone, trace, found).Lines(terminal))
                terminal.Print(line);
        }

        var unknown = new Fields().Add("incomplete", trace.Incomplete.Select(gap => $"{gap.Run} may have tried it: {gap.Why}"));
        if (trace.Findings.Count == 0)
        {
            terminal.Print("");
            terminal.Print(trace.All
                ? "nothing that went through Writ touched it then"
                : "nothing that you may know of touched it then; an auditor sees every run");
        }

        if (trace.Incomplete.Count > 0)
            terminal.Print("");
        foreach (var line in unknown.Lines(terminal))
            terminal.Print(line);
        if (trace.More)
            terminal.Say("writ: there are more; ask about a shorter time: --at, --since, --until");
        if (!trace.All && trace.Findings.Count > 0)
            terminal.Say("writ: these are the runs that you may know of; an auditor sees every run");
    }

    private static Fields Finding(TimeZoneInfo zone, TraceView trace, TraceFindingView found)
    {
        var run = found.Run;
        var fields = new Fields()
            .Add(found.Kind, What(trace, found), found.Kind switch { "did" => Tone.Good, "tried" => Tone.Bad, _ => Tone.Plain })
            .Add("by", $"{Name(found.Actor)}{(found.OnBehalfOf is { } person ? $", on behalf of {Name(person)}" : "")}")
            .Add("purpose", found.Purpose ?? "none was given")
            .Add("ticket", found.Ticket)
            .Add("approved", found.Approvals.Select(yes => Approval(zone, yes)))
            .Add("command", Printable.Command(found.Command));
        if (run is null)
        {
            return fields
                .Add("open", Span(zone, found.NotBefore, found.NotAfter))
                .Add("grant", found.Grant)
                .Add("story", $"writ show {found.Request}");
        }

        if (!run.Command.SequenceEqual(run.Argv))
            fields.Add("runs as", Printable.Command(run.Argv));
        fields
            .Add("ran", Ran(zone, run))
            .Add("from", From(found))
            .Add("found", Found(trace, found))
            .Add("stopped", found.Refused.Select(refused => $"{RunText.Refused(new(refused.Address, refused.Protocol, refused.Port, refused.Packets))}, told {Span(zone, refused.FirstAt, refused.LastAt)}"))
            .Add("incomplete", found.Incomplete)
            .Add("run", run.Id)
            .Add("replay", run.RecordingBytes > 0 ? $"writ replay {run.Id}" : null);
        return fields;
    }

    private static string What(TraceView trace, TraceFindingView found) => found.Kind switch
    {
        "did" when found.PacketsPassed is { } packets => $"{(trace.Address is null ? "it ran" : "it is in the run's plan")}, and {RunText.Count(packets, "packet")} of the run left its fence",
        "did" when found.Run is { EndedAt: null } => $"{(trace.Address is null ? "the run" : "it is in the plan of a run that")} is running",
        "did" => $"{(trace.Address is null ? "it ran" : "it is in the plan of a run that ran")}; how many packets left is not known",
        "tried" => "it was out of the run's scope: the fence stopped every packet",
        _ when found.Run is null => "it was in the approved scope, and nothing ran",
        _ when found.PacketsPassed == 0 => "it is in the run's plan, and no packet left its fence",
        _ => "it is in the run's plan, and no packet left its fence then",
    };

    private static string Approval(TimeZoneInfo zone, DecisionView yes) =>
        $"{(yes.By is { } by ? Name(by) : $"policy{(yes.Rules is { Count: > 0 } rules ? $", by rule {string.Join(", ", rules)}" : "")}")}, {Local(zone, yes.At)}{(string.IsNullOrWhiteSpace(yes.Comment) ? "" : $": {yes.Comment}")}";

    private static string Ran(TimeZoneInfo zone, RunView run) => run switch
    {
        { StartedAt: { } start, EndedAt: { } end } => $"{Span(zone, start, end)}, {RunText.End(run)}",
        { StartedAt: { } start } => $"since {Local(zone, start)}, {run.State}",
        _ => $"{run.State}, {RunText.End(run) ?? "not started yet"}",
    };

    private static string? From(TraceFindingView found) => found.Sources.Count == 0
        ? $"runner {found.Run!.Runner}"
        : $"{string.Join(", ", found.Sources)}, {(found.SharedSource ? $"which is runner {found.Run!.Runner}'s own: other things there have it too" : $"runner {found.Run!.Runner}")}";

    private static string? Found(TraceView trace, TraceFindingView found)
    {
        if (found.Results is not { } results)
            return null;
        if (found.Host is not { } host)
            return found.Kind != "did" ? null : results.TellsAll ? "the host is not up" : "nothing is told of the host";
        if (host.State != "up")
            return $"the host is {host.State}{(host.Reason is null ? "" : $" ({host.Reason})")}";
        var ports = host.Ports.Take(MostPorts).Select(port => string.Create(CultureInfo.InvariantCulture,
            $"{port.Port}/{port.Protocol} {port.State}{(port.Said is null ? "" : $" (called {port.Said})")}{(port.Service is null ? "" : $", {port.Service}")}{(port.Product is null ? "" : $" ({port.Product})")}")).ToList();
        if (host.Ports.Count > ports.Count)
            ports.Add($"{RunText.Count(host.Ports.Count - ports.Count, "more open port")}");
        return ports.Count > 0 ? string.Join("; ", ports) : trace.Port is null ? "the host is up, and no open port is told" : "the host is up, and of the port nothing is told";
    }

    private static string Name(ActorView actor) => actor.Kind == "user" ? actor.Name : $"{actor.Name} ({actor.Kind})";

    private static string Local(TimeZoneInfo zone, DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, zone).ToString("yyyy-MM-dd HH:mm:sszzz", CultureInfo.InvariantCulture).Replace("+00:00", "Z", StringComparison.Ordinal);

    // The date is said once where it is the same.
    private static string Span(TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset to)
    {
        var (first, last) = (Local(zone, from), Local(zone, to));
        return first == last ? first : first[..10] == last[..10] ? $"{first[..19]} to {last[11..]}" : $"{first} to {last}";
    }
}
