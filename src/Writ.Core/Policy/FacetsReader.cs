using Writ.Core.Tools;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>Reads what a rule opens or a denial forbids of each tool, by the facets that the tool defines.</summary>
/// <param name="what">How problems name the rule or denial.</param>
/// <param name="isDenial">A denial of a tool that does not exist forbids nothing and says the opposite: a problem.</param>
/// <param name="known">The tools that there are.</param>
/// <param name="problem">Takes line, message and hint.</param>
internal sealed class FacetsReader(string what, bool isDenial, ToolCatalogue known, Action<int, string, string?> problem)
{
    /// <summary>What a rule says of all facets that it does not mention: <c>others: any</c>.</summary>
    public const string Others = "others";

    private const string Any = "any";

    /// <summary>The mapping under <c>tools</c>.</summary>
    public IReadOnlyDictionary<string, Facets> Tools(PolicyNode node)
    {
        var tools = new Dictionary<string, Facets>(StringComparer.Ordinal);
        if (node is not PolicyMapping { Entries.Count: > 0 } mapping)
        {
            problem(node.Line, $"'tools' of {what} must be a mapping of tools", "write { nmap: any } or name facets of the tool");
            return tools;
        }

        foreach (var (key, value) in mapping.Entries)
        {
            var name = key.Value;
            var tool = known.Find(name);
            if (!PolicyReader.IsName(name))
                problem(key.Line, $"'{PolicyReader.Visible(name)}' is no name of a tool", null);
            else if (tool is null && (isDenial || Spelling.Nearest(name, known.All.Select(tool => tool.Name)) is not null))
                problem(key.Line, $"no tool is named '{name}'", known.Hint(name));
            else if (value is PolicyScalar { Value: Any })
                tools[name] = new(tool?.Facets ?? [], any: true, new Dictionary<string, FacetTerm>());
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
        string[] keys = [.. tool.Facets.Select(facet => facet.Name), .. isDenial ? Array.Empty<string>() : [Others]];
        var fields = new FieldReader(node, label, keys, problem);
        if (isDenial && node is PolicyMapping { Entries.Count: 0 })
            problem(node.Line, $"{label} names nothing that it forbids", $"write '{tool.Name}: any', or name facets");
        var others = fields.Text(Others);
        if (others is not (null or Any))
            problem(fields.Find(Others)!.Line, $"'{Others}' of {label} can only be any", $"write '{Others}: any', or leave it out: then what is not mentioned is opened least");

        var terms = new Dictionary<string, FacetTerm>(StringComparer.Ordinal);
        foreach (var facet in tool.Facets)
        {
            if (fields.Find(facet.Name) is not { } value)
                continue;
            if (value is PolicyScalar { Value: Any } && !(isDenial && facet.Kind == FacetKind.AtMost))
                terms[facet.Name] = FacetTerm.AnyOf(facet);
            else if (Term(facet, fields, value, label) is { } term)
                terms[facet.Name] = term;
        }

        return new(tool.Facets, others == Any, terms);
    }

    private FacetTerm? Term(FacetDefinition facet, FieldReader fields, PolicyNode value, string label) => facet.Kind switch
    {
        FacetKind.Words or FacetKind.Labelled => Named(facet, fields),
        FacetKind.Ports => Ports(facet, fields, value, label),
        FacetKind.AtMost => fields.Number(facet.Name, facet.Bounds.Lowest, facet.Bounds.Highest, facet.Whole) is { } number ? new NumberTerm(number) : null,
    };

    private NamedTerm? Named(FacetDefinition facet, FieldReader fields)
    {
        if (fields.Texts(facet.Name, mayBeEmpty: !isDenial) is not { } texts)
            return null;
        foreach (var text in texts.Where(text => !IsNamed(facet, text.Value)))
        {
            problem(text.Line, $"'{facet.Name}' of {what}: '{PolicyReader.Visible(text.Value)}' is not known",
                text.Value == "*" ? "write any" : FieldReader.Near(text.Value, [.. facet.Known.Order(StringComparer.Ordinal)]));
        }

        var named = texts.Select(text => text.Value).Where(text => text != Any).ToLookup(text => text.Contains('*', StringComparison.Ordinal));
        return new(texts.Any(text => text.Value == Any), named[false].ToHashSet(StringComparer.Ordinal), [.. named[true]]);
    }

    private static bool IsNamed(FacetDefinition facet, string text)
    {
        if (text == Any || facet.Known.Contains(text))
            return true;
        if (facet.Kind != FacetKind.Labelled || text == "*" || !PolicyReader.IsName(text.Replace('*', 'x')))
            return false;
        // A name is free, but one edit away from a label is a typing error ("saef").
        return text.AsSpan().ContainsAny('-', '*') || Spelling.Nearest(text, facet.Known.Order(StringComparer.Ordinal)) is null;
    }

    private PortsTerm? Ports(FacetDefinition facet, FieldReader fields, PolicyNode value, string label)
    {
        var texts = value is PolicyScalar one ? [one] : fields.Texts(facet.Name, mayBeEmpty: !isDenial);
        if (texts is null)
            return null;
        var ports = new List<(ushort, ushort)>();
        foreach (var text in texts)
        {
            var compact = text.Value.Replace(" ", "", StringComparison.Ordinal);
            if (compact.Length > 0 && PortSet.TryParse(compact, out var more))
                ports.AddRange(more.Ranges);
            else
                problem(text.Line, $"'{facet.Name}' of {label}: '{PolicyReader.Visible(text.Value)}' is no set of ports", "write \"22,80,8000-8100\" or any");
        }

        return new(PortSet.Of(ports));
    }
}
