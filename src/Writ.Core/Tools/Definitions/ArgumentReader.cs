using Writ.Core.Policy;
using Writ.Proof.Statements;

namespace Writ.Core.Tools.Definitions;

/// <summary>Reads options and positionals of a definition.</summary>
internal sealed class ArgumentReader(Action<int, string, string?> problem)
{
    private static readonly string[] Common =
    [
        "value", "least", "most", "decimals", "of", "pattern", "schemes", "port", "holds", "prefix", "default", "facet", "says", "required", "at-most", "requires", "excludes", "means", "env", "user-env",
    ];
    private static readonly string[] OptionKeys = [.. Common, "also", "form", "family"], PositionalKeys = [.. Common, "as"];
    /// <summary>The kinds of values, by the words for them.</summary>
    internal static readonly Dictionary<string, ValueKind> Kinds = new(StringComparer.Ordinal)
    {
        ["host"] = ValueKind.Host, ["hosts"] = ValueKind.Hosts, ["host-port"] = ValueKind.HostPort, ["url"] = ValueKind.Url, ["port"] = ValueKind.Port, ["ports"] = ValueKind.Ports,
        ["number"] = ValueKind.Number, ["choice"] = ValueKind.Choice, ["text"] = ValueKind.Text, ["input"] = ValueKind.Input, ["output"] = ValueKind.Output, ["secret"] = ValueKind.Secret,
    };
    private static readonly Dictionary<string, ushort> KnownSchemes = new(StringComparer.Ordinal) { ["http"] = 80, ["https"] = 443, ["ws"] = 80, ["wss"] = 443, ["ftp"] = 21, ["ldap"] = 389, ["ldaps"] = 636 };

    /// <summary>Reads one.</summary>
    public DefinedArgument Read(string name, PolicyNode node, bool isOption)
    {
        var what = isOption ? $"option '{name}'" : $"positional '{name}'";
        var fields = new FieldReader(node is PolicyScalar { Value: "" } ? new PolicyMapping(node.Line, []) : node, what, isOption ? OptionKeys : PositionalKeys, problem);
        var kind = Kind(fields, what, isOption, Kinds);
        var argument = new DefinedArgument
        {
            Name = name,
            Also = isOption ? Names(fields, "also") : [],
            Value = kind,
            Forms = isOption ? Forms(fields, name, kind, what) : ValueForms.Separate,
            Prefix = fields.Text("prefix") ?? "",
            As = isOption ? null : fields.Text("as"),
            Bounds = Bounds(fields, kind),
            Whole = !fields.IsTrue("decimals"),
            Of = Names(fields, "of"),
            Pattern = Pattern(fields, what),
            Ports = Ports(fields, kind),
            Format = fields.Text("holds") ?? (kind == ValueKind.Output ? "output" : "input"),
            Default = fields.Text("default"),
            Facet = kind == ValueKind.Secret ? DefinedReach.Secrets : fields.Text("facet"),
            Environment = Variable(fields, "env", kind, what),
            UserEnvironment = Variable(fields, "user-env", kind, what),
            Says = Says(fields, what, problem),
            Required = fields.IsTrue("required"),
            Most = fields.Number("at-most", 1, 256) ?? 1,
            Requires = Names(fields, "requires"),
            Excludes = Names(fields, "excludes"),
            Family = fields.Number("family", 4, 6) ?? 0,
            Means = fields.Text("means") ?? "",
            Line = fields.Line,
        };
        if (kind == ValueKind.Secret && fields.Find("facet") is { } elsewhere)
            problem(elsewhere.Line, $"{what} is a secret, which answers the facet secrets", null);
        if (argument is { UserEnvironment: not null, Environment: null })
            problem(fields.Line, $"{what} has 'user-env' without 'env'", null);
        if (kind == ValueKind.Secret && argument.Environment is null && argument.Default is not null)
            problem(fields.Line, $"{what} is a file, whose path the argv must have: it takes no 'default'", null);
        if (kind == ValueKind.Choice && argument.Of.Count == 0)
            problem(fields.Line, $"{what} is a choice of nothing", "list the words: of: [a, aaaa]");
        if (kind == ValueKind.Text && fields.Find("pattern") is null)
            problem(fields.Line, $"{what} is a text without a pattern", "say what it may be, as a regular expression: pattern: '[a-z0-9.-]{1,64}'");
        if (argument.Default is { } usual && (kind is ValueKind.None or ValueKind.Input or ValueKind.Output || !DefinedValue.Read(argument, usual).IsOk))
            problem(fields.Find("default")!.Line, $"'default' of {what} is no value that it could have", null);
        if (argument.As is { } option && (option.Length < 2 || option[0] is not ('-' or '+')))
            problem(fields.Find("as")!.Line, $"'as' of {what} is no option", "write the option by which the program takes the same: as: -q");
        return argument;
    }

