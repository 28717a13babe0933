using System.Globalization;
using Writ.Cli.Files;
using Writ.Cli.Options;
using Writ.Cli.Output;
using Writ.Contracts.Requests;
using Writ.Proof.Statements;

namespace Writ.Cli.Requests;

/// <summary>
/// What a command will really do and what policy says of it: the same lines for the requester who asks what it means and for
/// the approver who decides on it.
/// </summary>
internal static class PlanText
{
    private const int MostTargets = 8;
    private const int MostRanges = 12;
    private const int CutByServer = 1_000;
    private const int MostScripts = 12;
    private const int LongestArgument = 120;
    private const int MostHeadLines = 5;
    private static readonly string[] Dangerous = ["brute", "dos", "exploit", "external", "fuzzer", "intrusive", "malware", "vuln"];

    /// <summary>Adds the lines: the verdict first, then the plan, then the policy's reasons.</summary>
    public static Fields AddPlan(this Fields fields, IReadOnlyList<string> command, PlanView plan, EvaluationView found)
    {
        fields.Add("verdict", Verdict(found), found.Verdict switch { "allow" => Tone.Good, "deny" => Tone.Bad, _ => Tone.Notice });
        foreach (var warning in plan.Warnings ?? [])
            fields.Add("warning", warning, Tone.Notice);
        fields.Add("command", Printable.Command(command.Select(Short)));
        if (!command.SequenceEqual(plan.Argv))
            fields.Add("runs as", Printable.Command(plan.Argv.Select(Short)));
        return fields
            .Add("targets", Targets(plan))
            .Add("zones", found.Findings is { Count: > 0 } zones ? zones.Select(Zone) : [string.Join(", ", found.Zones)])
            .Add("names", (plan.Names ?? []).Select(name => $"{name.Name} is {Some(name.Addresses, MostTargets)}"))
            .Add("ports", Ports(plan))
            .Add("does", string.Join(", ", plan.Techniques))
            .Add("scripts", Scripts(plan))
            .Add("secrets", (plan.Secrets ?? []).Select(secret => $"uses secret {secret.Name}, as {secret.Path ?? secret.Environment}{(secret.UserEnvironment is { } user ? $" with its user as {user}" : "")}"))
            .Add("reads", (plan.Inputs ?? []).SelectMany(Input))
            .Add("writes", (plan.Outputs ?? []).Select(output => $"{Quoted(output.Argument + output.Ending)}: {output.Format}{(output.Append ? ", added to it" : "")}, on the requester's side"))
            .Add("effort", Effort(plan))
            .Add("budget", found.Budget is { } budget ? Budget(budget) : null)
            .Add("policy", Reasons(found));
    }

    /// <summary>What was approved before, and why it stands for an approval or does not; null where the rules do not take it.</summary>
    public static string? KnownGood(KnownGoodView? known, DateTimeOffset now) => known switch
    {
        null => null,
        { Request: { } request, ApprovedAt: { } at, Until: { } until } =>
            $"as {request}, approved by {string.Join(" and ", known.ApprovedBy)} {When.Full(at, now)}; the same {known.Same} stands until {When.Full(until, now)} (rule {string.Join(", ", known.Rules)})",
        _ => $"no: {known.Why}",
    };

    /// <summary>The verdict in words.</summary>
    private static string Verdict(EvaluationView found) => found.Verdict switch
    {
        "allow" => found.KnownGood is { Request: not null } ? "allowed at once, as known good" : found.Reviews is null ? "allowed at once" : "allowed at once by break-glass, to be reviewed by somebody else",
        "deny" => "denied by policy",
        "require-approval" => $"needs approval: {string.Join("; ", found.Approvals.Select(Approval))}",
        var other => other,
    };

    private static string Approval(ApprovalView need) => $"{need.Count.ToString(CultureInfo.InvariantCulture)} of {string.Join(" or ", need.From)}{(need.WithPasskey ? " by passkey" : "")} for {need.Zone}";

    private static string Targets(PlanView plan) =>
        $"{Count(plan.TargetCount)} {(plan.TargetCount == "1" ? "address" : "addresses")}: "
        // The server cuts very long lists: how many more ranges there are is not known then.
        + (plan.Targets.Count < CutByServer ? Some(plan.Targets, MostTargets) : $"{string.Join(", ", plan.Targets.Take(MostTargets))} and more");

    private static string Zone(ZoneFindingView zone)
    {
        var count = zone.Count is { } known ? $"{Count(known)} in " : "";
        return zone.By is { } rule ? $"{count}{zone.Zone}: rule {rule}" : $"{count}{zone.Zone}: no rule opens this";
    }

    private static string Ports(PlanView plan)
    {
        (string Name, string Ports)[] kinds = [("tcp", plan.Tcp), ("udp", plan.Udp), ("sctp", plan.Sctp)];
        return string.Join("; ", kinds.Where(kind => kind.Ports.Length > 0).Select(kind => $"{Count(Ports(kind.Ports))} {kind.Name}: {Some(kind.Ports.Split(','), MostRanges)}"));
    }

