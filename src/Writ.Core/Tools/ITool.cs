using Writ.Proof.Errors;
using Writ.Proof.Runners;

namespace Writ.Core.Tools;

/// <summary>
/// A tool's grammar: it turns a command as typed into a plan, against the inventory of the runner that would execute
/// it. Pure; what it does not understand it refuses.
/// </summary>
public interface ITool
{
    /// <summary>The word that its commands begin with.</summary>
    string Name { get; }

    /// <summary>Every technique by which policy can speak of this tool's plans.</summary>
    IReadOnlySet<string> Techniques { get; }

    /// <summary>What a rule opens that names no technique.</summary>
    IReadOnlySet<string> LeastTechniques { get; }

    /// <summary>Every category that the tool's scripts can have; empty for a tool without scripts.</summary>
    IReadOnlySet<string> ScriptCategories { get; }

    /// <summary>Understands a command.</summary>
    /// <param name="command">The argv as typed, the tool's name first.</param>
    /// <param name="inventory">This tool on the runner.</param>
    Result<Plan> Plan(IReadOnlyList<string> command, ToolInventory inventory);
}
