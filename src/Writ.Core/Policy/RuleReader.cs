using Writ.Core.Templates;
using Writ.Core.Tools;
using Writ.Core.Zones;
using Writ.Proof.Statements;

namespace Writ.Core.Policy;

/// <summary>Reads rules and denials, and refuses references to what the file does not define.</summary>
internal sealed class RuleReader(
    IReadOnlyDictionary<string, Role> roles, IReadOnlyDictionary<string, Zone> zones, ToolCatalogue known, IReadOnlyDictionary<string, Template> templates, Func<int, string> where, Action<int, string, string?> problem)
{
    private static readonly string[] RuleKeys =
        ["id", "roles", "zones", "tools", "templates", "max-duration", "max-uses", "require", "when", "approval", "known-good", "break-glass", "recurring", "max-disconnected", "budget", "protections"];

    private const string Passkey = "passkey";

    /// <summary>As long as a request waits at most.</summary>
    private static readonly TimeSpan LongestEscalation = TimeSpan.FromDays(1);

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>What rules open, by the text of it.</summary>
    private readonly Dictionary<string, IReadOnlyDictionary<string, Facets>> _tools = new(StringComparer.Ordinal);

    /// <summary>The ids read so far, of rules and denials.</summary>
    public IReadOnlyCollection<string> Ids => _ids.Keys;

    /// <summary>The lists under <c>rules</c>, one after the other.</summary>
    public IReadOnlyList<Rule> Rules(IEnumerable<FieldReader> tops) => [.. tops.SelectMany(top => Items(top.Find("rules"), "rules")).Select(Rule)];

    /// <summary>The lists under <c>denials</c>, one after the other.</summary>
    public IReadOnlyList<Denial> Denials(IEnumerable<FieldReader> tops) => [.. tops.SelectMany(top => Items(top.Find("denials"), "denials")).Select(Denial)];

    private Rule Rule(PolicyNode node, int order)
    {
        var what = What(node, "rule");
        var fields = new FieldReader(node, what, RuleKeys, problem);
        var require = fields.Texts("require") ?? [];
        foreach (var word in require.Where(word => word.Value is not ("reason" or "ticket")))
            problem(word.Line, $"{what} cannot require '{word.Value}'", FieldReader.Near(word.Value, ["reason", "ticket"]));
        var protections = fields.Texts("protections") ?? [];
        foreach (var word in protections.Where(word => !Proof.Runners.Protections.All.Contains(word.Value)))
            problem(word.Line, $"{what} asks for the unknown protection '{PolicyReader.Visible(word.Value)}'", FieldReader.Near(word.Value, Proof.Runners.Protections.All));
        fields.Need("roles");
        fields.Need("zones");
        var breakGlass = BreakGlass(fields, what);
        var recurring = Recurring(fields, what);
        IReadOnlyList<ApprovalTerm> approval = breakGlass ? [] : Approval(fields, what);
        if (recurring && approval.Any(term => term.ByChat))
            problem(fields.Find("approval")!.Line, $"{what} is of series, and is decided in a chat", "leave 'chat' out: what runs for a year is decided on its page");
        return new()
        {
            Id = Id(fields),
            Order = order,
            Line = node.Line,
            Roles = References(fields, "roles", "role", roles) ?? [],
            Zones = References(fields, "zones", "zone", zones) ?? [],
            Tools = Tools(fields, what),
            Templates = References(fields, "templates", "template", templates),
            MaxDuration = Longest(fields, what, breakGlass),
            MaxUses = fields.Number("max-uses", 1, 10_000) ?? 1,
            // Whoever breaks the glass says why, written or not.
            RequireReason = breakGlass || require.Any(word => word.Value == "reason"),
            RequireTicket = require.Any(word => word.Value == "ticket"),
            When = fields.Find("when") is { } when ? new HoursReader(what, problem).Read(when) : null,
            Approval = approval,
            KnownGood = KnownGood(fields, what, approval),
            BreakGlass = breakGlass,
            Recurring = recurring,
            MaxDisconnected = fields.Time("max-disconnected", TimeSpan.FromDays(1)) ?? Policy.Rule.DefaultMaxDisconnected,
            Protections = [.. protections.Select(word => word.Value)],
            Budget = fields.Find("budget") is { } budget ? Budget(budget, what) : Proof.Statements.Budget.Unlimited,
        };
    }

    /// <summary>Whether the rule is one for an emergency. Then nobody is asked first, so what asks for somebody contradicts it.</summary>
    private bool BreakGlass(FieldReader fields, string what)
    {
        if (!fields.IsMarked("break-glass"))
            return false;
        if (fields.Find("approval") is { } approval)
            problem(approval.Line, $"{what} breaks the glass, and has an 'approval'", "leave it out: nobody is asked first, and somebody else reviews it afterwards");
        return true;
    }

    /// <summary>Whether the rule is one for series. People decide on what runs without them afterwards, and on a template that they can read.</summary>
    private bool Recurring(FieldReader fields, string what)
    {
        if (!fields.IsMarked("recurring"))
            return false;
        if (fields.Find("break-glass") is { } glass)
            problem(glass.Line, $"{what} is of series, and breaks the glass", "write two rules");
        if (fields.Find("templates") is null)
            problem(fields.Find("recurring")!.Line, $"{what} is of series, and names no templates", "a series runs a template: templates: [web-check]");
        if (fields.Find("approval") is PolicyScalar { Value: "none" } none)
            problem(none.Line, $"{what} is of series, and asks nobody", "name who decides on a series: approval: { from: [role], count: 1 }");
        if (fields.Find("max-uses") is { } uses)
            problem(uses.Line, $"{what} is of series, and has 'max-uses'", "leave it out: each run of a series is one use");
        return true;
    }

    /// <summary>What was approved before. It stands for people's word: a rule that asks nobody has none to stand for, and nothing stands for a signature of today.</summary>
    private KnownGoodTerm? KnownGood(FieldReader fields, string what, IReadOnlyList<ApprovalTerm> approval)
    {
        if (fields.Find("known-good") is not { } node)
            return null;
        var terms = new FieldReader(node, $"'known-good' of {what}", ["same", "within"], problem);
        terms.Need("same", "write 'same: plan', or 'same: template'");
        terms.Need("within", "say how long an approval stands: within: 30d");
        if (fields.Find("break-glass") is not null || fields.Find("recurring") is not null)
            problem(node.Line, $"{what} has 'known-good', and is of {(fields.Find("recurring") is null ? "break-glass" : "series")}", "write two rules");
        else if (fields.Find("approval") is PolicyScalar { Value: "none" })
            problem(node.Line, $"{what} has 'known-good', and asks nobody", "leave it out: without approvals nothing need be known");
        else if (approval.Any(term => term.WithPasskey))
            problem(node.Line, $"{what} has 'known-good', and asks for a passkey, which signs what it approves each time", "leave one of them out");
        var same = terms.Text("same");
        if (same is not (null or "plan" or "template"))
            problem(terms.Find("same")!.Line, $"'same' of 'known-good' of {what}: '{PolicyReader.Visible(same)}' is neither plan nor template", FieldReader.Near(same, ["plan", "template"]));
        return terms.Time("within", Duration.Longest) is { } within && same is not null ? new(same == "plan" ? Sameness.Plan : Sameness.Template, within) : null;
    }

    private TimeSpan Longest(FieldReader fields, string what, bool breakGlass)
    {
        if (fields.Time("max-duration", Duration.Longest) is not { } asked)
            return breakGlass ? Policy.Rule.LongestBreakGlass : Policy.Rule.DefaultMaxDuration;
        if (breakGlass && asked > Policy.Rule.LongestBreakGlass)
            problem(fields.Find("max-duration")!.Line, $"'max-duration' of {what}: what breaks the glass lasts at most {Duration.Format(Policy.Rule.LongestBreakGlass)}, not {Duration.Format(asked)}", "leave it out, or shorten it");
        return asked;
    }

    /// <summary>Of a rule that names templates alone: whatever their tools may do, since the templates bound it.</summary>
    private IReadOnlyDictionary<string, Facets> Tools(FieldReader fields, string what)
    {
        Template[] named = [.. (fields.Find("templates") is PolicyList list ? list.Items : []).OfType<PolicyScalar>().Select(name => templates.GetValueOrDefault(name.Value)).OfType<Template>()];
        if (fields.Find("templates") is null || fields.Find("tools") is not null)
        {
            if (fields.Need("tools", "name what it opens: tools: { nmap: any }, or templates: [web-check]") is not { } node)
                return new Dictionary<string, Facets>();
            var tools = Shared(new FacetsReader(what, isDenial: false, known, problem).Tools(node));
            foreach (var template in named.Where(template => !tools.ContainsKey(template.Tool)))
                problem(node.Line, $"{what} opens template '{template.Name}', and its tool {template.Tool} not", $"add {template.Tool}: any, or leave 'tools' out");
            return tools;
        }

        return Shared(named.Select(template => template.Tool).Distinct().Select(known.Find).OfType<ITool>()
            .ToDictionary(tool => tool.Name, tool => new Facets(tool.Facets, any: true, new Dictionary<string, FacetTerm>()), StringComparer.Ordinal));
    }

    /// <summary>One object for all rules that open the same: of very many rules few differ in this, and what is shared stays in the processor's cache.</summary>
    private IReadOnlyDictionary<string, Facets> Shared(IReadOnlyDictionary<string, Facets> tools)
    {
        var text = string.Join(';', tools.OrderBy(tool => tool.Key, StringComparer.Ordinal)
            .Select(tool => $"{tool.Key} {tool.Value.Any} {string.Join(' ', tool.Value.Terms.OrderBy(term => term.Key, StringComparer.Ordinal).Select(term => $"{term.Key}:{term.Value.Exactly}"))}"));
        return _tools.TryGetValue(text, out var known) ? known : _tools[text] = tools;
    }

    private Budget Budget(PolicyNode node, string what)
    {
        var fields = new FieldReader(node, $"'budget' of {what}", ["packets-per-second", "packets", "bytes", "violations"], problem);
        var budget = new Budget(
            (long?)fields.Number("packets-per-second", 1, Proof.Statements.Budget.MostPacketsPerSecond, whole: true),
            (long?)fields.Number("packets", 1, Proof.Statements.Budget.MostPackets, whole: true),
            fields.Size("bytes", Proof.Statements.Budget.MostBytes),
            (long?)fields.Number("violations", 0, Proof.Statements.Budget.MostPackets, whole: true));
        if (node is PolicyMapping { Entries.Count: 0 })
            problem(node.Line, $"'budget' of {what} limits nothing", "leave it out, or write for example { packets: 100000 }");
        return budget;
    }

    private Denial Denial(PolicyNode node, int order)
    {
        var what = What(node, "denial");
        var fields = new FieldReader(node, what, ["id", "roles", "zones", "tools"], problem);
        var everywhere = fields.Find("zones") is PolicyScalar { Value: "any" };
        if (!everywhere)
            fields.Need("zones", "name zones, or write 'zones: any'");
        var tools = fields.Need("tools", "name what it forbids, or write 'tools: any'");
        return new(
            Id(fields),
            order,
            References(fields, "roles", "role", roles),
            everywhere ? null : (References(fields, "zones", "zone", zones) ?? []).ToHashSet(StringComparer.Ordinal),
            tools is null or PolicyScalar { Value: "any" } ? null : new FacetsReader(what, isDenial: true, known, problem).Tools(tools)) { Line = node.Line };
    }

    /// <summary>Absence is refused: that nobody need approve must be written, not forgotten.</summary>
    private IReadOnlyList<ApprovalTerm> Approval(FieldReader fields, string what)
    {
        switch (fields.Need("approval", "write 'approval: { from: [role], count: 1 }', or 'approval: none' if nobody need approve"))
        {
            case null or PolicyScalar { Value: "none" }:
                return [];
            case PolicyMapping one:
                return [Term(one, what)];
            case PolicyList { Items.Count: > 0 } several:
                return [.. several.Items.Select(item => Term(item, what))];
            case var other:
                problem(other.Line, $"'approval' of {what} must be none, a mapping or a list of mappings", "write { from: [role], count: 1 }");
                return [];
        }
    }

    private ApprovalTerm Term(PolicyNode node, string what)
    {
        var fields = new FieldReader(node, $"'approval' of {what}", ["from", "count", "with", "escalate-after", "chat"], problem);
        fields.Need("from", "name the roles that may approve");
        var with = fields.Text("with");
        if (with is not (null or Passkey))
            problem(fields.Find("with")!.Line, $"'with' of 'approval' of {what}: an approval is not given with '{PolicyReader.Visible(with)}'", FieldReader.Near(with, [Passkey]));
        var from = References(fields, "from", "role", roles) ?? [];
        var escalate = fields.Time("escalate-after", LongestEscalation);
        if (escalate is not null && from.Count < 2)
            problem(fields.Find("escalate-after")!.Line, $"'escalate-after' of 'approval' of {what}: 'from' names no second role that could be told", "name the roles in the order in which they are told, or leave it out");
        var chat = fields.IsMarked("chat");
        if (chat && with == Passkey)
            problem(fields.Find("chat")!.Line, $"'chat' of 'approval' of {what}: no passkey signs in a chat", "leave out 'chat' or 'with'");
        return new(from, fields.Number("count", 1, 20) ?? 1, with == Passkey, escalate, chat);
    }

    private IReadOnlyList<string>? References<T>(FieldReader fields, string key, string kind, IReadOnlyDictionary<string, T> known)
    {
        if (fields.Texts(key) is not { } texts)
            return null;
        foreach (var text in texts.Where(text => !known.ContainsKey(text.Value)))
            problem(text.Line, $"no {kind} is named '{PolicyReader.Visible(text.Value)}'", FieldReader.Near(text.Value, [.. known.Keys.Take(10_000)]));
        return [.. texts.Select(text => text.Value)];
    }

    private string Id(FieldReader fields)
    {
        var node = fields.Need("id", "every rule and denial has an id, so that an evaluation can name it");
        if (fields.Text("id") is not { } id)
            return "";
        if (!PolicyReader.IsName(id))
            problem(node!.Line, $"'{PolicyReader.Visible(id)}' is no id", "use letters, digits, '.', '_' and '-', at most 64");
        else if (!_ids.TryAdd(id, node!.Line))
            problem(node.Line, $"the id '{id}' is used twice", $"it stands {where(_ids[id])} already");
        return id;
    }

    private IReadOnlyList<PolicyNode> Items(PolicyNode? node, string key)
    {
        if (node is PolicyList list)
            return list.Items;
        if (node is not (null or PolicyScalar { Value: "" }))
            problem(node.Line, $"'{key}' must be a list", "begin each with '- id: …'");
        return [];
    }

    private static string What(PolicyNode node, string kind) =>
        node is PolicyMapping mapping && mapping.Entries.FirstOrDefault(entry => entry.Key.Value == "id").Value is PolicyScalar { Value.Length: > 0 } id
            ? $"{kind} '{PolicyReader.Visible(id.Value)}'" : $"this {kind}";
}
