using Writ.Core.Policy;
using Writ.Core.Tools.Definitions;
using Writ.Core.Zones;
using Writ.Proof.Addresses;

namespace Writ.Core.Templates;

/// <summary>Reads the parameters of a template: the types of values that tools have (<see cref="ArgumentReader"/>), with where a target may be.</summary>
internal sealed class ParameterReader(IReadOnlyDictionary<string, Zone> zones, Action<int, string, string?> problem)
{
    private const int MostOfText = 1_000;
    private const string PlainText = "[A-Za-z0-9._:/@%+=~-]+";
    private static readonly string[] Keys = ["value", "zones", "addresses", "within", "least", "most", "decimals", "of", "pattern", "longest", "schemes", "port", "default", "means"];
    private static readonly ValueKind[] Targets = [ValueKind.Host, ValueKind.Hosts, ValueKind.HostPort, ValueKind.Url];
    private static readonly Dictionary<string, ValueKind> Kinds = new(
        ArgumentReader.Kinds.Where(kind => kind.Value is not (ValueKind.Input or ValueKind.Output or ValueKind.Secret)).Append(KeyValuePair.Create("duration", ValueKind.Duration)), StringComparer.Ordinal);

    /// <summary>Which keys belong to which types; the others belong to all.</summary>
    private static readonly Dictionary<string, ValueKind[]> Only = new(StringComparer.Ordinal)
    {
        ["zones"] = Targets, ["addresses"] = Targets, ["within"] = [ValueKind.Port, ValueKind.Ports], ["least"] = [ValueKind.Number, ValueKind.Duration], ["most"] = [ValueKind.Number, ValueKind.Duration],
        ["decimals"] = [ValueKind.Number], ["of"] = [ValueKind.Choice], ["pattern"] = [ValueKind.Text], ["longest"] = [ValueKind.Text], ["schemes"] = [ValueKind.Url], ["port"] = [ValueKind.HostPort],
    };

    private readonly ArgumentReader _arguments = new(problem);

    /// <summary>Reads one; null where nothing could be read of it.</summary>
    public TemplateParameter? Read(string name, PolicyNode node)
    {
        var what = $"parameter '{name}'";
        var fields = new FieldReader(node, what, Keys, problem);
        if (fields.IsBroken || _arguments.Kind(fields, what, isOption: false, Kinds) is not (not ValueKind.None and var kind))
            return null;
        foreach (var (key, kinds) in Only.Where(only => fields.Find(only.Key) is not null && !only.Value.Contains(kind)))
            problem(fields.Find(key)!.Line, $"'{key}' of {what} does not belong to its type", $"it belongs to {string.Join(", ", Kinds.Where(known => kinds.Contains(known.Value)).Select(known => known.Key))}");
        var argument = new DefinedArgument
        {
            Name = name,
            Value = kind,
            Bounds = kind == ValueKind.Duration ? Times(fields) : ArgumentReader.Bounds(fields, kind),
            Whole = !fields.IsTrue("decimals"),
            Of = [.. (fields.Texts("of") ?? []).Select(word => word.Value)],
            Pattern = _arguments.Pattern(fields, what) ?? DefinitionReader.Pattern(PlainText),
            Ports = _arguments.Ports(fields, kind),
            Default = fields.Text("default"),
            Means = fields.Text("means") ?? "",
            Line = fields.Line,
        };
        var targets = Targets.Contains(kind) ? Within(fields, what) : null;
        var parameter = new TemplateParameter
        {
            Argument = argument,
            Kind = fields.Text("value")!,
            Within = targets,
            WithinTexts = targets is null ? [] : [.. (fields.Texts("zones") ?? []).Select(zone => $"zone {zone.Value}"), .. (fields.Texts("addresses") ?? []).Select(text => text.Value)],
            Ports = kind is ValueKind.Port or ValueKind.Ports ? Ports(fields, what) : null,
            Longest = fields.Number("longest", 1, MostOfText) ?? 200,
        };
        if (argument.Bounds.Least > argument.Bounds.Most)
            problem(fields.Find("most")!.Line, $"'most' of {what} is less than 'least'", null);
        if (kind == ValueKind.Text && fields.Find("pattern") is null && fields.Find("longest") is null)
            problem(fields.Line, $"{what} is a text without a bound", "say what it may be: pattern: '[a-z0-9.-]{1,64}', or longest: 64");
        if (kind == ValueKind.Choice && argument.Of.Count == 0)
            problem(fields.Line, $"{what} is a choice of nothing", "list the words: of: [a, aaaa]");
        foreach (var word in argument.Of.Where(word => kind == ValueKind.Choice && !parameter.Read(word).IsOk))
            problem(fields.Find("of")!.Line, $"'of' of {what}: '{PolicyReader.Visible(word)}' is no value that could stand in a command", parameter.Read(word).Refusal.Message);
        if (argument.Default is { } usual && (targets is null || !targets.IsEmpty) && parameter.Read(usual) is { IsOk: false, Refusal: var wrong })
            problem(fields.Find("default")!.Line, $"'default' of {what} is no value that it could have", wrong.Message);
        return parameter;
    }

    private AddressSet Within(FieldReader fields, string what)
    {
        if (fields.Find("zones") is null && fields.Find("addresses") is null)
            problem(fields.Line, $"{what} is a target without a place", "say where it may be: zones: [staging], or addresses: [10.20.1.0/24]");
        var set = AddressSet.Empty;
        foreach (var zone in fields.Texts("zones") ?? [])
        {
            if (zones.TryGetValue(zone.Value, out var known))
                set = set.Union(known.Addresses);
            else
                problem(zone.Line, $"no zone is named '{PolicyReader.Visible(zone.Value)}'", FieldReader.Near(zone.Value, [.. zones.Keys.Take(10_000)]));
        }

        foreach (var text in fields.Texts("addresses") ?? [])
        {
            if (AddressRange.TryParse(text.Value, out var range))
                set = set.Union(AddressSet.Of(range));
            else
                problem(text.Line, $"'{PolicyReader.Visible(text.Value)}' is no address, network or range", "write 10.20.0.5, 10.20.0.0/24 or 10.20.0.1-10.20.0.9");
        }

        return set;
    }

    private PortSet? Ports(FieldReader fields, string what)
    {
        if (fields.Text("within") is not { } text)
            return null;
        if (PortSet.TryParse(text, out var ports) && !ports.IsEmpty)
            return ports;
        problem(fields.Find("within")!.Line, $"'within' of {what} are no ports", "write 22,80,8000-8100");
        return null;
    }

    private static (decimal, decimal) Times(FieldReader fields)
    {
        fields.Need("most", "bounds are part of a duration: least: 1s, most: 10m");
        var (least, most) = (fields.Time("least", Duration.Longest), fields.Time("most", Duration.Longest));
        return ((decimal)(least?.TotalSeconds ?? 1), (decimal)(most?.TotalSeconds ?? 0));
    }
}
