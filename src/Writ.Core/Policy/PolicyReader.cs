using System.Globalization;
using System.Text;
using Writ.Core.Rotas;
using Writ.Core.Templates;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Core.Policy;

/// <summary>
/// Reads the files of a policy into one: the top level, roles and zones here, workloads in <see cref="WorkloadReader"/>, rules and denials in
/// <see cref="RuleReader"/>,
/// tests in <see cref="PolicyTestReader"/>, definitions of tools and templates, each a file of its own, in <see cref="DefinitionReader"/> and <see cref="TemplateReader"/>. One instance reads one policy.
/// </summary>
internal sealed class PolicyReader(PolicySource source)
{
    /// <summary>The most UTF-8 bytes of a policy.</summary>
    public const int MaxBytes = 64 << 20;

    private const int MaxProblems = 100;
    private readonly List<(int Line, string Message, string? Hint)> _problems = [];

    /// <summary>Thrown inside where there are so many problems that more would help nobody.</summary>
    private sealed class EnoughException : Exception;

    /// <summary>The policy, or the problems.</summary>
    public PolicyParse Read()
    {
        PolicyDocument? policy = null;
        try
        {
            policy = Document();
        }
        catch (EnoughException)
        {
        }

        return _problems.Count == 0 && policy is not null
            ? new(policy, [])
            : new(null, [.. _problems.OrderBy(problem => problem.Line).Select(Placed)]);
    }

    private PolicyProblem Placed((int Line, string Message, string? Hint) problem)
    {
        var (file, line) = source.At(problem.Line);
        return new(file, line, Visible(problem.Message, 400), problem.Hint is null ? null : Visible(problem.Hint, 400));
    }

    private PolicyDocument? Document()
    {
        if (source.Text.Length > MaxBytes || Encoding.UTF8.GetByteCount(source.Text) > MaxBytes)
        {
            Problem(1, "the policy is larger than 64 MB", "split what belongs to different teams");
            return null;
        }

        foreach (var twice in source.Files.GroupBy(file => file.Name, StringComparer.Ordinal).SelectMany(group => group.Skip(1)))
            Problem(twice.FirstLine, "this file is given twice", null);
        var roots = source.Files.Select(file => (File: file, Root: new PolicyYaml(Problem, file.FirstLine).Read(file.Text))).ToArray();
        var definitions = Definitions(roots);
        FieldReader[] tops = [.. roots.Where(read => read.Root is { } root && !IsOfItsOwn(root)).Select(read => Top(read.Root!)).OfType<FieldReader>()];
        if (tops.Length + roots.Count(read => read.Root is { } root && IsOfItsOwn(root)) < source.Files.Count)
            return null;
        if (tops.Length == 0)
        {
            Problem(1, $"the policy has definitions of tools{(roots.Any(read => read.Root is { } root && TemplateReader.IsTemplate(root)) ? " and templates" : "")} alone", "add a file with roles, zones and rules; writ tools check and writ templates check each check one by itself");
            return null;
        }

        var tools = ToolCatalogue.Box.With([.. definitions.Select(definition => new DefinedTool(definition))]);
        var rotaReader = new RotaReader(Problem);
        var rotas = Named(tops, "rotas", "rota").ToDictionary(named => named.Name, named => rotaReader.Read(named.Name, named.Node), StringComparer.Ordinal);
        var roles = Roles(tops, rotas);
        var zones = Zones(tops, roles);
        var reader = new WorkloadReader(Problem);
        var workloads = Named(tops, "workloads", "workload").ToDictionary(named => named.Name, named => reader.Read(named.Name, named.Node), StringComparer.Ordinal);
        var templates = Templates(roots, new(zones, tools, Problem));
        var rules = new RuleReader(roles, zones, tools, templates, source.Where, Problem);
        return new(source, tools, definitions, rotas, roles, workloads, zones, rules.Rules(tops), rules.Denials(tops), new PolicyTestReader(rules.Ids, rotas, templates, Problem).Tests(tops), templates);
    }

