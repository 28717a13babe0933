using System.CommandLine;
using System.Globalization;
using Writ.Contracts.Templates;

namespace Writ.Cli.Templates;

/// <summary>Templates on a command line: <c>@NAME KEY=VALUE …</c>, and in words.</summary>
internal static class TemplateText
{
    private const char Mark = '@';

    public static Argument<string> Name() => new("TEMPLATE") { Description = "the template's name, with or without the @", HelpName = "TEMPLATE" };

    /// <summary>The name alone.</summary>
    public static string Plain(string name) => name.TrimStart(Mark);

    /// <summary>The template that a command line uses in the place of a command, or null.</summary>
    /// <exception cref="Stop">A word behind it is no KEY=VALUE.</exception>
    public static TemplateAsk? Read(IReadOnlyList<string> words)
    {
        if (words.Count == 0 || words[0].Length < 2 || words[0][0] != Mark)
            return null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in words.Skip(1))
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || word[0] == '-')
                throw Stop.Usage($"'{Output.Printable.Line(word)}' is no KEY=VALUE", word[0..Math.Min(1, word.Length)] == "-" ? $"options stand before {words[0]}" : $"writ templates show {Plain(words[0])} names its parameters");
            if (!values.TryAdd(word[..at], word[(at + 1)..]))
                throw Stop.Usage($"{Output.Printable.Line(word[..at])} is given twice");
        }

        return new(words[0][1..], values);
    }

    /// <summary>How it is written behind <c>writ run</c>.</summary>
    public static string Usage(TemplateView template) => string.Join(' ', template.Parameters.Select(parameter => parameter.Default is null ? $"{parameter.Name}=…" : $"[{parameter.Name}={parameter.Default}]").Prepend($"{Mark}{template.Name}"));

    /// <summary>The template of a request, in a line; null where it is a command of one's own.</summary>
    public static string? Of(TemplateUseView? use) => use is null ? null
        : string.Create(CultureInfo.InvariantCulture, $"{Mark}{use.Name} {string.Join(' ', use.Parameters.Select(pair => $"{pair.Key}={pair.Value}"))} (version {use.Version}, {use.Sha256[..Math.Min(12, use.Sha256.Length)]})");
}
