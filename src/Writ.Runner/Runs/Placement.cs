using System.Text;
using Writ.Proof.Statements;

namespace Writ.Runner.Runs;

/// <summary>What a run finds in its sandbox beside the tool.</summary>
/// <param name="Names">Every name that has a meaning there.</param>
/// <param name="In">The folder that is shown read-only as /in, or null for none.</param>
/// <param name="Out">The folder that is shown as /out, or null for none.</param>
internal sealed record Placement(IReadOnlyList<StatementName> Names, string? In, string? Out)
{
    public static Placement Nothing { get; } = new([], null, null);

    /// <summary>The sandbox's /etc/hosts. There is no other way to an address: <c>hosts: files</c>, and no resolver.</summary>
    public string Hosts()
    {
        var text = new StringBuilder("127.0.0.1 localhost\n::1 localhost\n");
        foreach (var (name, addresses) in Names.Select(pinned => (pinned.Name, pinned.Addresses)))
        {
            foreach (var address in addresses)
                text.Append(address).Append(' ').Append(name).Append('\n');
        }

        return text.ToString();
    }
}