    /// <summary>True for a file that is no part of the policy's own text.</summary>
    private static bool IsOfItsOwn(PolicyNode root) => DefinitionReader.IsDefinition(root) || TemplateReader.IsTemplate(root);

    private Dictionary<string, Template> Templates((PolicySourceFile File, PolicyNode? Root)[] roots, TemplateReader reader)
    {
        var templates = new Dictionary<string, Template>(StringComparer.Ordinal);
        foreach (var (file, root) in roots)
        {
            if (root is null || DefinitionReader.IsDefinition(root) || !TemplateReader.IsTemplate(root) || reader.Read(root, file.Text) is not { } template)
                continue;
            if (!templates.TryAdd(template.Name, template))
                Problem(file.FirstLine, $"the template '{template.Name}' is defined twice", $"it stands {source.Where(templates[template.Name].Line)} already");
        }

        return templates;
    }

    private List<ToolDefinition> Definitions((PolicySourceFile File, PolicyNode? Root)[] roots)
    {
        var definitions = new List<ToolDefinition>();
        foreach (var (file, root) in roots)
        {
            if (root is null || !DefinitionReader.IsDefinition(root) || new DefinitionReader(root, file.Text, Problem).Read() is not { } definition)
                continue;
            if (ToolCatalogue.Box.Find(definition.Name) is not (null or DefinedTool))
                Problem(file.FirstLine, $"the tool '{definition.Name}' has a parser of its own, in whose place no definition comes", "give yours another name, and the program's by program:");
            else if (definitions.Exists(other => other.Name == definition.Name))
                Problem(file.FirstLine, $"the tool '{definition.Name}' is defined twice", null);
            else
                definitions.Add(definition);
        }

        return definitions;
    }

    private FieldReader? Top(PolicyNode root)
    {
        var top = new FieldReader(root, "the policy", ["version", "rotas", "roles", "workloads", "zones", "rules", "denials", "tests"], Problem);
        if (top.IsBroken)
            return null;
        if (top.Need("version", "begin with 'version: 1'") is { } version && version is not PolicyScalar { Value: "1" })
            Problem(version.Line, "this version of the policy format is not known", "write 'version: 1'");
        return top;
    }

    private Dictionary<string, Role> Roles(FieldReader[] tops, Dictionary<string, Rota> rotas)
    {
        var roles = new Dictionary<string, Role>(StringComparer.Ordinal);
        foreach (var (name, node) in Named(tops, "roles", "role"))
        {
            var fields = new FieldReader(node, $"role '{name}'", ["groups", "workloads", "on-call"], Problem);
            var (groups, workloads, onCall) = (Values(fields, "groups"), Values(fields, "workloads"), fields.Text("on-call"));
            if (groups.Count + workloads.Count == 0 && onCall is null && !fields.IsBroken)
                Problem(fields.Line, $"role '{name}' has nobody", "name groups or workloads, or a rota by on-call");
            if (onCall is not null && !rotas.ContainsKey(onCall))
                Problem(fields.Find("on-call")!.Line, $"no rota is named '{Visible(onCall)}'", FieldReader.Near(onCall, [.. rotas.Keys]));
            roles[name] = new(name, groups, workloads, onCall) { Line = node.Line };
        }

        return roles;
    }

