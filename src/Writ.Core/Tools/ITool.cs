using Writ.Proof.Errors;

namespace Writ.Core.Tools;

/// <summary>
/// A tool's grammar: it turns a command as typed into a plan, against the inventory of the runner that would execute
/// it. Pure; what it does not understand it refuses.
/// </summary>
public interface ITool
{
    /// <summary>The word that its commands begin with.</summary>
    string Name { get; }

    /// <summary>What it is for, in one line.</summary>
    string Summary { get; }

    /// <summary>The facets by which policy can speak of this tool's plans, in the order in which reasons are given.</summary>
    IReadOnlyList<FacetDefinition> Facets { get; }

    /// <summary>
    /// What must be known before the command can be planned. Asked again once the inputs are there, since a list of
    /// targets may hold names; an answer without an input or a name that is still missing is the last.
    /// </summary>
    /// <param name="command">The argv as typed, the tool's name first.</param>
    /// <param name="context">What is known so far.</param>
    Result<CommandNeeds> Needs(IReadOnlyList<string> command, PlanContext context);

    /// <summary>Understands a command.</summary>
    /// <param name="command">The argv as typed, the tool's name first.</param>
    /// <param name="context">All that gives the command its meaning.</param>
    Result<Plan> Plan(IReadOnlyList<string> command, PlanContext context);

    /// <summary>
    /// The command with as little changed as it takes to stay within the limits, as somebody could have typed it; null where
    /// the tool finds none. Nobody trusts the answer: it is planned and judged like any other command.
    /// </summary>
    /// <param name="command">The argv as typed, the tool's name first; it can be planned.</param>
    /// <param name="context">All that gave the command its meaning.</param>
    /// <param name="limits">How far it may go.</param>
    IReadOnlyList<string>? Narrow(IReadOnlyList<string> command, PlanContext context, CommandLimits limits) => null;
}