    /// <summary>What its value is, of the kinds that there are here; <see cref="ValueKind.None"/> where it is not said, which is a problem but for an option.</summary>
    internal ValueKind Kind(FieldReader fields, string what, bool isOption, Dictionary<string, ValueKind> kinds)
    {
        if (fields.Text("value") is { } word)
        {
            if (kinds.TryGetValue(word, out var kind))
                return kind;
            problem(fields.Find("value")!.Line, $"'{PolicyReader.Visible(word)}' is no kind of value", FieldReader.Near(word, kinds.Keys));
        }
        else if (!isOption && !fields.IsBroken)
            problem(fields.Line, $"{what} has no 'value'", $"say what it is: {string.Join(", ", kinds.Keys)}");
        return ValueKind.None;
    }

    private ValueForms Forms(FieldReader fields, string name, ValueKind kind, string what)
    {
        if (kind == ValueKind.None)
            return ValueForms.None;
        if (fields.Find("form") is null)
        {
            string[] names = [name, .. Names(fields, "also")];
            return name[0] == '+' ? ValueForms.Equals
                : ValueForms.Separate | (names.Any(DefinedArgument.IsShort) ? ValueForms.Glued : 0) | (names.Any(word => word.StartsWith("--", StringComparison.Ordinal)) ? ValueForms.Equals : 0);
        }

        var forms = ValueForms.None;
        foreach (var word in fields.Find("form") is PolicyScalar one ? [one] : fields.Texts("form") ?? [])
        {
            var form = word.Value switch { "separate" => ValueForms.Separate, "glued" => ValueForms.Glued, "equals" => ValueForms.Equals, _ => ValueForms.None };
            if (form == ValueForms.None)
                problem(word.Line, $"'form' of {what}: '{PolicyReader.Visible(word.Value)}' is not known", "it is separate, glued, equals or a list of these");
            forms |= form;
        }

        return forms;
    }

    private string? Variable(FieldReader fields, string key, ValueKind kind, string what)
    {
        if (fields.Text(key) is not { } name)
            return null;
        if (kind != ValueKind.Secret)
            problem(fields.Find(key)!.Line, $"'{key}' of {what} belongs to a secret", "give it value: secret");
        else if (!SandboxTerms.IsVariable(name))
            problem(fields.Find(key)!.Line, $"'{key}' of {what}: '{PolicyReader.Visible(name)}' is no variable that a secret may stand in", "use capital letters, digits and '_', such as PGPASSWORD");
        return name;
    }

    /// <summary>The bounds of a number.</summary>
    internal static (decimal Least, decimal Most) Bounds(FieldReader fields, ValueKind kind)
    {
        if (kind != ValueKind.Number)
            return (0, 0);
        fields.Need("least", "bounds are part of a number: least: 1, most: 100");
        fields.Need("most", "bounds are part of a number: least: 1, most: 100");
        return (fields.Number("least", 0, 1_000_000_000, whole: false) ?? 0, fields.Number("most", 0, 1_000_000_000, whole: false) ?? 0);
    }

    /// <summary>What a text must match.</summary>
    internal System.Text.RegularExpressions.Regex? Pattern(FieldReader fields, string what)
    {
        if (fields.Text("pattern") is not { } text)
            return null;
        if (text.Length <= 1_000 && DefinitionReader.Pattern(text) is { } pattern)
            return pattern;
        problem(fields.Find("pattern")!.Line, $"'pattern' of {what} is no regular expression that is read here", "without look-around, back-references and atomic groups");
        return null;
    }

    /// <summary>The schemes of a URL with their ports, and the port of a host that need not be written.</summary>
    internal Dictionary<string, ushort> Ports(FieldReader fields, ValueKind kind)
    {
        var ports = new Dictionary<string, ushort>(StringComparer.Ordinal);
        if (kind == ValueKind.HostPort && fields.Number("port", 1, 65_535) is { } usual)
            ports[""] = (ushort)usual;
        foreach (var scheme in kind == ValueKind.Url ? fields.Texts("schemes") ?? [] : [])
        {
            if (KnownSchemes.TryGetValue(scheme.Value, out var port))
                ports[scheme.Value] = port;
            else
                problem(scheme.Line, $"'{PolicyReader.Visible(scheme.Value)}' is no scheme that is read here", FieldReader.Near(scheme.Value, KnownSchemes.Keys));
        }

        if (kind == ValueKind.Url && ports.Count == 0)
            problem(fields.Line, "a URL has schemes", "name them: schemes: [http, https]");
        return ports;
    }

    /// <summary>Words that something answers to facets.</summary>
    public static IReadOnlyList<(string Facet, string Word)> Says(FieldReader fields, string what, Action<int, string, string?> problem)
    {
        var says = new List<(string, string)>();
        if (fields.Find("says") is not { } node)
            return says;
        foreach (var (key, value) in (node as PolicyMapping)?.Entries ?? [])
        {
            if (value is PolicyScalar { Value.Length: > 0 } word)
                says.Add((key.Value, word.Value));
        }

        if (says.Count == 0)
            problem(node.Line, $"'says' of {what} must be a mapping of facets to words", "write says: { features: zone-transfer }");
        return says;
    }

    private static string[] Names(FieldReader fields, string key) => [.. (fields.Texts(key) ?? []).Select(text => text.Value)];
}
