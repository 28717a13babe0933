using System.Globalization;
using Writ.Core.Policy;

namespace Writ.Core.Rotas;

/// <summary>Reads <c>rotas</c> of a policy.</summary>
internal sealed class RotaReader(Action<int, string, string?> problem)
{
    private static readonly string[] OfTurns = ["tz", "from", "turn", "people", "overrides"];
    private static readonly string[] OfOverride = ["from", "until", "person"];
    private const int MostPeople = 200;
    private const int MostOverrides = 1_000;

    /// <summary>The rota; of one with a problem, something harmless.</summary>
    public Rota Read(string name, PolicyNode node)
    {
        var what = $"rota '{name}'";
        var fields = new FieldReader(node, what, [.. OfTurns, "source"], problem);
        var source = fields.Text("source");
        if (source is null)
            return new(name, Turns(fields, what), null) { Line = node.Line };
        if (!PolicyReader.IsName(source))
            problem(fields.Find("source")!.Line, $"'{PolicyReader.Visible(source)}' is no name of a source", "use letters, digits, '.', '_' and '-', at most 64");
        foreach (var key in OfTurns.Where(key => fields.Find(key) is not null))
            problem(fields.Find(key)!.Line, $"{what} has a source and '{key}'", "either the source says who is on call, or the policy does");
        return new(name, null, source) { Line = node.Line };
    }

    private Turns Turns(FieldReader fields, string what)
    {
        fields.Need("from", "the local time of the first hand-over: from: 2026-03-02T09:00, or 'source: NAME' where somebody else knows");
        fields.Need("turn", "how long a turn is: turn: 7d");
        fields.Need("people", "name them in their order: people: [dana, erin]");
        var zone = TimeZoneInfo.Utc;
        if (fields.Text("tz") is { } name && !TimeZoneInfo.TryFindSystemTimeZoneById(name, out zone!))
        {
            problem(fields.Find("tz")!.Line, $"no time zone is named '{PolicyReader.Visible(name)}'", "use a name of the IANA database, such as Europe/Berlin or UTC");
            zone = TimeZoneInfo.Utc;
        }

        var length = fields.Time("turn", Duration.Longest) ?? TimeSpan.FromDays(7);
        if (length < TimeSpan.FromHours(1))
            problem(fields.Find("turn")!.Line, $"'turn' of {what} is shorter than an hour", "write it like 12h, 1d or 7d");
        var people = (fields.Texts("people") ?? []).Select(person => person.Value).ToArray();
        if (people.Length > MostPeople)
            problem(fields.Find("people")!.Line, $"{what} names more than {MostPeople} people", null);
        return new(zone, Local(fields, "from") ?? DateTime.UnixEpoch, length, people is [] ? ["nobody"] : people, Overrides(fields, what));
    }

    private RotaOverride[] Overrides(FieldReader fields, string what)
    {
        if (fields.Find("overrides") is not { } node)
            return [];
        if (node is not PolicyList { Items.Count: <= MostOverrides } list)
        {
            problem(node.Line, $"'overrides' of {what} must be a list of at most {MostOverrides}", "write [{ from: 2026-12-24T00:00, until: 2026-12-27T00:00, person: sam }]");
            return [];
        }

        var read = new List<(int Line, RotaOverride Of)>();
        foreach (var item in list.Items)
        {
            var each = new FieldReader(item, $"an override of {what}", OfOverride, problem);
            foreach (var key in OfOverride)
                each.Need(key);
            if (Local(each, "from") is not { } from || Local(each, "until") is not { } until || each.Text("person") is not { } person)
                continue;
            if (from >= until)
                problem(item.Line, $"an override of {what} ends before it begins", null);
            else if (read.Find(other => from < other.Of.Until && other.Of.From < until) is { Of: not null } other)
                problem(item.Line, $"two overrides of {what} overlap", $"the other one is {other.Of.Person}'s from {Text(other.Of.From)}");
            else
                read.Add((item.Line, new(from, until, person)));
        }

        return [.. read.Select(each => each.Of).OrderBy(each => each.From)];
    }

    private DateTime? Local(FieldReader fields, string key)
    {
        if (fields.Text(key) is not { } text)
            return null;
        if (DateTime.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var local) && local.Year is >= 2000 and < 2200)
            return local;
        problem(fields.Find(key)!.Line, $"'{PolicyReader.Visible(text)}' is no local time", "write 2026-03-02T09:00 in the rota's time zone, or a day");
        return null;
    }

    private static string Text(DateTime local) => local.ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);
}
