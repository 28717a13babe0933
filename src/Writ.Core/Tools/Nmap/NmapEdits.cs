using System.Globalization;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Nmap;

/// <summary>The changes that are tried on a command to bring it within limits. What they do to its meaning, its plan says.</summary>
internal static class NmapEdits
{
    /// <summary>The longest text of ports that somebody would type.</summary>
    private const int ShortPorts = 100;

    private static readonly PortSet OneUp = PortSet.Of([(1, 65535)]);
    private static readonly string[] PortOptions = ["-p", "-F", "--top-ports", "--port-ratio", "--exclude-ports"];

    /// <summary>Every change worth trying from here.</summary>
    public static IEnumerable<NmapDraft> Of(NmapDraft draft, Plan plan, CommandLimits limits) =>
        WithoutOne(draft).Concat(Scans(draft)).Concat(Discovery(draft, limits)).Concat(Ports(draft, plan, limits)).Concat(Scripts(draft, plan, limits)).Concat(Numbers(draft, limits));

    /// <summary>The command without each of its options; <c>-A</c> with some of its parts instead.</summary>
    public static IEnumerable<NmapDraft> WithoutOne(NmapDraft draft)
    {
        for (var at = 0; at < draft.Options.Count; at++)
        {
            var left = draft with { Options = [.. draft.Options.Where((_, index) => index != at)] };
            yield return left;
            if (draft.Options[at].Option.Name != "-A")
                continue;
            (string Name, string? Value)[] parts = [("-s", "V"), ("-s", "C"), ("-O", null), ("--traceroute", null)];
            for (var some = 1; some < (1 << parts.Length) - 1; some++)
                yield return parts.Where((_, part) => (some & (1 << part)) != 0).Aggregate(left, (whole, part) => whole.With(part.Name, part.Value));
        }
    }

    /// <summary>Another way to scan, only to look who is up, only to list.</summary>
    private static IEnumerable<NmapDraft> Scans(NmapDraft draft)
    {
        var bare = draft.Without(IsScan);
        foreach (var letter in new[] { "T", "S", "U" })
            yield return bare.With("-s", letter);
        var withScripts = bare.Without(PortOptions).Without("-A", "-O", "-r", "--servicedb");
        yield return withScripts.With("-s", "n");
        var noPorts = withScripts
            .Without(option => option.Option.Name.StartsWith("--script", StringComparison.Ordinal) || option.Option.Name.StartsWith("--version-", StringComparison.Ordinal)
                || option.Option.Name.StartsWith("--osscan-", StringComparison.Ordinal) || option is { Option.Name: "-s", Value: "V" or "R" or "C" });
        yield return noPorts.With("-s", "n");
        yield return noPorts.Without(option => option.Option.Name is "-P" or "--traceroute").With("-s", "n");
        yield return noPorts.Without(option => option.Option.Name is "-P" or "--traceroute").With("-s", "L");
    }

    private static IEnumerable<NmapDraft> Discovery(NmapDraft draft, CommandLimits limits)
    {
        var none = draft.Without("-P");
        yield return none;
        yield return none.With("-P", "n");
        var ports = limits.Ports(NmapFacets.Ports);
        var few = draft.Options.Select(option => option is { Option.Name: "-P", Value: [var letter and ('S' or 'A' or 'U' or 'Y'), .. { Length: > 0 } text] } && PortSet.TryParse(text, out var named)
            ? option with { Value = named.Intersect(ports) is { IsEmpty: false } left ? letter + left.ToString() : null } : option);
        yield return draft with { Options = [.. few.Where(option => option.Option.Name != "-P" || option.Value is not null)] };
    }

