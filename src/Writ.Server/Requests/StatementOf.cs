using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Statements;

namespace Writ.Server.Requests;

/// <summary>Makes a revision's statement, once: its bytes are stored and never written again.</summary>
internal static class StatementOf
{
    public static Statement New(
        RequestId request, int revision, StatementActor actor, StatementActor? onBehalfOf, Plan plan, RunnerId runner, string inventory, DateTimeOffset? start,
        Evaluation found, PolicyDocument policy, bool breakGlass = false, StatementSeries? series = null) => new()
    {
        Request = request.ToString(),
        Revision = revision,
        BreakGlass = breakGlass ? true : null,
        Series = series,
        Actor = actor,
        OnBehalfOf = onBehalfOf,
        Tool = plan.Tool,
        Argv = plan.Executed,
        Scope = ScopeText.Of(plan.Scope),
        Inputs = [.. plan.Inputs.Select(input => new StatementInput(input.Argument, input.Bytes, input.Sha256))],
        Files = [.. plan.Files.Select(file => new StatementFile(file.Path, file.Content.Length, file.Sha256))],
        Names = [.. plan.Names.Select(name => new StatementName(name.Name, [.. name.Addresses.Select(address => address.ToString())]))],
        Outputs = [.. plan.Outputs.Select(output => new StatementOutput(output.Argument + output.Ending, output.Path))],
        Sandbox = new(plan.RawSockets, plan.InstalledScripts) { Secrets = plan.Secrets.Count > 0 ? plan.Secrets : null, Terminal = plan.Terminal },
        Live = plan.Live is { } live ? new(live.Format, live.Path, live.Status) : null,
        Zones = found.Zones,
        Runner = runner.ToString(),
        Inventory = inventory,
        Start = start is { } at ? UnixMicroseconds.From(at) : null,
        Duration = UnixMicroseconds.From(found.Duration),
        // The hours of a rule are of each day: each run of a series is held to those of its own.
        LatestEnd = series is null && found.LatestEnd is { } latest ? UnixMicroseconds.From(latest) : null,
        Uses = found.Uses,
        MaxDisconnected = UnixMicroseconds.From(found.MaxDisconnected),
        Budget = found.Budget,
        Policy = policy.Hash,
    };

    /// <summary>
    /// A statement of one run of a series: the series' own in everything but what is of the moment. Nothing else of it is made anew, so nothing else can
    /// be another.
    /// </summary>
    public static Statement Occurrence(Statement decided, string digest, RequestId request, DateTimeOffset due, string inventory, Evaluation found, PolicyDocument policy) => decided with
    {
        Request = request.ToString(),
        Revision = 1,
        Series = null,
        Occurrence = new(decided.Series!.Id, digest, UnixMicroseconds.From(due)),
        Zones = found.Zones,
        Inventory = inventory,
        LatestEnd = found.LatestEnd is { } latest ? UnixMicroseconds.From(latest) : null,
        Policy = policy.Hash,
    };

    /// <summary>
    /// A statement of more time: the one under which the run began, or one of more time for it, in everything but the time. Nothing else of it is
    /// made anew, so nothing else can be another.
    /// </summary>
    public static Statement More(
        Statement of, RequestId request, int revision, RunId run, DateTimeOffset deadline, TimeSpan added, Evaluation found, PolicyDocument policy) => of with
    {
        Request = request.ToString(),
        Revision = revision,
        Extends = run.ToString(),
        Zones = found.Zones,
        Start = UnixMicroseconds.From(deadline),
        Duration = UnixMicroseconds.From(added),
        LatestEnd = found.LatestEnd is { } latest ? UnixMicroseconds.From(latest) : null,
        Uses = 1,
        Policy = policy.Hash,
    };
}
