namespace Writ.Contracts.Rotas;

/// <summary>Who is on call by one rota of the policy in force, now (<c>GET /v1/on-call</c>).</summary>
/// <param name="Rota">Its name.</param>
/// <param name="Roles">The roles that whoever is on call has.</param>
/// <param name="Source">The source that says it, or null where the policy has the turns.</param>
/// <param name="People">Nobody where it is not known, and where it is nobody's turn.</param>
/// <param name="Until">When the turn ends, or how long the source's answer holds; null where nobody is on call.</param>
/// <param name="Unknown">Why it is not known; null where it is.</param>
public sealed record OnCallView(string Rota, IReadOnlyList<string> Roles, string? Source, IReadOnlyList<OnCallPersonView> People, DateTimeOffset? Until, string? Unknown);

/// <summary>Somebody whose turn it is.</summary>
/// <param name="Name">As the rota names them.</param>
/// <param name="State"><c>user</c>; <c>disabled</c>; or <c>unknown</c>, where no user has that name. Only a user has the roles.</param>
public sealed record OnCallPersonView(string Name, string State);