    /// <summary>
    /// The ports that may stay, written out; a protocol of which none may is not scanned. Or what may not, left out of the
    /// choice: then Nmap takes as many of the likeliest others.
    /// </summary>
    private static IEnumerable<NmapDraft> Ports(NmapDraft draft, Plan plan, CommandLimits limits)
    {
        var open = limits.Ports(NmapFacets.Ports);
        var (tcp, udp, sctp) = (plan.Tcp.Intersect(open), plan.Udp.Intersect(open), plan.Sctp.Intersect(open));
        var bare = draft.Without(PortOptions);
        if (tcp.IsEmpty && !plan.Tcp.IsEmpty)
            bare = bare.Without(option => IsScan(option) && option.Value is not ("U" or "Y" or "Z"));
        if (udp.IsEmpty)
            bare = bare.Without(option => option is { Option.Name: "-s", Value: "U" });
        if (sctp.IsEmpty)
            bare = bare.Without(option => option is { Option.Name: "-s", Value: "Y" or "Z" });
        string[] texts = [.. new[] { ("T:", tcp), ("U:", udp), ("S:", sctp) }.Where(part => !part.Item2.IsEmpty).Select(part => part.Item1 + part.Item2)];
        if (texts.Length == 0)
            yield break;
        yield return bare.With("-p", texts.Length == 1 ? texts[0][2..] : string.Join(',', texts));
        if (!draft.Has("--exclude-ports") && !draft.Has("--servicedb") && OneUp.Except(open).ToString() is { Length: > 0 and <= ShortPorts } closed)
            yield return draft.With("--exclude-ports", closed);
        yield return bare.Without("-P").With("-P", "n").With("-p", texts.Length == 1 ? texts[0][2..] : string.Join(',', texts));
    }

    /// <summary>The same selection without the scripts that may not stay, those that may stay by name, none.</summary>
    private static IEnumerable<NmapDraft> Scripts(NmapDraft draft, Plan plan, CommandLimits limits)
    {
        if (plan.Facets.OfType<FacetItems>().FirstOrDefault(value => value.Facet == NmapFacets.Scripts.Name) is not { } scripts)
            yield break;
        var named = scripts.Items.Where(script => !script.Implied).ToLookup(script => limits.Opens(NmapFacets.Scripts, script), script => script.Name);
        if (!named[false].Any())
            yield break;
        var bare = draft.Without(option => option.Option.Name == "--script" || option is { Option.Name: "-s", Value: "C" });
        if (draft.Has("-A"))
            bare = bare.Without("-A").With("-s", "V").With("-O").With("--traceroute");
        var rules = draft.Options.Where(option => option.Option.Name == "--script").SelectMany(option => option.Value!.Split(',')).Select(rule => rule.Trim().TrimStart('+'));
        string[] asked = [.. draft.Has("-A") || draft.Has("-s", "C") ? ["default"] : Array.Empty<string>(), .. rules];
        string[] closed = [.. named[false]], open = [.. named[true]];
        if (open.Length > 0 && closed.Length <= 12)
        {
            var whole = asked.Length == 1 && asked[0].All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '*') ? asked[0]
                : $"({string.Join(" or ", asked.Select(rule => rule.Contains(' ', StringComparison.Ordinal) ? $"({rule})" : rule))})";
            yield return bare.With("--script", $"{whole} and not {(closed.Length == 1 ? closed[0] : $"({string.Join(" or ", closed)})")}");
        }

        if (open.Length is > 0 and <= 100)
            yield return bare.With("--script", string.Join(',', open));
        yield return bare.Without(option => option.Option.Name.StartsWith("--script", StringComparison.Ordinal));
    }

    private static IEnumerable<NmapDraft> Numbers(NmapDraft draft, CommandLimits limits)
    {
        foreach (var facet in NmapFacets.All.Where(facet => facet is { Kind: FacetKind.AtMost, CountsTargets: false }))
        {
            var most = limits.AtMost(facet);
            if (most >= facet.Bounds.Highest || most < facet.Bounds.Lowest)
                continue;
            var text = most.ToString("0.###", CultureInfo.InvariantCulture);
            yield return facet.Name == NmapFacets.MaxTiming.Name
                ? draft.Without("-T", "--timing").With("-T", text)
                : draft.Without($"--{facet.Name}", facet.Name.Replace("max-", "--min-", StringComparison.Ordinal)).With($"--{facet.Name}", text);
        }
    }

    private static bool IsScan(NmapArgument option) => option switch
    {
        { Option.Name: "-s", Value: not ("V" or "R" or "C") } => true,
        { Option.Name: "-b" or "--sI" } => true,
        _ => false,
    };
}
