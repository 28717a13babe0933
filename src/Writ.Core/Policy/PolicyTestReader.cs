using System.Globalization;
using System.Text;
using Writ.Core.Rotas;
using Writ.Core.Templates;

namespace Writ.Core.Policy;

/// <summary>Reads the tests of the file.</summary>
internal sealed class PolicyTestReader(
    IReadOnlyCollection<string> ids, IReadOnlyDictionary<string, Rota> rotas, IReadOnlyDictionary<string, Template> templates, Action<int, string, string?> problem)
{
    private static readonly string[] Keys = ["as", "command", "template", "with", "for", "uses", "reason", "ticket", "break-glass", "recurring", "known-good", "at", "expect", "by"];
    private static readonly string[] Verdicts = ["allow", "require-approval", "deny"];

    /// <summary>The lists under <c>tests</c>, one after the other.</summary>
    public IReadOnlyList<PolicyTest> Tests(IEnumerable<FieldReader> tops) => [.. tops.SelectMany(top => Tests(top.Find("tests")))];

    private IReadOnlyList<PolicyTest> Tests(PolicyNode? node)
    {
        if (node is PolicyList list)
            return [.. list.Items.Select(Test).OfType<PolicyTest>()];
        if (node is not (null or PolicyScalar { Value: "" }))
            problem(node.Line, "'tests' must be a list", "begin each with '- as: { user: dana, groups: [engineering] }'");
        return [];
    }

    private PolicyTest? Test(PolicyNode node)
    {
        var fields = new FieldReader(node, "this test", Keys, problem);
        var who = fields.Need("as", "say who: as: { user: dana, groups: [engineering] } or as: { workload: ci }");
        var command = fields.Find("template") is null ? fields.Need("command", "say what is run: command: nmap -sV -p 22 10.20.1.5, or template: web-check") : null;
        var use = command is null ? Use(fields) : null;
        fields.Need("expect", "say what must come out: allow, require-approval or deny");
        var expect = fields.Text("expect") is { } word ? VerdictText.Parse(word) : null;
        if (expect is null && fields.Find("expect") is PolicyScalar wrong)
            problem(wrong.Line, $"'{PolicyReader.Visible(wrong.Value)}' is no verdict", FieldReader.Near(wrong.Value, Verdicts));
        if (fields.Text("by") is { } by && !ids.Contains(by))
            problem(fields.Find("by")!.Line, $"no rule or denial has the id '{PolicyReader.Visible(by)}'", FieldReader.Near(by, ids));

        var terms = new AskedTerms(fields.Time("for", Duration.Longest), fields.Number("uses", 1, 10_000),
            Supposed(fields, "reason"), Supposed(fields, "ticket")) { BreakGlass = fields.IsMarked("break-glass"), Recurring = fields.IsMarked("recurring") };
        if (terms is { BreakGlass: true, Recurring: true } || (terms.Recurring && command is not null))
            problem(node.Line, "this test is of a series, which is asked for by a template and in no emergency", "name a template, and leave 'break-glass' out");
        var at = At(fields);
        return who is null || expect is not { } verdict || Subject(who) is not { } subject || (use?.Command ?? (command is null ? null : Words(command, problem))) is not { } words
            ? null : new(node.Line, subject, words, use?.Of(terms) ?? terms, at, verdict, fields.Text("by")) { KnownGood = fields.IsMarked("known-good") };
    }

    private TemplateUse? Use(FieldReader fields)
    {
        if (fields.Text("template") is not { } name)
            return null;
        if (fields.Find("command") is { } both)
            problem(both.Line, "this test has a command and a template", "leave one of them out");
        if (!templates.TryGetValue(name, out var template))
        {
            problem(fields.Find("template")!.Line, $"no template is named '{PolicyReader.Visible(name)}'", FieldReader.Near(name, [.. templates.Keys]));
            return null;
        }

        if (TemplateReader.Values(fields, "this test", problem) is not { } given)
            return null;
        var use = template.Fill(given);
        if (use.IsOk)
            return use.Value;
        problem((fields.Find("with") ?? fields.Find("template")!).Line, $"'with' of this test: {use.Refusal.Message}", use.Refusal.Hint);
        return null;
    }

    /// <summary>A test that is not about reasons need not invent one; an empty text asks what happens without.</summary>
    private static string? Supposed(FieldReader fields, string key) => fields.Find(key) switch
    {
        null => $"a {key} of the test",
        PolicyScalar { Value.Length: 0 } => null,
        _ => fields.Text(key),
    };

    private DateTimeOffset? At(FieldReader fields)
    {
        if (fields.Text("at") is not { } text)
            return null;
        string[] forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK"];
        if ((text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > 10)
            && DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return at;
        problem(fields.Find("at")!.Line, $"'{PolicyReader.Visible(text)}' is no instant", "write 2026-03-02T14:00:00Z or 2026-03-02T15:00+01:00");
        return null;
    }

    private Subject? Subject(PolicyNode node)
    {
        var fields = new FieldReader(node, "'as'", ["user", "groups", "on-call", "workload"], problem);
        var (user, workload) = (fields.Text("user"), fields.Text("workload"));
        if (fields.IsBroken)
            return null;
        if (user is null == workload is null || (workload is not null && (fields.Find("groups") ?? fields.Find("on-call")) is not null))
        {
            problem(node.Line, "'as' names either a user with groups or a workload", "write { user: dana, groups: [engineering] } or { workload: ci }");
            return null;
        }

        var onCall = fields.Texts("on-call", mayBeEmpty: true);
        foreach (var rota in (onCall ?? []).Where(rota => !rotas.ContainsKey(rota.Value)))
            problem(rota.Line, $"no rota is named '{PolicyReader.Visible(rota.Value)}'", FieldReader.Near(rota.Value, [.. rotas.Keys]));
        return new(user ?? workload!, workload is not null, [.. (fields.Texts("groups", mayBeEmpty: true) ?? []).Select(text => text.Value)])
        {
            OnCall = onCall is null ? null : [.. onCall.Select(rota => rota.Value)],
        };
    }

    /// <summary>A command as a line or as a list of words; null where it is neither, which is a problem.</summary>
    internal static List<string>? Words(PolicyNode node, Action<int, string, string?> problem)
    {
        List<string>? words = node switch
        {
            PolicyScalar line => Split(line.Value),
            PolicyList list when list.Items.All(item => item is PolicyScalar) => [.. list.Items.Cast<PolicyScalar>().Select(item => item.Value)],
            _ => null,
        };
        if (words is { Count: > 0 })
            return words;
        problem(node.Line, "a command must be a line or a list of words", "write nmap -sV -p 22 10.20.1.5");
        return null;
    }

    /// <summary>Splits at white space; quotes of either kind keep it. Null where a quote is not closed. Nothing is expanded.</summary>
    private static List<string>? Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (quote, inWord) = ('\0', false);
        foreach (var c in line)
        {
            if (quote != '\0' ? c == quote : c is '"' or '\'')
                (quote, inWord) = (quote == '\0' ? c : '\0', true);
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (inWord)
                    words.Add(word.ToString());
                word.Clear();
                inWord = false;
            }
            else
            {
                word.Append(c);
                inWord = true;
            }
        }

        if (inWord)
            words.Add(word.ToString());
        return quote == '\0' ? words : null;
    }
}
