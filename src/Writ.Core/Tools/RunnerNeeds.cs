using Writ.Proof.Runners;

namespace Writ.Core.Tools;

/// <summary>What a plan needs of the runner that executes it, whatever policy asks for.</summary>
public static class RunnerNeeds
{
    /// <summary>What the runner of the plan lacks, as a reason; null where it can execute the plan.</summary>
    public static string? Lacking(Plan plan)
    {
        var has = plan.Protections;
        if (plan.RawSockets && !has.Contains(Protections.Sandbox))
            return $"the command makes packets of its own, for which the runner needs {Protections.Sandbox}";
        if (plan.Captures != has.Contains(Protections.Capture))
        {
            return plan.Captures
                ? $"the command captures packets that others send, which its operator opens with \"capture\": true at {plan.Tool} in runner.json"
                : $"its operator lets {plan.Tool} capture and nothing else";
        }

        if (plan.Captures && !has.Contains(Protections.FenceV4) && !has.Contains(Protections.FenceV6))
            return "the command captures packets that others send, and only a fence copies those of its scope";
        // What is copied comes to no address of the run's.
        if (plan.Captures)
            return null;
        // Without any fence its operator does without one; with one, what it cannot hold it does not let out.
        if (!has.Contains(Protections.FenceV4) && !has.Contains(Protections.FenceV6))
            return null;
        var ranges = plan.Scope.Addresses.Ranges;
        return ranges.Any(range => range.First.IsV4) && !has.Contains(Protections.FenceV4) ? "its fence has no IPv4 addresses for runs"
            : ranges.Any(range => !range.First.IsV4) && !has.Contains(Protections.FenceV6) ? "its fence has no IPv6 addresses for runs"
            : null;
    }
}