    private Dictionary<string, Zone> Zones(FieldReader[] tops, Dictionary<string, Role> roles)
    {
        var zones = new Dictionary<string, Zone>(StringComparer.Ordinal);
        var strangers = new HashSet<string>(StringComparer.Ordinal);
        // Comparing each stranger with each of very many roles would take longer than reading them.
        string[] some = [.. roles.Keys.Take(1_000)];
        foreach (var (name, node) in Named(tops, "zones", "zone"))
        {
            var fields = new FieldReader(node, $"zone '{name}'", ["addresses", "names", "owners", "runners"], Problem);
            fields.Need("addresses", "a zone is a set of addresses: [10.20.0.0/16]");
            var ranges = (fields.Texts("addresses") ?? []).Select(text => Range(name, text)).OfType<AddressRange>();
            foreach (var pattern in fields.Texts("names") ?? [])
                Pattern(name, pattern);

            // An owner may be a group that only the identity provider knows; a near miss of a role is a typing error.
            foreach (var owner in fields.Texts("owners") ?? [])
            {
                if (!roles.ContainsKey(owner.Value) && strangers.Add(owner.Value) && Spelling.Nearest(owner.Value, some) is { } near)
                    Problem(owner.Line, $"owner '{owner.Value}' of zone '{name}' is no role", $"did you mean '{near}'?");
            }

            zones[name] = new(name, AddressSet.Of(ranges), Values(fields, "names"), Values(fields, "owners"), Values(fields, "runners")) { Line = node.Line };
        }

        return zones;
    }

    private AddressRange? Range(string zone, PolicyScalar text)
    {
        if (AddressRange.TryParse(text.Value, out var range))
        {
            if (!text.Value.EndsWith("/0", StringComparison.Ordinal) && range != AddressRange.Network(Address.V4(0), 0))
                return range;
            Problem(text.Line, $"zone '{zone}': '{text.Value}' is every address of its family", "name the networks that are yours");
            return null;
        }

        Problem(text.Line, $"zone '{zone}': '{text.Value}' is no address, network or range", Meant(text.Value) is { } network
            ? $"the network is written {network}"
            : "write 10.20.0.5, 10.20.0.0/16, 10.20.0.1-10.20.0.9 or 2001:db8::/32");
        return null;
    }

    /// <summary>The network of an address with a prefix whose host bits are not zero.</summary>
    private static AddressRange? Meant(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && Address.TryParse(text.AsSpan(0, slash), out var address)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
            && prefix > 8 && AddressRange.TryNetwork(address, prefix, out var network) ? network : null;
    }

    private void Pattern(string zone, PolicyScalar text)
    {
        var name = text.Value.StartsWith("*.", StringComparison.Ordinal) ? text.Value[2..] : text.Value;
        if (name.Length is 0 or > 253 || name.Split('.').Any(label => label.Length is 0 or > 63
            || label[0] == '-' || label[^1] == '-' || !label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')))
            Problem(text.Line, $"zone '{zone}': '{text.Value}' is no name or pattern of names", "write host.example.com or *.example.com");
    }

    private IEnumerable<(string Name, PolicyNode Node)> Named(FieldReader[] tops, string key, string what)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in tops.Select(top => top.Find(key)).OfType<PolicyNode>())
        {
            if (node is not PolicyMapping mapping)
            {
                if (node is not PolicyScalar { Value: "" })
                    Problem(node.Line, $"'{key}' must be a mapping of names", $"write 'name: {{ … }}' for each {what}");
                continue;
            }

            foreach (var (name, value) in mapping.Entries)
            {
                if (!IsName(name.Value))
                    Problem(name.Line, $"'{Visible(name.Value)}' is no name for a {what}", "use letters, digits, '.', '_' and '-', at most 64");
                else if (seen.TryAdd(name.Value, name.Line))
                    yield return (name.Value, value);
                else
                    Problem(name.Line, $"the {what} '{name.Value}' is defined twice", $"it stands {source.Where(seen[name.Value])} already");
            }
        }
    }

    private static IReadOnlyList<string> Values(FieldReader fields, string key) =>
        [.. (fields.Texts(key) ?? []).Select(text => text.Value)];

    /// <summary>Names of roles, zones, rules, denials and tools: short ASCII words, safe to show anywhere.</summary>
    internal static bool IsName(string text) =>
        text.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>A text of the file for a message: control characters and what reorders text become question marks, and it is cut.</summary>
    internal static string Visible(string text, int most = 80) =>
        string.Concat(text.Take(most).Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format ? '?' : c));

    private void Problem(int line, string message, string? hint)
    {
        _problems.Add((line, message, hint));
        if (_problems.Count == MaxProblems)
            throw new EnoughException();
    }
}
