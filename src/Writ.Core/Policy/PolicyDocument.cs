using System.Security.Cryptography;
using System.Text;
using Writ.Core.Rotas;
using Writ.Core.Templates;
using Writ.Core.Tools;
using Writ.Core.Tools.Definitions;
using Writ.Core.Zones;

namespace Writ.Core.Policy;

/// <summary>
/// A valid policy. An instance exists only for a text in which <see cref="Parse"/> found no problem, and never changes;
/// the indexes by which it is evaluated are built once.
/// </summary>
public sealed class PolicyDocument
{
    private static readonly SortedSet<string> None = [];
    private readonly Dictionary<string, SortedSet<string>> _rolesByGroup;
    private readonly Dictionary<string, SortedSet<string>> _rolesByWorkload;
    private readonly Dictionary<string, SortedSet<string>> _rolesByRota;
    private IReadOnlyList<OnCallOf> _onCall = [];
    private readonly Dictionary<RuleKind, ScopeIndex<Rule>> _rules = Enum.GetValues<RuleKind>().ToDictionary(kind => kind, _ => new ScopeIndex<Rule>());
    private readonly DenialIndex _denials;

    internal PolicyDocument(
        PolicySource source,
        ToolCatalogue tools,
        IReadOnlyList<ToolDefinition> definitions,
        IReadOnlyDictionary<string, Rota> rotas,
        IReadOnlyDictionary<string, Role> roles,
        IReadOnlyDictionary<string, Workload> workloads,
        IReadOnlyDictionary<string, Zone> zones,
        IReadOnlyList<Rule> rules,
        IReadOnlyList<Denial> denials,
        IReadOnlyList<PolicyTest> tests,
        IReadOnlyDictionary<string, Template> templates)
    {
        Source = source;
        Hash = HashOf(source.Text);
        (Tools, Definitions) = (tools, definitions);
        (Rotas, Roles, Workloads, Zones, Rules, Denials, Tests, Templates) = (rotas, roles, workloads, zones, rules, denials, tests, templates);
        ZoneMap = new ZoneMap(zones.Values);
        _rolesByGroup = Inverse(roles.Values, role => role.Groups);
        _rolesByWorkload = Inverse(roles.Values, role => role.Workloads);
        _rolesByRota = Inverse(roles.Values, role => role.OnCall is { } rota ? [rota] : []);
        foreach (var rule in rules)
            _rules[rule.Kind].Add(rule.Roles, rule.Zones, [.. rule.Tools.Keys.Select(tool => new PolicyTopic(tool, "", ""))], rule);
        _denials = new(denials);
    }

    /// <summary>The files that it was read from.</summary>
    public PolicySource Source { get; }

    /// <summary>The text exactly as given; of several files, all of them as <see cref="PolicySource"/> puts them together.</summary>
    public string Text => Source.Text;

    /// <summary>Lower-case hexadecimal SHA-256 of the text's UTF-8 bytes: the revision's name.</summary>
    public string Hash { get; }

    /// <summary>The tools that it knows: those in the box, and those that it defines.</summary>
    public ToolCatalogue Tools { get; }

    /// <summary>The tools that it defines, in file order.</summary>
    public IReadOnlyList<ToolDefinition> Definitions { get; }

    /// <summary>The rotas by name.</summary>
    public IReadOnlyDictionary<string, Rota> Rotas { get; }

    /// <summary>The roles by name.</summary>
    public IReadOnlyDictionary<string, Role> Roles { get; }

    /// <summary>The workloads that sign in by what they have, by name.</summary>
    public IReadOnlyDictionary<string, Workload> Workloads { get; }

    /// <summary>The zones by name.</summary>
    public IReadOnlyDictionary<string, Zone> Zones { get; }

    /// <summary>The rules in file order.</summary>
    public IReadOnlyList<Rule> Rules { get; }

    /// <summary>The denials in file order.</summary>
    public IReadOnlyList<Denial> Denials { get; }

    /// <summary>The tests in file order.</summary>
    public IReadOnlyList<PolicyTest> Tests { get; }

    /// <summary>The templates by name.</summary>
    public IReadOnlyDictionary<string, Template> Templates { get; }

    /// <summary>The way on for somebody who named a template that there is not.</summary>
    public string TemplateHint(string name) => Spelling.Nearest(name, [.. Templates.Keys]) is { } near ? $"did you mean '{near}'?" : "writ templates lists them";

    /// <summary>The zones as a map of addresses.</summary>
    public ZoneMap ZoneMap { get; }

    /// <summary>Reads a policy file. Reports every problem that it can find, not only the first.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="fileName">How problems name the file; not used where the text is one of several files.</param>
    public static PolicyParse Parse(string text, string fileName) => Parse(PolicySource.Split(text, fileName));

