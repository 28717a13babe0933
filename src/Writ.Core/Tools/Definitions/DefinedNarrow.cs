using System.Globalization;

namespace Writ.Core.Tools.Definitions;

/// <summary>
/// A command with as little changed as it takes to stay within limits: what says too much is left out, numbers come down to their bound, targets
/// and ports are cut. Nobody trusts the answer: it is planned and judged like any other command.
/// </summary>
internal static class DefinedNarrow
{
    /// <summary>The command, or null where something that it cannot be without is too much.</summary>
    public static IReadOnlyList<string>? Of(ToolDefinition tool, DefinedArguments read, CommandLimits limits)
    {
        List<string> words = [tool.Name, .. read.SubCommand.Length > 0 ? [read.SubCommand] : Array.Empty<string>()], behind = [];
        FacetDefinition? Facet(string? name) => tool.Facets.FirstOrDefault(facet => facet.Name == name);
        foreach (var (argument, value) in read.Found)
        {
            var says = argument.Says.All(said => Facet(said.Facet) is { } facet && (facet.Kind == FacetKind.Words ? limits.Opens(facet, said.Word) : limits.Opens(facet, new FacetItem(said.Word, []))));
            var text = says && value is not null ? Narrowed(value, Facet(argument.Facet), Facet(DefinedReach.Ports)!, limits) : null;
            if (!says || (value is not null && text is null))
            {
                if (argument.Required)
                    return null;
                continue;
            }

            if (!read.Grammar.Positionals.Contains(argument))
                words.AddRange(DefinedTool.Written(argument.Name, argument.Forms, text is null ? null : argument.Prefix + text));
            else if (argument.As is { } option)
                words.AddRange([option, text!]);
            else
                behind.Add(argument.Prefix + text);
        }

        // What the tool takes by itself may be too much, too.
        foreach (var value in read.Defaults())
        {
            if (Facet(value.Argument.Facet) is { Kind: FacetKind.AtMost } facet && value.Number > limits.AtMost(facet) && read.Grammar.Options.Contains(value.Argument)
                && Number(value, limits.AtMost(facet)) is { } least)
                words.AddRange(DefinedTool.Written(value.Argument.Name, value.Argument.Forms, value.Argument.Prefix + least));
        }

        return [.. words, .. behind];
    }

    private static string? Narrowed(DefinedValue value, FacetDefinition? facet, FacetDefinition ports, CommandLimits limits)
    {
        switch (value.Argument.Value)
        {
            case ValueKind.Hosts:
                var targets = value.Targets.Intersect(limits.Targets);
                return targets.IsEmpty ? null : string.Join(',', targets.ToTexts());
            case ValueKind.Host or ValueKind.HostPort or ValueKind.Url when value.Name is null && !value.Targets.IsSubsetOf(limits.Targets):
                return null;
            case ValueKind.Ports:
                var kept = value.Ports.Intersect(limits.Ports(ports));
                return kept.IsEmpty ? null : kept.ToString();
            case ValueKind.Port or ValueKind.HostPort or ValueKind.Url when !value.Ports.IsSubsetOf(limits.Ports(ports)):
                return null;
        }

        return facet?.Kind switch
        {
            FacetKind.AtMost when value.Number > limits.AtMost(facet) => Number(value, limits.AtMost(facet)),
            FacetKind.Words when !limits.Opens(facet, value.Text) => null,
            FacetKind.Labelled when !limits.Opens(facet, new FacetItem(value.Text, [])) => null,
            _ => value.Text,
        };
    }

    private static string? Number(DefinedValue value, decimal most)
    {
        var (argument, number) = (value.Argument, value.Argument.Whole ? decimal.Floor(most) : most);
        return number < argument.Bounds.Least || number > argument.Bounds.Most ? null : number.ToString("0.###", CultureInfo.InvariantCulture);
    }
}
