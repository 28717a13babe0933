using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Core.Zones;

namespace Writ.Core.Templates;

/// <summary>
/// Reads a template: its top level, command and examples here, parameters in <see cref="ParameterReader"/>. One instance reads the templates
/// of one policy, whose zones and tools they name.
/// </summary>
internal sealed class TemplateReader(IReadOnlyDictionary<string, Zone> zones, ToolCatalogue tools, Action<int, string, string?> problem)
{
    private const int MostText = 500;
    private static readonly string[] Sentences = ["description", "reason"];
    private static readonly string[] Keys = ["version", "template", "description", "command", "parameters", "max-duration", "reason", "require", "authors", "examples"];
    private static readonly ValueKind[] Closed = [ValueKind.Port, ValueKind.Ports, ValueKind.Number, ValueKind.Choice, ValueKind.Duration];

    /// <summary>True where a file is a template and neither a part of a policy nor a tool's definition.</summary>
    public static bool IsTemplate(PolicyNode root) => root is PolicyMapping mapping && mapping.Entries.Any(entry => entry.Key.Value == "template");

    /// <summary>The template; null where problems were reported that leave nothing to use.</summary>
    public Template? Read(PolicyNode root, string text)
    {
        var fields = new FieldReader(root, "the template", Keys, problem);
        if (fields.IsBroken)
            return null;
        if (fields.Need("version", "begin with 'version: 1'") is { } version && version is not PolicyScalar { Value: "1" })
            problem(version.Line, "this version of the template format is not known", "write 'version: 1'");
        fields.Need("template", "name it: template: web-check");
        fields.Need("description", "say in a line what it is for");
        if (fields.Text("template") is not { } name || !PolicyReader.IsName(name))
        {
            if (fields.Find("template") is { } wrong)
                problem(wrong.Line, "the template's name is no plain word", "use letters, digits, '.', '_' and '-', at most 64");
            return null;
        }

        var require = fields.Texts("require") ?? [];
        foreach (var word in require.Where(word => word.Value is not ("reason" or "ticket")))
            problem(word.Line, $"the template cannot require '{PolicyReader.Visible(word.Value)}'", FieldReader.Near(word.Value, ["reason", "ticket"]));
        foreach (var key in Sentences.Where(key => fields.Text(key)?.Length > MostText))
            problem(fields.Find(key)!.Line, $"'{key}' of the template has more than {MostText} characters", null);
        var parameters = Parameters(fields.Find("parameters"));
        var words = Command(fields, parameters);
        var examples = Examples(fields.Find("examples"));
        var template = words is null ? null : new Template
        {
            Name = name,
            Description = fields.Text("description") ?? "",
            Command = words,
            Parameters = parameters,
            MaxDuration = fields.Time("max-duration", Duration.Longest),
            Reason = fields.Text("reason"),
            RequireReason = require.Any(word => word.Value == "reason"),
            RequireTicket = require.Any(word => word.Value == "ticket"),
            Authors = [.. (fields.Texts("authors") ?? []).Select(author => author.Value)],
            Examples = examples,
            // As it stands between other files, so that its digest is the same wherever it stands.
            Text = text.EndsWith('\n') ? text : text + '\n',
            Line = fields.Line,
        };
        if (template is { Reason: not null, RequireReason: true })
            problem(fields.Find("reason")!.Line, "a template that requires a reason has none of its own", "leave out 'reason', or 'require: [reason]'");
        return template;
    }

