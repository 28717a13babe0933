using System.Text;
using Writ.Core.Tools;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Runners;

namespace Writ.Fuzz;

/// <summary>Reads bytes as a command: a word a line; lines that begin with <c>@</c> are the lines of the file <c>f</c>.</summary>
internal sealed class NmapHarness(bool plant)
{
    private const string Services = "http\t80/tcp\t0.5\nssh\t22/tcp\t0.2\ndomain\t53/udp\t0.4\ncisco\t5060/sctp\t0.1\nodd\t99/tcp\n";
    private const string ScriptDb = """
        Entry { filename = "banner.nse", categories = { "discovery", "safe", } }
        Entry { filename = "http-title.nse", categories = { "default", "discovery", "safe", } }
        Entry { filename = "docker-version.nse", categories = { "version", } }
        """;

    private static readonly ToolInventory Inventory = new("nmap", "/usr/bin/nmap", "7.93", "", [File("nmap-services", Services), File("script.db", ScriptDb)]);
    private readonly NmapTool _tool = new();

    private static ToolFile File(string name, string text) => new(name, "", Encoding.ASCII.GetBytes(text));

    /// <summary>Plans the command, and its canonical form again.</summary>
    public void Try(ReadOnlySpan<byte> input)
    {
        var lines = Encoding.Latin1.GetString(input).Split('\n');
        string[] command = ["nmap", .. lines.Where(line => !line.StartsWith('@'))];
        var file = Encoding.Latin1.GetBytes(string.Join('\n', lines.Where(line => line.StartsWith('@')).Select(line => line[1..])));
        var context = new PlanContext(Inventory) { Names = null, Inputs = new Dictionary<string, ReadOnlyMemory<byte>> { ["f"] = file } };
        _ = _tool.Needs(command, context);
        var plan = _tool.Plan(command, context);
        if (!plan.IsOk)
            return;
        if (plant)
            throw new InvalidOperationException("planted");
        var again = _tool.Plan(plan.Value.Argv, context with { Inputs = plan.Value.Files.ToDictionary(planned => planned.Path, planned => planned.Content) });
        if (!again.IsOk)
            throw new InvalidOperationException($"the canonical argv is refused: {again.Refusal.Message}");
        if (!again.Value.Argv.SequenceEqual(plan.Value.Argv) || !again.Value.Targets.Equals(plan.Value.Targets))
            throw new InvalidOperationException($"the canonical argv reads otherwise: {string.Join(' ', again.Value.Argv)}");
    }
}
