using System.Security.Cryptography;
using System.Text;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Runners;
using Writ.Proof.Statements;

namespace Writ.Server.Decisions;

/// <summary>
/// By what a request is known again: two of one likeness are the same to a rule with <c>known-good</c>. The tool as its runner has it, how its
/// commands are read, and what each run may use up are part of both.
/// </summary>
/// <param name="Plan">Of all that is stated but who asks, when, for how long, how often, and under which policy.</param>
/// <param name="Template">Of the template in its version, whatever values it was given; null where there is none.</param>
internal sealed record Likeness(string Plan, string? Template)
{
    /// <param name="statement">What is asked.</param>
    /// <param name="inventory">The tool of the runner.</param>
    /// <param name="policy">The policy that reads its commands.</param>
    /// <param name="template">The name of the template by which it is asked, or null.</param>
    /// <param name="templateDigest">Its digest.</param>
    public static Likeness Of(Statement statement, ToolInventory inventory, PolicyDocument policy, string? template, string? templateDigest)
    {
        var tool = new Inventory([inventory]).Digest();
        var definition = policy.Tools.Find(statement.Tool) is DefinedTool defined ? defined.Definition.Text : "";
        var bare = statement with
        {
            Request = "", Revision = 0, BreakGlass = null, Extends = null, Series = null, Occurrence = null, Actor = new("", ""), OnBehalfOf = null, Start = null, Duration = 0, LatestEnd = null, Uses = 0,
            Zones = [], Inventory = tool, Policy = "",
        };
        var limits = $"{statement.MaxDisconnected} {statement.Budget}";
        return new(Digest("plan", Convert.ToHexStringLower(SHA256.HashData(bare.ToBytes())), definition),
            template is null || templateDigest is null ? null : Digest("template", template, templateDigest, tool, definition, limits));
    }

    // Each part is digested by itself, so that no two lists of parts are one text.
    private static string Digest(params string[] parts) =>
        Statement.DigestOf(Encoding.ASCII.GetBytes(string.Join('\n', parts.Select(part => Statement.DigestOf(Encoding.UTF8.GetBytes(part))))));
}
