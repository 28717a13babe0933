using System.Text.RegularExpressions;
using Writ.Core.Policy;

namespace Writ.Core.Tools.Definitions;

/// <summary>
/// Reads a tool's definition: its top level, place and facets here, grammars in <see cref="GrammarReader"/>, examples in
/// <see cref="ExampleReader"/>. One instance reads one definition.
/// </summary>
internal sealed class DefinitionReader(PolicyNode root, string text, Action<int, string, string?> problem)
{
    private static readonly string[] Keys = ["version", "tool", "summary", "program", "runner", "facets", .. GrammarReader.Keys, "sub-commands", "examples"];

    /// <summary>True where a file is a tool's definition and not a part of a policy.</summary>
    public static bool IsDefinition(PolicyNode root) => root is PolicyMapping mapping && mapping.Entries.Any(entry => entry.Key.Value == "tool");

    /// <summary>The definition, or the problems.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="fileName">How problems name it.</param>
    public static (ToolDefinition? Definition, IReadOnlyList<PolicyProblem> Problems) Read(string text, string fileName)
    {
        var problems = new List<PolicyProblem>();
        void Problem(int line, string message, string? hint) => problems.Add(new(fileName, line, PolicyReader.Visible(message, 400), hint is null ? null : PolicyReader.Visible(hint, 400)));
        var definition = new PolicyYaml(Problem, 1).Read(text) is { } root ? new DefinitionReader(root, text, Problem).Read() : null;
        return problems.Count == 0 ? (definition, []) : (null, [.. problems.OrderBy(found => found.Line).Take(100)]);
    }

    /// <summary>The definition; null where problems were reported that leave nothing to read.</summary>
    public ToolDefinition? Read()
    {
        var fields = new FieldReader(root, "the definition", Keys, problem);
        if (fields.IsBroken)
            return null;
        if (fields.Need("version", "begin with 'version: 1'") is { } version && version is not PolicyScalar { Value: "1" })
            problem(version.Line, "this version of the definition format is not known", "write 'version: 1'");
        fields.Need("tool", "name the word that its commands begin with: tool: whois");
        fields.Need("summary", "say in a line what it is for");
        if (fields.Text("tool") is not { } name || !PolicyReader.IsName(name))
        {
            if (fields.Find("tool") is { } wrong)
                problem(wrong.Line, "the tool's name is no plain word", "use letters, digits, '.', '_' and '-', at most 64");
            return null;
        }

        var grammars = Grammars(fields);
        var facets = new DefinedFacetReader(problem).Read(fields.Find("facets"), grammars);
        var place = Place(fields, name);
        var definition = new ToolDefinition
        {
            Name = name,
            Summary = fields.Text("summary") ?? "",
            Program = fields.Text("program") ?? name,
            Place = place,
            Facets = facets,
            Grammars = grammars,
            Text = text,
        };
        if (definition.Program.Contains('/', StringComparison.Ordinal))
            problem(fields.Find("program")!.Line, "'program' is the program's file name, without a folder", "where it lies is the runner's: runner: { path: … }");
        return definition with { Examples = new ExampleReader(facets, problem).Read(fields.Find("examples")) };
    }

    private Dictionary<string, DefinedGrammar> Grammars(FieldReader fields)
    {
        var grammars = new Dictionary<string, DefinedGrammar>(StringComparer.Ordinal);
        if (fields.Find("sub-commands") is not { } node)
        {
            grammars[""] = new GrammarReader(fields, "the definition", problem).Read();
            return grammars;
        }

        foreach (var key in GrammarReader.Keys.Where(key => fields.Find(key) is not null))
            problem(fields.Find(key)!.Line, $"'{key}' belongs into each sub-command, where there are any", null);
        foreach (var (key, value) in (node as PolicyMapping)?.Entries ?? [])
        {
            var inside = new FieldReader(value, $"sub-command '{PolicyReader.Visible(key.Value)}'", GrammarReader.Keys, problem);
            if (!PolicyReader.IsName(key.Value))
                problem(key.Line, $"'{PolicyReader.Visible(key.Value)}' is no name for a sub-command", null);
            else
                grammars[key.Value] = new GrammarReader(inside, $"sub-command '{key.Value}'", problem).Read();
        }

        if (grammars.Count == 0)
            problem(node.Line, "'sub-commands' must be a mapping of names", "write 'name: { options: … }' for each");
        return grammars;
    }

    private DefinedPlace Place(FieldReader fields, string name)
    {
        var usual = $"/usr/bin/{fields.Text("program") ?? name}";
        if (fields.Find("runner") is not { } node)
            return new(usual, null, [], [], ["--version"]);
        var place = new FieldReader(node, "'runner'", ["path", "package", "data", "programs", "version"], problem);
        IReadOnlyList<string> Paths(string key)
        {
            var paths = place.Texts(key) ?? [];
            foreach (var odd in paths.Where(path => !path.Value.StartsWith('/')))
                problem(odd.Line, $"'{key}' of 'runner': '{odd.Value}' is no absolute path", null);
            return [.. paths.Select(path => path.Value)];
        }

        var path = place.Text("path") ?? usual;
        if (!path.StartsWith('/') || !path.EndsWith("/" + (fields.Text("program") ?? name), StringComparison.Ordinal))
            problem(place.Line, $"'path' of 'runner': '{path}' is no absolute path that ends in the program's name", "name a program of another name by program:");
        return new(path, place.Text("package"), Paths("data"), Paths("programs"), [.. (place.Texts("version") ?? [new(0, "--version")]).Select(word => word.Value)]);
    }

    /// <summary>A pattern as a definition has one: all of the text must match, in time that grows with its length alone.</summary>
    internal static Regex? Pattern(string pattern)
    {
        try
        {
            return new Regex($"^(?:{pattern})\\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