    private List<TemplateParameter> Parameters(PolicyNode? node)
    {
        var parameters = new List<TemplateParameter>();
        if (node is null or PolicyScalar { Value: "" })
            return parameters;
        if (node is not PolicyMapping mapping)
        {
            problem(node.Line, "'parameters' must be a mapping of names", "write host: { value: host, zones: [staging] }");
            return parameters;
        }

        var reader = new ParameterReader(zones, problem);
        foreach (var (key, value) in mapping.Entries)
        {
            if (key.Value.Length is 0 or > 32 || !char.IsAsciiLetterLower(key.Value[0]) || !key.Value.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_'))
                problem(key.Line, $"'{PolicyReader.Visible(key.Value)}' is no name for a parameter", "use small letters, digits, '_' and '-', at most 32, and begin with a letter");
            else if (reader.Read(key.Value, value) is { } parameter)
                parameters.Add(parameter);
        }

        return parameters;
    }

    private List<TemplateWord>? Command(FieldReader fields, List<TemplateParameter> parameters)
    {
        if (fields.Need("command", "write it as a list of words: command: [nmap, -p, \"{ports}\", \"{host}\"]") is not { } node)
            return null;
        if (node is not PolicyList { Items.Count: > 0 } list || !list.Items.All(item => item is PolicyScalar { Value.Length: > 0 }))
        {
            problem(node.Line, "the command must be a list of words", "write command: [nmap, -p, \"{ports}\", \"{host}\"]");
            return null;
        }

        var words = list.Items.Cast<PolicyScalar>().Select(item => Word(item, parameters)).OfType<TemplateWord>().ToList();
        if (words.Count < list.Items.Count)
            return null;
        if (words[0].Parts is not [{ IsPlace: false, Text: var tool }])
            problem(node.Line, "the tool of a template is no parameter", "write its name as the first word");
        else if (tools.Find(tool) is null)
            problem(node.Line, $"no tool is named '{PolicyReader.Visible(tool)}'", tools.Hint(tool));
        foreach (var unused in parameters.Where(parameter => !words.Any(word => word.Parts.Any(part => part.IsPlace && part.Text == parameter.Name))))
            problem(unused.Argument.Line, $"parameter '{unused.Name}' has no place in the command", $"write {{{unused.Name}}} where its value stands");
        return words[0].Parts is [{ IsPlace: false }] ? words : null;
    }

    private TemplateWord? Word(PolicyScalar word, List<TemplateParameter> parameters)
    {
        var (parts, text) = (new List<TemplatePart>(), word.Value);
        if (text.Any(letter => letter is < ' ' or > '~'))
        {
            problem(word.Line, $"'{PolicyReader.Visible(text)}' in the command has characters outside printable ASCII", null);
            return null;
        }

        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOfAny(['{', '}'], at);
            if (open < 0 || open > at)
                parts.Add(new(false, text[at..(open < 0 ? text.Length : open)]));
            if (open < 0)
                break;
            var close = text.IndexOf('}', open);
            if (text[open] == '}' || close < 0)
            {
                problem(word.Line, $"'{PolicyReader.Visible(text)}' in the command has a brace that is no place", "a place is a parameter's name in braces: {host}");
                return null;
            }

            var name = text[(open + 1)..close];
            if (parameters.FirstOrDefault(parameter => parameter.Name == name) is not { } parameter)
            {
                problem(word.Line, $"the command has a place for '{PolicyReader.Visible(name)}', which is no parameter", FieldReader.Near(name, [.. parameters.Select(known => known.Name)]));
                return null;
            }

            if (MakesAnOption(text[..open], parameter))
            {
                problem(word.Line, $"in '{PolicyReader.Visible(text)}' of the command a value would make the option", "write the option in full, and the value as a word of its own or behind '='");
                return null;
            }

            parts.Add(new(true, name));
            at = close + 1;
        }

        return new(parts);
    }

    /// <summary>True where which option a word is would depend on the value that stands behind this beginning of it.</summary>
    private static bool MakesAnOption(string before, TemplateParameter parameter)
    {
        // A place before this one counts as what stands there: a value begins neither with a hyphen nor with a plus.
        if (before.Length == 0 || before[0] is not ('-' or '+') || before.Contains('=', StringComparison.Ordinal))
            return false;
        return before.Length < 2 || before[0] == '+' || before[1] == '-' || !Closed.Contains(parameter.Argument.Value);
    }

    private List<TemplateExample> Examples(PolicyNode? node)
    {
        if (node is PolicyList list)
            return [.. list.Items.Select(Example).OfType<TemplateExample>()];
        if (node is not null)
            problem(node.Line, "'examples' must be a list", "begin each with '- with: { host: 10.20.1.5 }'");
        return [];
    }

    private TemplateExample? Example(PolicyNode node)
    {
        var fields = new FieldReader(node, "this example", ["with", "argv", "refused"], problem);
        if (fields.Find("argv") is not null && fields.Find("refused") is not null)
            problem(node.Line, "a refused example has no 'argv'", null);
        return fields.IsBroken || Values(fields, "this example", problem) is not { } with ? null
            : new(node.Line, with, fields.Find("argv") is { } argv ? PolicyTestReader.Words(argv, problem) : null, fields.Text("refused"));
    }

    /// <summary>What a use is given, under <c>with</c>.</summary>
    internal static Dictionary<string, string>? Values(FieldReader fields, string what, Action<int, string, string?> problem)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (fields.Find("with") is not { } node || node is PolicyScalar { Value: "" })
            return values;
        if (node is not PolicyMapping mapping || mapping.Entries.Any(entry => entry.Value is not PolicyScalar))
        {
            problem(node.Line, $"'with' of {what} must be a mapping of parameters to values", "write with: { host: 10.20.1.5 }");
            return null;
        }

        foreach (var (key, value) in mapping.Entries)
            values[key.Value] = ((PolicyScalar)value).Value;
        return values;
    }
}