    // Ports as the server writes them: numbers and ranges between commas.
    private static string Ports(string ports) => ports.Split(',').Sum(range =>
    {
        var ends = range.Split('-');
        return int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last - first + 1 : 0;
    }).ToString(CultureInfo.InvariantCulture);

    // What may hurt stands alone; the others follow by name, and those that a technique brings along by number.
    private static IEnumerable<string> Scripts(PlanView plan)
    {
        if (plan.Scripts.Count == 0)
            yield break;
        var asked = plan.Scripts.Count(script => !script.Implied);
        var categories = plan.Scripts.SelectMany(script => script.Categories).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        yield return $"{Count(plan.Scripts.Count.ToString(CultureInfo.InvariantCulture))} ({string.Join(", ", categories)})";
        var dangerous = plan.Scripts.Where(IsDangerous).OrderByDescending(script => script.Categories.Count(Dangerous.Contains)).ToList();
        foreach (var script in dangerous.Take(MostScripts))
            yield return $"! {script.Name} ({string.Join(", ", script.Categories)})";
        if (dangerous.Count > MostScripts)
            yield return $"! and {Number(dangerous.Count - MostScripts)} more like these; --format json names all";
        var others = plan.Scripts.Where(script => !script.Implied && !IsDangerous(script)).Select(script => script.Name).ToList();
        if (others.Count > 0)
            yield return Some(others, 2 * MostScripts);
        if (plan.Scripts.Count - asked is > 0 and var implied)
            yield return $"{(asked > 0 ? "and " : "")}{implied} that come along with version detection";
    }

    private static bool IsDangerous(ScriptView script) => script.Categories.Any(Dangerous.Contains);

    private static IEnumerable<string> Input(InputView input)
    {
        yield return $"{Quoted(input.Argument)}: {input.Purpose}, {WrittenFiles.Size(input.Bytes)}, sha256 {input.Sha256[..Math.Min(16, input.Sha256.Length)]}";
        var lines = input.Head.TrimEnd('\n').Split('\n');
        foreach (var line in lines.Take(MostHeadLines))
            yield return $"| {line}";
        if (lines.Length > MostHeadLines || input.Bytes > System.Text.Encoding.UTF8.GetByteCount(input.Head))
            yield return "| …";
    }

    private static IEnumerable<string> Effort(PlanView plan)
    {
        var time = double.IsFinite(plan.EstimatedSeconds) && plan.EstimatedSeconds < 366 * 86_400d
            ? Duration.Rough(TimeSpan.FromSeconds(plan.EstimatedSeconds)) : "more than a year";
        var packets = plan.EstimatedPacketsUnanswered is { } unanswered
            ? $"about {Number(plan.EstimatedPackets)} packets if the hosts are up, {Number(unanswered)} if none is;" : $"about {Number(plan.EstimatedPackets)} packets,";
        yield return $"{packets} {time}, timing {plan.Timing.ToString(CultureInfo.InvariantCulture)}";
        if (plan.Traffic is { Count: > 1 } traffic)
            yield return string.Join(", ", traffic.Select(each => $"{each.Purpose} {Number(each.Packets)}"));
    }

    private static string Budget(Budget budget)
    {
        var limits = new List<string>();
        if (budget.PacketsPerSecond is { } rate)
            limits.Add($"{Number(rate)} packets a second");
        if (budget.Packets is { } packets)
            limits.Add($"{Number(packets)} packets");
        if (budget.Bytes is { } bytes)
            limits.Add($"{Number(bytes)} bytes out");
        if (budget.Violations is { } violations)
            limits.Add(violations == 0 ? "killed at the first packet out of scope" : $"killed after {Number(violations)} packets out of scope");
        return $"{string.Join(", ", limits)}, each run";
    }

    private static IEnumerable<string> Reasons(EvaluationView found)
    {
        foreach (var reason in found.Reasons)
            yield return $"- {reason}";
        // Where nothing is in the way, these only say what else was looked at.
        if (found.Verdict != "deny")
            yield break;
        foreach (var matched in (found.Findings ?? []).SelectMany(zone => zone.Rules).Where(rule => rule.Failed.Count == 0).Select(rule => rule.Rule).Distinct(StringComparer.Ordinal))
            yield return $"- rule {matched} matches";
    }

    /// <summary>What is too long to be taken in; <c>--format json</c> has all of it.</summary>
    public static string Short(string text) => text.Length <= LongestArgument ? text : $"{text[..(char.IsHighSurrogate(text[LongestArgument - 1]) ? LongestArgument - 1 : LongestArgument)]}…";

    private static string Quoted(string path) => $"'{Printable.Line(path)}'";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Count(string digits) => UInt128.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number.ToString("N0", CultureInfo.InvariantCulture) : digits;

    private static string Some(IReadOnlyList<string> items, int most) => items.Count <= most
        ? string.Join(", ", items)
        : $"{string.Join(", ", items.Take(most))} and {(items.Count - most).ToString(CultureInfo.InvariantCulture)} more";
}
