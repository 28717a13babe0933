using Writ.Proof.Identity;

namespace Writ.Core.Decisions;

/// <summary>A person who decides, or has decided, with the roles that they have now.</summary>
/// <param name="Person">The person, however they signed in: one human is one id.</param>
/// <param name="Roles">Their roles by the policy in force.</param>
/// <param name="WithPasskey">Whether a passkey of theirs has signed the statement.</param>
/// <param name="ByChat">Whether they said it with a button in a chat, where nobody signed in.</param>
public sealed record Decider(ActorId Person, IReadOnlyCollection<string> Roles, bool WithPasskey = false, bool ByChat = false);
