using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Proof.Statements;

namespace Writ.Server.Requests;

/// <summary>Makes the bytes of a revision's statement, once; they are stored and never written again.</summary>
internal static class StatementOf
{
    public static byte[] Bytes(
        RequestId request, int revision, ActorId actor, string actorName, Plan plan, RunnerId runner, string inventory, DateTimeOffset? start,
        Evaluation found, PolicyDocument policy) => new Statement
    {
        Request = request.ToString(),
        Revision = revision,
        Actor = new(actor.ToString(), actorName),
        Tool = plan.Tool,
        Argv = plan.Argv,
        Scope = ScopeText.Of(plan.Scope),
        Inputs = [],
        Zones = found.Zones,
        Runner = runner.ToString(),
        Inventory = inventory,
        Start = start is { } at ? UnixMicroseconds.From(at) : null,
        Duration = UnixMicroseconds.From(found.Duration),
        LatestEnd = found.LatestEnd is { } latest ? UnixMicroseconds.From(latest) : null,
        Uses = found.Uses,
        MaxDisconnected = UnixMicroseconds.From(found.MaxDisconnected),
        Policy = policy.Hash,
    }.ToBytes();
}