    /// <summary>Reads the files of a policy. Reports every problem that it can find, up to 100.</summary>
    public static PolicyParse Parse(PolicySource source) => new PolicyReader(source).Read();

    /// <summary>The name of the revision that a text would be.</summary>
    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// The same policy at a moment: who is on call then has the roles that are held so. One that was never asked at a moment has nobody on call.
    /// </summary>
    /// <param name="now">The moment.</param>
    /// <param name="sources">What each source said last; null for one that nobody asks.</param>
    public PolicyDocument At(DateTimeOffset now, Func<string, SourceAnswer?> sources)
    {
        if (Rotas.Count == 0)
            return this;
        var then = (PolicyDocument)MemberwiseClone();
        then._onCall = [.. Rotas.Values.OrderBy(rota => rota.Name, StringComparer.Ordinal).Select(rota => OnCallOf.At(rota, now, sources))];
        return then;
    }

    /// <summary>Who is on call by each rota at the policy's moment, in bytewise order of the rotas.</summary>
    public IReadOnlyList<OnCallOf> OnCall() => _onCall;

    /// <summary>The rotas by which the subject is on call.</summary>
    public IReadOnlyCollection<string> RotasOf(Subject subject) => subject.IsWorkload ? []
        : subject.OnCall ?? (_onCall.Count == 0 ? [] : [.. _onCall.Where(each => each.People.Contains(subject.Name, StringComparer.Ordinal)).Select(each => each.Rota.Name)]);

    /// <summary>The subject's roles, in bytewise order: a person's by their groups and by whether they are on call, a workload's by its name.</summary>
    public IReadOnlySet<string> RolesOf(Subject subject)
    {
        if (subject.IsWorkload)
            return _rolesByWorkload.GetValueOrDefault(subject.Name, None);
        SortedSet<string>[] sets =
        [
            .. subject.Groups.Select(group => _rolesByGroup.GetValueOrDefault(group)).Concat(RotasOf(subject).Select(rota => _rolesByRota.GetValueOrDefault(rota))).OfType<SortedSet<string>>(),
        ];
        return sets switch
        {
            [] => None,
            [var only] => only,
            _ => new SortedSet<string>(sets.SelectMany(roles => roles), StringComparer.Ordinal),
        };
    }

    /// <summary>The roles that the subject has at some moment: as if they were on call by every rota that may name them.</summary>
    internal IReadOnlySet<string> RolesEver(Subject subject) =>
        RolesOf(subject with { OnCall = [.. Rotas.Values.Where(rota => rota.MayName(subject.Name)).Select(rota => rota.Name)] });

    /// <summary>Why it is not known who holds some of these roles at the policy's moment, one sentence a rota.</summary>
    public IEnumerable<string> Unknown(IEnumerable<string> roles) =>
        from each in _onCall
        where each.Unknown is not null && roles.Any(role => Roles.GetValueOrDefault(role)?.OnCall == each.Rota.Name)
        select each.Unknown;

    /// <summary>
    /// The rules that open the zone to one of the roles for the tool, in file order; hours and facets not looked at. Those of one
    /// kind alone.
    /// </summary>
    internal IReadOnlyList<Rule> RulesFor(IReadOnlySet<string> roles, string zone, string tool, RuleKind kind)
    {
        var rules = new List<Rule>();
        _rules[kind].Find(roles, zone, new PolicyTopic(tool, "", ""), rules);
        return rules.Count < 2 ? rules : [.. rules.Distinct().OrderBy(rule => rule.Order)];
    }

    /// <summary>The denials that may forbid something of the plan in these zones, in file order; values not looked at.</summary>
    internal IReadOnlyList<Denial> DenialsFor(IReadOnlySet<string> roles, IReadOnlyList<string> zones, Plan plan) => _denials.Find(roles, zones, plan);

    private static Dictionary<string, SortedSet<string>> Inverse(IEnumerable<Role> roles, Func<Role, IReadOnlyList<string>> members) =>
        roles.SelectMany(role => members(role).Select(member => (member, role.Name)))
            .GroupBy(pair => pair.member, pair => pair.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new SortedSet<string>(group, StringComparer.Ordinal), StringComparer.Ordinal);
}

/// <summary>Something wrong in a policy file.</summary>
/// <param name="File">The file as it was named by the caller.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Message">What is wrong, one lowercase line.</param>
/// <param name="Hint">The way on, or null.</param>
public sealed record PolicyProblem(string File, int Line, string Message, string? Hint = null)
{
    /// <summary><c>file:line: message</c>, as editors and CI systems read it.</summary>
    public override string ToString() => $"{File}:{Line}: {Message}";
}

/// <summary>What reading a policy gave.</summary>
/// <param name="Policy">The policy; null exactly when there are problems.</param>
/// <param name="Problems">Sorted by line.</param>
public sealed record PolicyParse(PolicyDocument? Policy, IReadOnlyList<PolicyProblem> Problems);
