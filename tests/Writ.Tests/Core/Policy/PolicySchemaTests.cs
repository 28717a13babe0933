using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Tests.Architecture;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Writ.Tests.Core.Policy;

/// <summary>
/// The schema by which editors complete a policy knows the same keys and words as the reader: what tools define is made
/// from the definitions, the other keys are those that the reader names.
/// </summary>
public class PolicySchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(Repository.Text("docs/policy.schema.json"))!.AsObject();

    public static TheoryData<string> Tools() => [.. ToolCatalogue.Box.All.Select(tool => tool.Name)];

    [Theory]
    [MemberData(nameof(Tools))]
    public void Facets_of_a_tool_stand_in_the_schema_as_the_tool_defines_them(string name)
    {
        var tool = ToolCatalogue.Box.Find(name)!;
        Same($"$defs/{name}", OfTool(tool, denial: false));
        Same($"$defs/{name}-denied", OfTool(tool, denial: true));
        foreach (var (path, of) in new[] { ("$defs/tools", name), ("$defs/denied-tools", $"{name}-denied") })
        {
            At(path)["properties"]![name].ShouldNotBeNull().ToJsonString().ShouldBe(
                new JsonObject { ["oneOf"] = new JsonArray(new JsonObject { ["const"] = "any" }, new JsonObject { ["$ref"] = $"#/$defs/{of}" }) }.ToJsonString());
        }

        void Same(string path, JsonObject made)
        {
            if (!JsonNode.DeepEquals(At(path), made) && Environment.GetEnvironmentVariable("WRIT_UPDATE_SCHEMA") == "1")
                Put(path.Split('/')[1], made);
            JsonNode.DeepEquals(At(path), made).ShouldBeTrue($"docs/policy.schema.json, {path}: run this test with WRIT_UPDATE_SCHEMA=1 to write it");
        }
    }

    /// <summary>Writes one definition of the file anew and leaves the others as they are.</summary>
    private static void Put(string name, JsonObject made)
    {
        var file = Repository.At("docs/policy.schema.json");
        var json = made.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var text = Regex.Replace(File.ReadAllText(file), $@"^    ""{Regex.Escape(name)}"": (\{{\}}|\{{\n.*?^    \}})", $"    \"{name}\": {json.ReplaceLineEndings("\n    ")}", RegexOptions.Multiline | RegexOptions.Singleline);
        File.WriteAllText(file, text);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("properties/rotas/additionalProperties", "version: 1\nrotas: { a: 1 }")]
    [InlineData("$defs/override", "version: 1\nrotas: { a: { overrides: [1] } }")]
    [InlineData("properties/roles/additionalProperties", "version: 1\nroles: { a: 1 }")]
    [InlineData("properties/workloads/additionalProperties", "version: 1\nworkloads: { a: 1 }")]
    [InlineData("properties/workloads/additionalProperties/properties/on-behalf-of", "version: 1\nworkloads: { a: { on-behalf-of: 1 } }")]
    [InlineData("properties/zones/additionalProperties", "version: 1\nzones: { a: 1 }")]
    [InlineData("$defs/rule", "version: 1\nrules: [1]")]
    [InlineData("$defs/denial", "version: 1\ndenials: [1]")]
    [InlineData("$defs/test", "version: 1\ntests: [1]")]
    [InlineData("$defs/approval", "version: 1\nrules: [{ approval: [1] }]")]
    [InlineData("$defs/known-good", "version: 1\nrules: [{ known-good: 1 }]")]
    [InlineData("$defs/budget", "version: 1\nrules: [{ budget: 1 }]")]
    [InlineData("$defs/when", "version: 1\nrules: [{ when: 1 }]")]
    public void Keys_of_the_schema_are_those_of_the_reader(string path, string broken)
    {
        var hint = PolicyDocument.Parse(broken, "p").Problems.Select(problem => problem.Hint).Last(hint => hint?.StartsWith("with the keys ", StringComparison.Ordinal) == true)!;
        At(path)["properties"]!.AsObject().Select(property => property.Key).ShouldBe(hint["with the keys ".Length..].Split(", "), ignoreOrder: true);
        At(path)["additionalProperties"]!.GetValue<bool>().ShouldBeFalse();
    }

    [Fact]
    public void Example_is_valid_and_a_misspelt_word_or_key_is_not()
    {
        Refusals(PolicyDocumentTests.Example).ShouldBeEmpty();
        foreach (var (right, wrong) in new[]
        {
            ("version: 1", "version: 2"), ("groups: [engineering]", "group: [engineering]"), ("techniques: [ping,", "techniques: [pong,"), ("\"1-10000\"", "\"1-10000x\""),
            ("max-timing: 4", "max-timing: 6"), ("max-hosts: 256", "max-hosts: 0"), ("max-duration: 30m", "max-duration: 30"), ("require: [reason]", "require: [reasn]"),
            ("count: 1", "count: 0"), ("count: 1", "with: password"), ("approval: none", "approval: yes-please"), ("mon-fri", "mon-fry"), ("08:00-18:00", "8-18"), ("expect: require-approval", "expect: aprove"),
            ("scripts: [dos, exploit, brute, intrusive]", ""), ("    roles: [developer]", "    roles: developer"), ("id: secops-self-serve", "name: secops-self-serve"),
            ("    zones: [plant]\n", ""), ("max-hosts: 256", "others: none"), ("as: { user: dana, groups", "as: { user: dana, workload: ci, groups"),
        })
        {
            var text = PolicyDocumentTests.Example.Replace(right, wrong, StringComparison.Ordinal);
            text.ShouldNotBe(PolicyDocumentTests.Example, right);
            PolicyDocument.Parse(text, "p").Policy.ShouldBeNull(wrong);
            Refusals(text).ShouldNotBeEmpty(wrong);
        }
    }

    /// <summary>What the schema refuses of a YAML text.</summary>
    internal static IReadOnlyList<string> Refusals(string yaml, JsonObject? by = null)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        var refused = new List<string>();
        var schema = by ?? Schema;
        Hold(schema, schema, Json(stream.Documents[0].RootNode), "", refused);
        return refused;
    }

    private static JsonObject OfTool(ITool tool, bool denial)
    {
        var properties = new JsonObject();
        foreach (var facet in tool.Facets)
            properties[facet.Name] = OfFacet(facet, denial);
        if (!denial)
            properties["others"] = new JsonObject { ["const"] = "any", ["description"] = "What is not mentioned is opened as any." };
        var made = new JsonObject { ["type"] = "object", ["additionalProperties"] = false };
        if (denial)
            made["minProperties"] = 1;
        made["properties"] = properties;
        return made;
    }

    private static JsonObject OfFacet(FacetDefinition facet, bool denial)
    {
        JsonObject List(JsonNode items)
        {
            var list = new JsonObject { ["type"] = "array", ["uniqueItems"] = true };
            if (denial)
                list["minItems"] = 1;
            list["items"] = items;
            return list;
        }

        static JsonObject Any() => new() { ["const"] = "any" };
        static JsonObject Ref(string name) => new() { ["$ref"] = $"#/$defs/{name}" };
        static JsonObject One(params JsonNode[] of) => new() { ["oneOf"] = new JsonArray(of) };
        var number = new JsonObject { ["type"] = facet.Whole ? "integer" : "number", ["minimum"] = facet.Bounds.Lowest, ["maximum"] = facet.Bounds.Highest };
        return facet.Kind switch
        {
            FacetKind.Words => One(Any(), List(new JsonObject { ["enum"] = new JsonArray([.. facet.Known.Append("any").Order(StringComparer.Ordinal).Select(word => JsonValue.Create(word))]) })),
            FacetKind.Ports => One(Ref("ports"), List(Ref("ports"))),
            FacetKind.Labelled => One(Any(), List(new JsonObject
            {
                ["type"] = "string", ["pattern"] = "^[A-Za-z0-9*][A-Za-z0-9._*-]{0,63}$", ["examples"] = new JsonArray([.. facet.Known.Order(StringComparer.Ordinal).Select(word => JsonValue.Create(word))]),
            })),
            FacetKind.AtMost => denial ? number : One(Any(), number),
        };
    }

    private static JsonObject At(string path) => At(Schema, path);

    internal static JsonObject At(JsonObject root, string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate((JsonNode)root, (node, part) => node[part].ShouldNotBeNull($"the schema has no {path}")).AsObject();

    /// <summary>As much of JSON Schema 2020-12 as the file uses; another keyword throws.</summary>
    private static void Hold(JsonObject root, JsonObject schema, JsonNode? value, string at, List<string> refused)
    {
        bool Fits(JsonNode? part)
        {
            var inner = new List<string>();
            Hold(root, part!.AsObject(), value, at, inner);
            return inner.Count == 0;
        }

        void Must(bool holds, string keyword)
        {
            if (!holds)
                refused.Add($"{at}: {keyword}");
        }

        foreach (var (keyword, rule) in schema)
        {
            switch (keyword)
            {
                case "$schema" or "title" or "description" or "default" or "examples" or "$defs": break;
                case "$ref": Hold(root, At(root, rule!.GetValue<string>()[2..]), value, at, refused); break;
                case "type": Must((rule is JsonArray types ? types.Select(type => type!.GetValue<string>()) : [rule!.GetValue<string>()]).Any(type => IsOf(type, value)), $"type {rule}"); break;
                case "const": Must(JsonNode.DeepEquals(rule, value), $"const {rule}"); break;
                case "enum": Must(rule!.AsArray().Any(word => JsonNode.DeepEquals(word, value)), "enum"); break;
                case "pattern": Must(value is not JsonValue text || !IsOf("string", text) || Regex.IsMatch(text.GetValue<string>(), rule!.GetValue<string>()), $"pattern {rule}"); break;
                case "minLength": Must(!IsOf("string", value) || value!.GetValue<string>().Length >= rule!.GetValue<int>(), keyword); break;
                case "minimum": Must(!IsOf("number", value) || value!.GetValue<decimal>() >= rule!.GetValue<decimal>(), keyword); break;
                case "maximum": Must(!IsOf("number", value) || value!.GetValue<decimal>() <= rule!.GetValue<decimal>(), keyword); break;
                case "minItems": Must(value is not JsonArray items || items.Count >= rule!.GetValue<int>(), keyword); break;
                case "minProperties": Must(value is not JsonObject some || some.Count >= rule!.GetValue<int>(), keyword); break;
                case "uniqueItems": Must(value is not JsonArray all || all.Select(item => item!.ToJsonString()).Distinct().Count() == all.Count, keyword); break;
                case "required": Must(value is not JsonObject known || rule!.AsArray().All(key => known.ContainsKey(key!.GetValue<string>())), $"required {rule!.ToJsonString()}"); break;
                case "oneOf": Must(rule!.AsArray().Count(Fits) == 1, keyword); break;
                case "anyOf": Must(rule!.AsArray().Any(Fits), keyword); break;
                case "items":
                    for (var index = 0; index < ((value as JsonArray)?.Count ?? 0); index++)
                        Hold(root, rule!.AsObject(), value![index], $"{at}/{index}", refused);
                    break;
                case "propertyNames":
                    foreach (var (key, _) in value as JsonObject ?? [])
                        Hold(root, rule!.AsObject(), JsonValue.Create(key), $"{at}/{key}", refused);
                    break;
                case "properties":
                    foreach (var (key, part) in rule!.AsObject().Where(part => value is JsonObject whole && whole.ContainsKey(part.Key)))
                        Hold(root, part!.AsObject(), value![key], $"{at}/{key}", refused);
                    break;
                case "additionalProperties":
                    foreach (var (key, part) in (value as JsonObject ?? []).Where(part => schema["properties"]?[part.Key] is null))
                    {
                        if (rule is JsonObject others)
                            Hold(root, others, part, $"{at}/{key}", refused);
                        else
                            refused.Add($"{at}: no key {key}");
                    }

                    break;
                default: throw new NotSupportedException(keyword);
            }
        }
    }

    private static bool IsOf(string type, JsonNode? value) => (type, value?.GetValueKind()) switch
    {
        ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) or ("string", JsonValueKind.String) or ("number", JsonValueKind.Number)
            or ("boolean", JsonValueKind.True or JsonValueKind.False) or ("null", null) => true,
        ("integer", JsonValueKind.Number) => decimal.IsInteger(value!.GetValue<decimal>()),
        _ => false,
    };

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Json(child.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: var text } => text is "" or null ? null
            : text is "true" or "false" ? JsonValue.Create(text == "true")
            : decimal.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(text),
        YamlScalarNode { Value: var text } => JsonValue.Create(text),
        _ => throw new NotSupportedException(),
    };
}
