using System.Globalization;
using Writ.Cli.Grants;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Cli.Series;
using Writ.Cli.Templates;
using Writ.Contracts.Requests;

namespace Writ.Cli.Requests;

/// <summary>A request in words.</summary>
internal static class RequestText
{
    /// <summary>What an approver must see in five seconds: who, what it will really do, how much, how long, why.</summary>
    public static Fields Full(RequestView request, DateTimeOffset now) => new Fields()
        .Add("request", request.Revision > 1 ? $"{request.Id} (revision {request.Revision})" : request.Id)
        .Add("from", $"{request.Actor.Name} ({request.Actor.Kind}){(request.OnBehalfOf is { } person ? $", on behalf of {person.Name}" : "")}")
        .Add("state", State(request, now))
        .Add("break-glass", GlassText.Of(request.BreakGlass, now), Tone.Notice)
        .Add("reason", request.Reason ?? "none given")
        .Add("ticket", request.Ticket)
        .Add("template", TemplateText.Of(request.Template))
        .Add("series", request.Series is { } series ? SeriesText.Schedule(series, now) : null, Tone.Notice)
        .AddPlan(request.Command, request.Plan, request.Evaluation)
        .Add("more time", request.Extends is { } extension ? Runs.Extend.Words(extension, now) : null)
        .Add("extension", request.Extends is { State: not "asked" } decided ? Runs.Extend.State(decided) : null)
        .Add("for", request.DurationSeconds == 0 || request.Extends is not null ? null : Window(request.DurationSeconds, request.Start, request.Uses, now))
        .Add("runner", request.Runner)
        .Add("decided", request.Decisions.Select(decision => Decision(decision, request.Revision, now)))
        .Add("known good", PlanText.KnownGood(request.Evaluation.KnownGood, now))
        .Add("missing", request.State == "pending" ? Needed(request) : [])
        .Add("grant", request.Grant)
        .Add("asked", When.Full(request.CreatedAt, now));

    /// <summary>How long, from when, and how often.</summary>
    public static string Window(double seconds, DateTimeOffset? start, int uses, DateTimeOffset now) =>
        $"{Duration.Format(TimeSpan.FromSeconds(seconds))} from {(start is { } at ? When.Full(at, now) : "approval")}, {Uses(uses)}";

    /// <summary>Says what the requester should know as well as the approver, once it is asked.</summary>
    public static void Warn(Terminal terminal, RequestView request)
    {
        foreach (var warning in request.Plan.Warnings ?? [])
            terminal.Say($"writ: {Printable.Line(warning)}");
    }

    /// <summary>The approvals that are still missing, one a line.</summary>
    public static IReadOnlyList<string> Needed(RequestView request) => request.Missing.Count > 0
        ? request.Missing
        : [.. request.Evaluation.Approvals.Select(approval => $"{approval.Count} of {string.Join(" or ", approval.From)}{(approval.WithPasskey ? " by passkey" : "")} for {approval.Zone}")];

    /// <summary>A number of runs.</summary>
    public static string Uses(int uses) => uses == 1 ? "1 use" : $"{uses.ToString(CultureInfo.InvariantCulture)} uses";

    private static string State(RequestView request, DateTimeOffset now) => request.State == "pending"
        ? $"pending, expires {When.Full(request.ExpiresAt, now)}"
        : request.EndReason is { Length: > 0 } why && why != request.State ? $"{request.State} ({why})" : request.State;

    private static string Decision(DecisionView decision, int revision, DateTimeOffset now)
    {
        var by = decision.By?.Name ?? $"policy{(decision.Rules is { Count: > 0 } rules ? $", by rule {string.Join(", ", rules)}" : "")}";
        var verb = decision.Approved ? "approved" : "denied";
        var comment = string.IsNullOrEmpty(decision.Comment) ? "" : $": {decision.Comment}";
        var old = decision.Revision == revision ? "" : $" (revision {decision.Revision}, void)";
        var passkey = decision.Passkey is { } key ? $" with passkey {key}" : decision.Chat is { } chat ? $" in {chat}" : "";
        return $"{verb} by {by}{passkey} {When.Full(decision.At, now)}{old}{comment}";
    }
}
