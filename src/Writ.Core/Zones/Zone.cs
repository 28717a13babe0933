using Writ.Proof.Addresses;

namespace Writ.Core.Zones;

/// <summary>A named set of addresses, with its owners and the runners that reach it.</summary>
/// <param name="Name">Unique in the policy.</param>
/// <param name="Addresses">What the zone is. Never empty, never a whole family (/0).</param>
/// <param name="Names">
/// Host name patterns (<c>*.staging.example.com</c>) that match names in commands. They never grant: the addresses that
/// a name resolves to must lie in the zone too.
/// </param>
/// <param name="Owners">Roles, or groups known elsewhere, that answer for the zone. Ownership grants nothing.</param>
/// <param name="Runners">Names of the runners that reach the zone; empty means that any runner may be tried.</param>
public sealed record Zone(
    string Name,
    AddressSet Addresses,
    IReadOnlyList<string> Names,
    IReadOnlyList<string> Owners,
    IReadOnlyList<string> Runners)
{
    /// <summary>The line of the whole policy on which it begins, from 1.</summary>
    public int Line { get; init; }
}
