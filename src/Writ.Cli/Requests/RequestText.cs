using System.Globalization;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts.Requests;

namespace Writ.Cli.Requests;

/// <summary>A request in words.</summary>
internal static class RequestText
{
    /// <summary>What an approver must see in five seconds: who, what it will really do, how much, how long, why.</summary>
    public static IEnumerable<string> Full(RequestView request, DateTimeOffset now)
    {
        var plan = request.Plan;
        var fields = new Fields()
            .Add("request", request.Revision > 1 ? $"{request.Id} (revision {request.Revision})" : request.Id)
            .Add("from", $"{request.Actor.Name} ({request.Actor.Kind})")
            .Add("state", State(request, now));
        AddCommand(fields, request)
            .Add("reason", request.Reason ?? "none given")
            .Add("ticket", request.Ticket)
            .Add("targets", $"{Some(plan.Targets, 8)} ({plan.TargetCount} {(plan.TargetCount == "1" ? "address" : "addresses")})")
            .Add("zones", string.Join(", ", request.Evaluation.Zones))
            .Add("ports", Ports(plan))
            .Add("does", string.Join(", ", plan.Techniques))
            .Add("scripts", Scripts(plan))
            .Add("effort", $"about {plan.EstimatedPackets.ToString("N0", CultureInfo.InvariantCulture)} packets, {Effort(plan)}, timing {plan.Timing}")
            .Add("for", $"{Duration.Format(TimeSpan.FromSeconds(request.DurationSeconds))} from {(request.Start is { } start ? When.Full(start, now) : "approval")}, {Uses(request.Uses)}")
            .Add("runner", request.Runner)
            .Add("policy", (string[])[request.Evaluation.Verdict, .. request.Evaluation.Reasons.Select(reason => $"- {reason}")])
            .Add("decided", request.Decisions.Select(decision => Decision(decision, request.Revision, now)))
            .Add("missing", request.State == "pending" ? Needed(request) : [])
            .Add("grant", request.Grant)
            .Add("asked", When.Full(request.CreatedAt, now));
        return fields.Lines();
    }

    /// <summary>The approvals that are still missing, one a line.</summary>
    public static IReadOnlyList<string> Needed(RequestView request) => request.Missing.Count > 0
        ? request.Missing
        : [.. request.Evaluation.Approvals.Select(approval => $"{approval.Count} of {string.Join(" or ", approval.From)} for {approval.Zone}")];

    /// <summary>A number of runs.</summary>
    public static string Uses(int uses) => uses == 1 ? "1 use" : $"{uses.ToString(CultureInfo.InvariantCulture)} uses";

    private static Fields AddCommand(Fields fields, RequestView request) => request.Command.SequenceEqual(request.Plan.Argv)
        ? fields.Add("command", Printable.Command(request.Command))
        : fields.Add("command", Printable.Command(request.Command)).Add("runs as", Printable.Command(request.Plan.Argv));

    private static string State(RequestView request, DateTimeOffset now) => request.State == "pending"
        ? $"pending, expires {When.Full(request.ExpiresAt, now)}"
        : request.EndReason is { Length: > 0 } why && why != request.State ? $"{request.State} ({why})" : request.State;

    // The scripts that a technique brings along are dozens of harmless ones: only what stands out of them is named.
    private static IEnumerable<string> Scripts(PlanView plan)
    {
        string[] dangerous = ["brute", "dos", "exploit", "fuzzer", "intrusive", "malware", "vuln"];
        var named = plan.Scripts.Where(script => !script.Implied || script.Categories.Any(dangerous.Contains)).ToList();
        foreach (var script in named)
            yield return $"{script.Name} ({string.Join(", ", script.Categories)})";
        if (plan.Scripts.Count - named.Count is > 0 and var implied)
            yield return $"{(named.Count > 0 ? "and " : "")}{implied} that come along with version detection";
    }

    private static string Ports(PlanView plan)
    {
        (string Name, string Ports)[] kinds = [("tcp", plan.Tcp), ("udp", plan.Udp), ("sctp", plan.Sctp)];
        return string.Join("; ", kinds.Where(kind => kind.Ports.Length > 0).Select(kind => $"{kind.Name} {kind.Ports}"));
    }

    private static string Effort(PlanView plan) => double.IsFinite(plan.EstimatedSeconds) && plan.EstimatedSeconds < 366 * 86_400d
        ? Duration.Rough(TimeSpan.FromSeconds(plan.EstimatedSeconds))
        : "more than a year";

    private static string Decision(DecisionView decision, int revision, DateTimeOffset now)
    {
        var by = decision.By?.Name ?? "policy";
        var verb = decision.Approved ? "approved" : "denied";
        var comment = string.IsNullOrEmpty(decision.Comment) ? "" : $": {decision.Comment}";
        var old = decision.Revision == revision ? "" : $" (revision {decision.Revision}, void)";
        return $"{verb} by {by} {When.Full(decision.At, now)}{old}{comment}";
    }

    private static string Some(IReadOnlyList<string> items, int most) => items.Count <= most
        ? string.Join(", ", items)
        : $"{string.Join(", ", items.Take(most))} and {(items.Count - most).ToString(CultureInfo.InvariantCulture)} more";
}
