using Writ.Proof.Addresses;
using Writ.Proof.Runners;

namespace Writ.Core.Tools;

/// <summary>All that gives a command its meaning beside its words.</summary>
/// <param name="Inventory">The tool on the runner that would execute it.</param>
public sealed record PlanContext(ToolInventory Inventory)
{
    /// <summary>The contents of the requester's files, by the paths that stand in the argv.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Inputs { get; init; } = new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>
    /// What the names of the command resolve to as the runner sees them, by the name as typed; a name that has no address
    /// has an empty list. Null leaves names as names: such a plan says what was typed, and cannot be approved.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Address>>? Names { get; init; } = new Dictionary<string, IReadOnlyList<Address>>();
}

/// <summary>What a command needs before it can be planned.</summary>
/// <param name="Inputs">The requester's files that it reads, as the paths stand in the argv, each once.</param>
/// <param name="Outputs">The requester's files that it writes, as the paths stand in the argv, each once.</param>
/// <param name="Names">Host names to resolve, each once; only those of inputs that are known.</param>
/// <param name="V6">The family in which names are resolved.</param>
public sealed record CommandNeeds(IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyList<string> Names, bool V6)
{
    /// <summary>A command that needs nothing.</summary>
    public static CommandNeeds None { get; } = new([], [], [], false);
}
