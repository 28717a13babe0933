using System.Collections.Frozen;
using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>Reads what a rule opens or a denial forbids of each tool.</summary>
/// <param name="what">How problems name the rule or denial.</param>
/// <param name="isDenial">A denial of a tool that does not exist forbids nothing and says the opposite: a problem.</param>
/// <param name="problem">Takes line, message and hint.</param>
internal sealed class FacetsReader(string what, bool isDenial, Action<int, string, string?> problem)
{
    private static readonly string[] Keys = ["techniques", "ports", "scripts", "max-timing", "max-hosts"];

    /// <summary>The mapping under <c>tools</c>.</summary>
    public IReadOnlyDictionary<string, Facets> Tools(PolicyNode node)
    {
        var tools = new Dictionary<string, Facets>(StringComparer.Ordinal);
        if (node is not PolicyMapping { Entries.Count: > 0 } mapping)
        {
            problem(node.Line, $"'tools' of {what} must be a mapping of tools", "write { nmap: any } or { nmap: { techniques: [ping] } }");
            return tools;
        }

        foreach (var (key, value) in mapping.Entries)
        {
            var name = key.Value;
            var tool = ToolCatalogue.Find(name);
            if (!PolicyReader.IsName(name))
                problem(key.Line, $"'{PolicyReader.Visible(name)}' is no name of a tool", null);
            else if (tool is null && (isDenial || Spelling.Nearest(name, ToolCatalogue.All.Select(known => known.Name)) is not null))
                problem(key.Line, $"no tool is named '{name}'", ToolCatalogue.Hint(name));
            else if (value is PolicyScalar { Value: "any" })
                tools[name] = new() { Tool = name, Any = true };
            else if (tool is null)
                problem(value.Line, $"the facets of '{name}' are not known, since no tool is named so", $"write '{name}: any'");
            else
                tools[name] = Facets(tool, value);
        }

        return tools;
    }

    private Facets Facets(ITool tool, PolicyNode node)
    {
        var label = $"'{tool.Name}' of {what}";
        var fields = new FieldReader(node, label, Keys, problem);
        if (isDenial && node is PolicyMapping { Entries.Count: 0 })
            problem(node.Line, $"{label} names nothing that it forbids", $"write '{tool.Name}: any', or name facets");
        return new()
        {
            Tool = tool.Name,
            Techniques = Words(fields, "techniques", Known(tool, "techniques"), all: Known(tool, "techniques"), other: null),
            Ports = Ports(fields, label),
            Scripts = Words(fields, "scripts", Known(tool, "scripts"), all: new HashSet<string> { "any" }, PolicyReader.IsName),
            MaxTiming = fields.Number("max-timing", 0, 5),
            MaxHosts = fields.Number("max-hosts", 1, int.MaxValue) is { } hosts ? (UInt128)hosts : null,
        };
    }

    private HashSet<string>? Words(
        FieldReader fields, string key, FrozenSet<string> known, IReadOnlySet<string> all, Func<string, bool>? other)
    {
        if (fields.Find(key) is PolicyScalar { Value: "any" })
            return [.. all];
        if (fields.Texts(key, mayBeEmpty: !isDenial) is not { } texts)
            return null;
        string[] names = [.. known.Order(StringComparer.Ordinal)];
        foreach (var text in texts)
        {
            // A script's name is free, but one edit away from a category is a typing error ("saef").
            var near = Spelling.Nearest(text.Value, names);
            if (!known.Contains(text.Value) && (other is null || !other(text.Value) || (near is not null && !text.Value.Contains('-', StringComparison.Ordinal))))
                problem(text.Line, $"'{key}' of {what}: '{PolicyReader.Visible(text.Value)}' is not known", FieldReader.Near(text.Value, names));
        }

        return [.. texts.Select(text => text.Value)];
    }

    private static FrozenSet<string> Known(ITool tool, string facet) => tool.Facets.FirstOrDefault(defined => defined.Name == facet)?.Known ?? [];

    private PortSet? Ports(FieldReader fields, string label)
    {
        if (fields.Find("ports") is PolicyScalar { Value: "any" })
            return PortSet.All;
        var texts = fields.Find("ports") is PolicyScalar one ? [one] : fields.Texts("ports", mayBeEmpty: !isDenial);
        if (texts is null)
            return null;
        var ports = PortSet.Empty;
        foreach (var text in texts)
        {
            var compact = text.Value.Replace(" ", "", StringComparison.Ordinal);
            if (compact.Length > 0 && PortSet.TryParse(compact, out var more))
                ports = ports.Union(more);
            else
                problem(text.Line, $"'ports' of {label}: '{PolicyReader.Visible(text.Value)}' is no set of ports", "write \"22,80,8000-8100\" or any");
        }

        return ports;
    }
}
