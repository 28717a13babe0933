using System.CommandLine;
using System.Globalization;
using Writ.Contracts.Templates;

namespace Writ.Cli.Templates;

/// <summary>Templates on a command line: <c>@NAME KEY=VALUE …</c>, and in words.</summary>
internal static class TemplateText
{
    public static Argument<string> Name() => new("TEMPLATE") { Description = "the template's name, with or without the @", HelpName = "TEMPLATE" };

    /// <summary>The name alone.</summary>
    public static string Plain(string name) => name.TrimStart(TemplateAsk.Mark);

    /// <summary>The template that a command line uses in the place of a command, or null.</summary>
    /// <exception cref="Stop">A word behind it is no KEY=VALUE.</exception>
    public static TemplateAsk? Read(IReadOnlyList<string> words)
    {
        if (!TemplateAsk.IsUse(words))
            return null;
        var asked = TemplateAsk.Read(words, out var wrong);
        return wrong is not var (word, problem) ? asked : throw Stop.Usage($"'{Output.Printable.Line(word)}' {problem}",
            word.StartsWith('-') ? $"options stand before {Output.Printable.Line(words[0])}" : $"writ templates show {Output.Printable.Line(Plain(words[0]))} names its parameters");
    }

    /// <summary>How it is written behind <c>writ run</c>.</summary>
    public static string Usage(TemplateView template) => string.Join(' ', template.Parameters.Select(parameter => parameter.Default is null ? $"{parameter.Name}=…" : $"[{parameter.Name}={parameter.Default}]").Prepend($"{TemplateAsk.Mark}{template.Name}"));

    /// <summary>The template of a request, in a line; null where it is a command of one's own.</summary>
    public static string? Of(TemplateUseView? use) => use is null ? null
        : string.Create(CultureInfo.InvariantCulture, $"{TemplateAsk.Mark}{use.Name} {string.Join(' ', use.Parameters.Select(pair => $"{pair.Key}={pair.Value}"))} (version {use.Version}, {use.Sha256[..Math.Min(12, use.Sha256.Length)]})");
}
