using System.Collections.Frozen;
using Writ.Contracts.Requests;

namespace Writ.Server.WebConsole.Pictures;

/// <summary>How a plan does what it does: techniques, and scripts with the dangerous ones marked.</summary>
/// <param name="Techniques">One chip each.</param>
/// <param name="Scripts">The dangerous ones by name, the others by category; what comes along with a technique is no script of its own.</param>
public sealed record MeansPicture(IReadOnlyList<Chip> Techniques, IReadOnlyList<Chip> Scripts)
{
    private const int MostNamed = 12;

    private static readonly FrozenDictionary<string, (string Text, string? Option)> Words = new Dictionary<string, (string, string?)>(StringComparer.Ordinal)
    {
        ["list"] = ("only list", "-sL"), ["ping"] = ("ping", null), ["connect"] = ("TCP connect", "-sT"), ["syn"] = ("SYN scan", "-sS"), ["ack"] = ("ACK scan", "-sA"), ["window"] = ("window scan", "-sW"),
        ["maimon"] = ("Maimon scan", "-sM"), ["null"] = ("null scan", "-sN"), ["fin"] = ("FIN scan", "-sF"), ["xmas"] = ("Xmas scan", "-sX"), ["udp"] = ("UDP scan", "-sU"), ["sctp-init"] = ("SCTP init", "-sY"),
        ["sctp-cookie"] = ("SCTP cookie", "-sZ"), ["ip-protocol"] = ("IP protocols", "-sO"), ["idle"] = ("through a zombie", "-sI"), ["ftp-bounce"] = ("through an FTP server", "-b"), ["version"] = ("versions", "-sV"),
        ["os"] = ("operating system", "-O"), ["traceroute"] = ("traceroute", null), ["script-only"] = ("scripts alone", null),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Categories that can hurt, the worst first, and how.</summary>
    private static readonly (string Category, string Why)[] Dangers =
    [
        ("dos", "can take the service down"),
        ("exploit", "uses a hole for real"),
        ("brute", "tries many passwords, and may lock accounts"),
        ("malware", "looks for what an intruder left"),
        ("fuzzer", "sends malformed data until something gives"),
        ("intrusive", "may crash the target, use up its resources or be taken for an attack"),
        ("external", "tells others about the target"),
        ("broadcast", "calls the whole network, not only the targets"),
    ];

    private static readonly string[] Groups = ["default", "safe", "discovery", "version", "auth", "vuln"];

    public static MeansPicture Of(PlanView plan)
    {
        var techniques = plan.Techniques.Select(word => Words.TryGetValue(word, out var known) ? new Chip(known.Text, known.Option, word is "idle" or "ftp-bounce" ? "Packets go out in the name of a third machine." : null) : new Chip(word, null, null)).ToList();
        if (plan.Timing != 3)
            techniques.Add(new($"timing {plan.Timing}", $"-T{plan.Timing}", plan.Timing == 5 ? "As fast as it can: may drown slow targets, and misses what answers late." : null));
        var own = plan.Scripts.Where(script => !script.Implied).ToList();
        var scripts = own.Select(script => (Script: script, Danger: DangerOf(script.Categories))).ToList();
        var bad = scripts.Where(each => each.Danger is not null).OrderBy(each => each.Danger!.Value.Rank).ThenBy(each => each.Script.Name, StringComparer.Ordinal).ToList();
        List<Chip> chips = [.. bad.Take(MostNamed).Select(each => new Chip(each.Script.Name, each.Danger!.Value.Category, $"Category {each.Danger.Value.Category}: {each.Danger.Value.Why}."))];
        if (bad.Count > MostNamed)
            chips.Add(new($"{bad.Count - MostNamed} more that can hurt", null, string.Join(", ", bad.Skip(MostNamed).Take(40).Select(each => each.Script.Name))));
        foreach (var group in scripts.Where(each => each.Danger is null).GroupBy(each => Groups.FirstOrDefault(each.Script.Categories.Contains) ?? "other").OrderBy(group => Array.IndexOf(Groups, group.Key)))
            chips.Add(group.Count() == 1 ? new(group.First().Script.Name, group.Key, null) : new(group.Key, Printable.Count(group.Count(), "script"), null) { Detail = string.Join(", ", group.Select(each => each.Script.Name).Take(40)) });
        return new(techniques, chips);
    }

    /// <summary>The worst category of a script, or null for one that is harmless by Nmap's own word.</summary>
    public static (int Rank, string Category, string Why)? DangerOf(IReadOnlyList<string> categories)
    {
        for (var rank = 0; rank < Dangers.Length; rank++)
        {
            if (categories.Contains(Dangers[rank].Category))
                return (rank, Dangers[rank].Category, Dangers[rank].Why);
        }

        return categories.Contains("vuln") && !categories.Contains("safe") ? (Dangers.Length, "vuln, not safe", "looks for a hole by trying it") : null;
    }
}

/// <summary>A word with what it stands for.</summary>
/// <param name="Code">The option, or the category.</param>
/// <param name="Danger">Why it is dangerous, or null.</param>
public sealed record Chip(string Text, string? Code, string? Danger)
{
    /// <summary>What is told on a look at it; null for nothing.</summary>
    public string? Detail { get; init; }
}
