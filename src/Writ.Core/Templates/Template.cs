using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Writ.Core.Policy;
using Writ.Core.Tools.Definitions;
using Writ.Proof.Errors;

namespace Writ.Core.Templates;

/// <summary>
/// A command with places for values, under a name: approved once, and used by people who may not compose one. An instance exists
/// only where its reader found no problem.
/// </summary>
public sealed record Template
{
    /// <summary>The word by which it is used and by which rules name it.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in one line.</summary>
    public required string Description { get; init; }

    /// <summary>The argv, the tool's name first.</summary>
    public required IReadOnlyList<TemplateWord> Command { get; init; }

    /// <summary>What its places are filled with, in file order.</summary>
    public IReadOnlyList<TemplateParameter> Parameters { get; init; } = [];

    /// <summary>The longest that a use of it lasts; null leaves it to the rule.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>The reason of a use that gives none, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>A reason must be given.</summary>
    public bool RequireReason { get; init; }

    /// <summary>A ticket must be given.</summary>
    public bool RequireTicket { get; init; }

    /// <summary>People who wrote it, by their names in Writ, beside whoever brought it into force: none of them approves its use.</summary>
    public IReadOnlyList<string> Authors { get; init; } = [];

    /// <summary>Uses with what must come of them.</summary>
    public IReadOnlyList<TemplateExample> Examples { get; init; } = [];

    /// <summary>Its text.</summary>
    public required string Text { get; init; }

    /// <summary>The line of the whole policy on which it begins, from 1.</summary>
    public int Line { get; init; }

    /// <summary>The tool that it runs.</summary>
    public string Tool => Command[0].Parts[0].Text;

    /// <summary>Lower-case hexadecimal SHA-256 of its text's UTF-8 bytes: a version's name.</summary>
    public string Digest => _digest ??= Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    private string? _digest;

    /// <summary>Reads a template by itself, held against the zones and tools of a policy.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="fileName">How problems name it.</param>
    /// <param name="policy">The policy with which it would be in force.</param>
    /// <returns>The template; null exactly when there are problems.</returns>
    public static (Template? Template, IReadOnlyList<PolicyProblem> Problems) Read(string text, string fileName, PolicyDocument policy)
    {
        var problems = new List<PolicyProblem>();
        void Problem(int line, string message, string? hint) => problems.Add(new(fileName, line, PolicyReader.Visible(message, 400), hint is null ? null : PolicyReader.Visible(hint, 400)));
        var root = new PolicyYaml(Problem, 1).Read(text);
        if (root is not null && !TemplateReader.IsTemplate(root))
            Problem(root.Line, "this is no template", "name it: template: web-check");
        var template = root is null || problems.Count > 0 ? null : new TemplateReader(policy.Zones, policy.Tools, Problem).Read(root, text);
        return problems.Count == 0 ? (template, []) : (null, [.. problems.OrderBy(found => found.Line).Take(100)]);
    }

    /// <summary>
    /// The command with the values in their places. Each value is read by the type of its parameter and fills one word or a part of
    /// one; what it holds is never read as a place again.
    /// </summary>
    /// <param name="given">What the requester gives, by parameter.</param>
    public Result<TemplateUse> Fill(IReadOnlyDictionary<string, string> given)
    {
        foreach (var name in given.Keys.Order(StringComparer.Ordinal))
        {
            if (Parameters.All(parameter => parameter.Name != name))
                return new Refusal(ErrorCode.InvalidCommand, $"template {Name} has no parameter '{DefinedValue.Shown(name)}'", FieldReader.Near(name, [.. Parameters.Select(parameter => parameter.Name)]));
        }

        var values = new Dictionary<string, DefinedValue>(StringComparer.Ordinal);
        foreach (var parameter in Parameters)
        {
            if ((given.GetValueOrDefault(parameter.Name) ?? parameter.Argument.Default) is not { } text)
                return new Refusal(ErrorCode.InvalidCommand, $"template {Name} needs {parameter.Name}", $"{parameter.Name}=…{(parameter.Means.Length > 0 ? $" is {parameter.Means}" : "")}");
            var read = parameter.Read(text);
            if (!read.IsOk)
                return read.Refusal;
            values[parameter.Name] = read.Value;
        }

        return new TemplateUse(this, values, [.. Command.Select(word => string.Concat(word.Parts.Select(part => part.IsPlace ? values[part.Text].Text : part.Text)))]);
    }

    /// <summary>What of the terms the template does not allow, or null.</summary>
    public Refusal? Wrong(AskedTerms terms)
    {
        if (terms.Duration is { } duration && duration > MaxDuration)
            return new(ErrorCode.DurationTooLong, $"{Duration.Format(duration)} is longer than template {Name} allows", $"ask for at most {Duration.Format(MaxDuration.Value)}");
        if (terms.Uses is > 1)
            return new(ErrorCode.TooManyUses, string.Create(CultureInfo.InvariantCulture, $"a use of template {Name} is one run, not {terms.Uses}"), "use it again for each run");
        if (RequireReason && string.IsNullOrWhiteSpace(terms.Reason))
            return new(ErrorCode.ReasonRequired, $"template {Name} requires a reason", "say why with --reason");
        return RequireTicket && string.IsNullOrWhiteSpace(terms.Ticket) ? new(ErrorCode.ReasonRequired, $"template {Name} requires a ticket", "name it with --ticket") : null;
    }
}

/// <summary>A word of the argv: literal parts and places, one after the other.</summary>
public sealed record TemplateWord(IReadOnlyList<TemplatePart> Parts);

/// <summary>A literal text, or the name of the parameter whose value stands here.</summary>
public readonly record struct TemplatePart(bool IsPlace, string Text);

/// <summary>A use that shows what the template does.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="With">What is given, by parameter.</param>
/// <param name="Argv">The command that comes of it, or null where the example does not say.</param>
/// <param name="Refused">A part of the refusal; null where it must be accepted.</param>
public sealed record TemplateExample(int Line, IReadOnlyDictionary<string, string> With, IReadOnlyList<string>? Argv, string? Refused);
