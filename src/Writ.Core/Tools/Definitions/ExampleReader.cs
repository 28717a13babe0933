using Writ.Core.Policy;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Definitions;

/// <summary>Reads the examples of a definition.</summary>
internal sealed class ExampleReader(IReadOnlyList<FacetDefinition> facets, Action<int, string, string?> problem)
{
    private static readonly string[] Keys = ["command", "refused", "names", "argv", "targets", "tcp", "udp", "sctp", "icmp", "raw-sockets", "interactive", "facets"];

    private static readonly string[] Reaching = ["tcp", "udp", "sctp", "icmp", "raw-sockets", "interactive"], OfPlans = [.. Reaching, "argv", "targets", "facets"];

    /// <summary>The list under <c>examples</c>. A definition without any shows nothing, and is refused.</summary>
    public IReadOnlyList<DefinedExample> Read(PolicyNode? node)
    {
        var examples = node is PolicyList list ? [.. list.Items.Select(Example).OfType<DefinedExample>()] : Array.Empty<DefinedExample>();
        if (!examples.Any(example => example.Refused is null) || !examples.Any(example => example.Refused is not null))
            problem(node?.Line ?? 1, "a definition has examples of what it accepts and of what it refuses", "examples: [{ command: whois -h 10.20.0.43 a.example, tcp: 43 }, { command: whois -z, refused: no option }]");
        return examples;
    }

    private DefinedExample? Example(PolicyNode node)
    {
        var fields = new FieldReader(node, "this example", Keys, problem);
        var command = fields.Need("command") is { } line ? PolicyTestReader.Words(line, problem) : null;
        var names = new Dictionary<string, IReadOnlyList<Address>>(StringComparer.Ordinal);
        foreach (var (name, addresses) in (fields.Find("names") as PolicyMapping)?.Entries ?? [])
        {
            if (addresses is PolicyScalar text && Address.TryParse(text.Value, out var address))
                names[name.Value] = [address];
            else
                problem(name.Line, $"'names' of this example: '{PolicyReader.Visible(name.Value)}' has no address", "write web1.example.com: 10.20.0.5");
        }

        AddressSet? targets = null;
        if (fields.Texts("targets") is { } texts && AddressSet.TryParse(texts.Select(text => text.Value), out var set, out var wrong))
            targets = set;
        else if (fields.Find("targets") is { } odd)
            problem(odd.Line, "'targets' of this example are no list of addresses", null);
        var argv = fields.Find("argv") is { } words ? PolicyTestReader.Words(words, problem) : null;
        if (fields.Find("refused") is not null && OfPlans.FirstOrDefault(key => fields.Find(key) is not null) is { } both)
            problem(node.Line, $"a refused example has no '{both}'", null);
        return command is null ? null : new(node.Line, command, names, fields.Text("refused"))
        {
            Argv = argv,
            Targets = targets,
            Reaches = Reaching.Where(key => fields.Find(key) is PolicyScalar).ToDictionary(key => key, key => ((PolicyScalar)fields.Find(key)!).Value, StringComparer.Ordinal),
            Facets = Facets(fields),
        };
    }

    private Dictionary<string, string> Facets(FieldReader fields)
    {
        var answers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in (fields.Find("facets") as PolicyMapping)?.Entries ?? [])
        {
            if (facets.All(facet => facet.Name != name.Value))
                problem(name.Line, $"'facets' of this example: there is no facet '{PolicyReader.Visible(name.Value)}'", FieldReader.Near(name.Value, [.. facets.Select(facet => facet.Name)]));
            else
                answers[name.Value] = value is PolicyList list ? string.Join(", ", list.Items.OfType<PolicyScalar>().Select(item => item.Value)) : (value as PolicyScalar)?.Value ?? "";
        }

        return answers;
    }
}
