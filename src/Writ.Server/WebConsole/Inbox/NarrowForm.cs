using System.Globalization;
using Writ.Contracts.Requests;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;

namespace Writ.Server.WebConsole.Inbox;

/// <summary>The form in which a request is made smaller: what it shows at first, and what was made of it.</summary>
internal static class NarrowForm
{
    /// <summary>The ports of a plan, of every protocol together.</summary>
    public static string Ports(PlanView plan) =>
        PortSet.TryParse(plan.Tcp, out var tcp) && PortSet.TryParse(plan.Udp, out var udp) && PortSet.TryParse(plan.Sctp, out var sctp) ? tcp.Union(udp).Union(sctp).ToString() : "";

    public static string Minutes(double seconds) => (seconds / 60).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>What differs from what is asked; what was left as it is stays.</summary>
    public static Result<NarrowAsk> Read(RequestView asked, string targets, string ports, string minutes, string uses, string comment)
    {
        if (!double.TryParse(minutes.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var time) || time <= 0)
            return new Refusal(ErrorCode.InvalidInput, $"'{Printable.Cut(minutes, 20)}' are no minutes", "for example 15 or 0.5");
        if (!int.TryParse(uses.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var times) || times < 1)
            return new Refusal(ErrorCode.InvalidInput, $"'{Printable.Cut(uses, 20)}' is no number of uses", "1 or more");
        string[] lines = [.. targets.Split(['\n', ',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        if (lines.Length == 0)
            return new Refusal(ErrorCode.InvalidTarget, "no target would be left", "deny the request instead");
        var same = lines.SequenceEqual(asked.Plan.Targets);
        return new NarrowAsk(
            asked.StatementDigest!, same ? null : lines, ports.Trim() == Ports(asked.Plan) ? null : ports.Trim(),
            Minutes(asked.DurationSeconds) == minutes.Trim() ? null : time * 60, times == asked.Uses ? null : times, string.IsNullOrWhiteSpace(comment) ? null : comment.Trim());
    }
}
