using System.Collections.Frozen;
using System.Globalization;
using Writ.Core.Policy;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Definitions;

/// <summary>
/// Reads the facets of a definition and holds them against its grammars: what an argument says must be known, and a number
/// that policy bounds must have a value in every command. Ports, targets, sub-commands and secrets have facets without being asked.
/// </summary>
internal sealed class DefinedFacetReader(Action<int, string, string?> problem)
{
    private static readonly string[] Keys = ["kind", "noun", "known", "least", "free", "by-name-only", "bounds", "decimals"];
    private static readonly string[] Kinds = ["words", "labelled", "at-most"];

    /// <summary>Every facet of the tool, in the order in which reasons are given.</summary>
    public IReadOnlyList<FacetDefinition> Read(PolicyNode? node, IReadOnlyDictionary<string, DefinedGrammar> grammars)
    {
        var facets = new List<FacetDefinition>();
        foreach (var (key, value) in (node as PolicyMapping)?.Entries ?? [])
        {
            if (Facet(key, value, grammars.Keys) is { } facet)
                facets.Add(facet);
        }

        if (node is not (null or PolicyMapping or PolicyScalar { Value: "" }))
            problem(node.Line, "'facets' must be a mapping of names", "write features: { kind: words, noun: feature, known: [a, b] }");
        if (!grammars.ContainsKey("") && facets.All(facet => facet.Name != DefinedReach.SubCommands))
            facets.Insert(0, SubCommands([], grammars.Keys));
        if (facets.All(facet => facet.Name != DefinedReach.Ports))
            facets.Add(new(DefinedReach.Ports, FacetKind.Ports) { Noun = "port" });
        if (grammars.Values.Any(grammar => grammar.Arguments.Any(argument => argument.Value == ValueKind.Secret)))
            facets.Add(new(DefinedReach.Secrets, FacetKind.Labelled) { Noun = "secret" });
        facets.Add(new(DefinedReach.MaxHosts, FacetKind.AtMost) { Noun = "host", LeastNumber = 1, Bounds = (1, int.MaxValue), CountsTargets = true });
        foreach (var grammar in grammars.Values)
            Hold(grammar, facets);
        return facets;
    }

    private FacetDefinition? Facet(PolicyScalar key, PolicyNode node, IEnumerable<string> subCommands)
    {
        var (name, what) = (key.Value, $"facet '{PolicyReader.Visible(key.Value)}'");
        var fields = new FieldReader(node, what, name == DefinedReach.Ports || name == DefinedReach.SubCommands ? ["least"] : Keys, problem);
        if (!PolicyReader.IsName(name) || name is "others" or DefinedReach.MaxHosts or DefinedReach.Secrets)
        {
            problem(key.Line, $"'{PolicyReader.Visible(name)}' is no name that a facet can have", name == DefinedReach.MaxHosts ? "every tool has it already" : name == DefinedReach.Secrets ? "a tool that takes secrets has it already" : null);
            return null;
        }

        if (fields.IsBroken)
            return null;
        if (name == DefinedReach.Ports)
        {
            var ports = PortSet.Empty;
            if (fields.Text("least") is { } text && !PortSet.TryParse(text, out ports))
                problem(fields.Line, $"'least' of {what} is no set of ports", "write \"53\"");
            return new(name, FacetKind.Ports) { Noun = "port", LeastPorts = ports };
        }

        if (name == DefinedReach.SubCommands)
            return SubCommands(Set(fields, "least"), subCommands);
        fields.Need("kind", "it is words, labelled or at-most");
        fields.Need("noun", "say what one of its values is called: noun: record type");
        var noun = fields.Text("noun") ?? name;
        switch (fields.Text("kind"))
        {
            case "words":
                fields.Need("known", "list every word");
                return Within(new(name, FacetKind.Words) { Noun = noun, Known = Set(fields, "known"), Least = Set(fields, "least"), Free = Set(fields, "free"), ByNameOnly = Set(fields, "by-name-only") }, fields, what);
            case "labelled":
                return new(name, FacetKind.Labelled) { Noun = noun };
            case "at-most":
                fields.Need("bounds", "the numbers that a policy may write: bounds: 1-1000");
                fields.Need("least", "what a rule opens that does not mention it");
                var (lowest, highest) = Bounds(fields, what);
                return new(name, FacetKind.AtMost)
                {
                    Noun = noun, Bounds = (lowest, highest), LeastNumber = fields.Number("least", lowest, highest, whole: false) ?? lowest, Whole = !fields.IsTrue("decimals"),
                };
            case { } other:
                problem(fields.Find("kind")!.Line, $"'{PolicyReader.Visible(other)}' is no kind of facet", FieldReader.Near(other, Kinds));
                return null;
            case null:
                return null;
        }
    }

