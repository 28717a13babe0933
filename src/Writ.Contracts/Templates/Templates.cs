using Writ.Contracts.Policy;

namespace Writ.Contracts.Templates;

/// <summary>A template in force. <c>GET /v1/templates</c>, <c>GET /v1/templates/{name}</c></summary>
/// <param name="Name">The word by which it is used, without the <c>@</c>.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Version">Counts what has been in force under this name, from 1.</param>
/// <param name="Sha256">Lower-case hexadecimal digest of its text.</param>
/// <param name="Tool">The tool that it runs.</param>
/// <param name="Command">The argv, with the names of parameters in braces where their values stand.</param>
/// <param name="Parameters">What a use gives, in the template's order.</param>
/// <param name="MaxDurationSeconds">The longest that a use lasts; null leaves it to the rule.</param>
/// <param name="Reason">The reason of a use that gives none, or null.</param>
/// <param name="Requires"><c>reason</c>, <c>ticket</c>: what a use must give.</param>
/// <param name="Authors">Who brought it into force, and whoever it names as its authors: none of them approves its use.</param>
/// <param name="ConfirmedBy">The second person, or null where the operator on the box brought it into force.</param>
/// <param name="InForceSince">When it came into force.</param>
/// <param name="Rules">The rules that open it to the caller, by id; none where it is not theirs to use by its name.</param>
/// <param name="Definition">Its text; null in lists.</param>
public sealed record TemplateView(
    string Name, string Description, int Version, string Sha256, string Tool, IReadOnlyList<string> Command, IReadOnlyList<ParameterView> Parameters, double? MaxDurationSeconds, string? Reason,
    IReadOnlyList<string> Requires, IReadOnlyList<string> Authors, string? ConfirmedBy, DateTimeOffset InForceSince, IReadOnlyList<string> Rules, string? Definition = null);

/// <summary>A parameter of a template.</summary>
/// <param name="Name">The name of its places.</param>
/// <param name="Type">The word for what its value is.</param>
/// <param name="Means">What it is, or empty.</param>
/// <param name="Says">The bounds of its values, in words.</param>
/// <param name="Default">What it is where nothing is given; null where something must be.</param>
/// <param name="Choices">The words of a choice; null for other types.</param>
public sealed record ParameterView(string Name, string Type, string Means, string Says, string? Default = null, IReadOnlyList<string>? Choices = null);

/// <summary>Uses a template, in the place of a command.</summary>
/// <param name="Name">The template's name, without the <c>@</c>.</param>
/// <param name="Parameters">Values by parameter; those with a default need not be there.</param>
public sealed record TemplateAsk(string Name, IReadOnlyDictionary<string, string>? Parameters = null)
{
    /// <summary>What begins a template's name in the place of a command.</summary>
    public const char Mark = '@';

    /// <summary>Whether these words use a template: <c>@NAME KEY=VALUE …</c></summary>
    public static bool IsUse(IReadOnlyList<string> words) => words.Count > 0 && words[0].Length > 1 && words[0][0] == Mark;

    /// <summary>The template that these words use.</summary>
    /// <param name="words">Of which <see cref="IsUse"/> is true.</param>
    /// <param name="wrong">The first word that gives no value, or one a second time, and which of the two: <c>is given twice</c>; null where there is none.</param>
    public static TemplateAsk Read(IReadOnlyList<string> words, out (string Word, string Problem)? wrong)
    {
        wrong = null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in words.Skip(1))
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || word[0] == '-')
                wrong = (word, "is no KEY=VALUE");
            else if (!values.TryAdd(word[..at], word[(at + 1)..]))
                wrong = (word[..at], "is given twice");
            if (wrong is not null)
                break;
        }

        return new(words[0][1..], values);
    }
}

/// <summary>The template by which something was asked for.</summary>
/// <param name="Parameters">The values as they stand in the command.</param>
public sealed record TemplateUseView(string Name, int Version, string Sha256, IReadOnlyDictionary<string, string> Parameters);

/// <summary>What a check found. Nothing is changed by it.</summary>
/// <param name="Ok">True when it could be applied.</param>
/// <param name="Template">The template's name, or empty where it could not be read.</param>
/// <param name="Examples">How many examples it holds.</param>
/// <param name="Problems">What is wrong.</param>
public sealed record TemplateCheckView(bool Ok, string Template, int Examples, IReadOnlyList<PolicyProblemView> Problems);