    private static FacetDefinition SubCommands(FrozenSet<string> least, IEnumerable<string> known) =>
        new(DefinedReach.SubCommands, FacetKind.Words) { Noun = "sub-command", Known = known.ToFrozenSet(StringComparer.Ordinal), Least = least };

    private FacetDefinition Within(FacetDefinition facet, FieldReader fields, string what)
    {
        foreach (var stray in facet.Least.Concat(facet.Free).Concat(facet.ByNameOnly).Where(word => !facet.Known.Contains(word)))
            problem(fields.Line, $"{what}: '{stray}' is not among its known words", FieldReader.Near(stray, facet.Known));
        // A word that nothing opens without its name must not be opened by silence.
        return facet with { Least = facet.Least.Union(facet.Free).Except(facet.ByNameOnly).ToFrozenSet(StringComparer.Ordinal) };
    }

    private (decimal, decimal) Bounds(FieldReader fields, string what)
    {
        if (fields.Text("bounds") is { } text && text.Split('-') is [var low, var high]
            && decimal.TryParse(low, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var lowest)
            && decimal.TryParse(high, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var highest) && lowest <= highest && highest <= 1_000_000_000)
            return (lowest, highest);
        if (fields.Find("bounds") is { } node)
            problem(node.Line, $"'bounds' of {what} are no two numbers", "write 1-1000");
        return (0, 1_000_000_000);
    }

    private void Hold(DefinedGrammar grammar, List<FacetDefinition> facets)
    {
        foreach (var argument in grammar.Arguments)
        {
            if (argument.Facet is { } name)
                Value(argument, name);
            Said(argument.Says, argument.Line, argument.Name);
        }

        if (grammar.Interactive is { } terminal)
            Said(terminal.Says, terminal.Line, "'interactive'");

        void Said(IReadOnlyList<(string Facet, string Word)> says, int line, string what)
        {
            foreach (var (facet, word) in says)
            {
                if (facets.FirstOrDefault(known => known.Name == facet) is not { Kind: FacetKind.Words or FacetKind.Labelled } found)
                    problem(line, $"{what} says something of '{facet}', which is no facet of words", FieldReader.Near(facet, [.. facets.Select(known => known.Name)]));
                else if (found.Kind == FacetKind.Words && !found.Known.Contains(word))
                    problem(line, $"{what} says '{word}', which facet '{facet}' does not know", FieldReader.Near(word, found.Known));
            }
        }

        void Value(DefinedArgument argument, string name)
        {
            switch (facets.FirstOrDefault(facet => facet.Name == name))
            {
                case null or { Kind: FacetKind.Ports } or { CountsTargets: true }:
                    problem(argument.Line, $"{argument.Name} answers '{name}', which is no facet for a value", FieldReader.Near(name, [.. facets.Select(facet => facet.Name)]));
                    break;
                case { Kind: FacetKind.AtMost } when argument.Value is not (ValueKind.Number or ValueKind.Port):
                    problem(argument.Line, $"{argument.Name} answers '{name}', which takes a number", null);
                    break;
                case { Kind: FacetKind.AtMost } when argument.Default is null && !argument.Required:
                    problem(argument.Line, $"{argument.Name} answers '{name}', but nothing says what the tool takes without it", "give it a default, or required: true");
                    break;
                case { Kind: FacetKind.Words } facet when argument.Value != ValueKind.Choice || argument.Of.Any(word => !facet.Known.Contains(word)):
                    problem(argument.Line, $"{argument.Name} answers '{name}', but may have values that the facet does not know", "make it a choice of the facet's words");
                    break;
                case { Kind: FacetKind.Labelled } when argument.Value is not (ValueKind.Text or ValueKind.Choice or ValueKind.Host or ValueKind.Secret):
                    problem(argument.Line, $"{argument.Name} answers '{name}', which takes names", null);
                    break;
            }
        }
    }

    private static FrozenSet<string> Set(FieldReader fields, string key) => (fields.Texts(key, mayBeEmpty: true) ?? []).Select(text => text.Value).ToFrozenSet(StringComparer.Ordinal);
}
