using System.Text.RegularExpressions;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>One rule of a script selection.</summary>
/// <param name="Text">As typed, without spaces around it and without the sign that forces.</param>
/// <param name="Expression">What it says; null where it is no expression, which leaves a path.</param>
/// <param name="Forced">True with a leading <c>+</c>: the scripts run whether or not they think that they apply.</param>
internal sealed partial record NmapScriptRule(string Text, NmapScriptExpression? Expression, bool Forced)
{
    /// <summary>Where the scripts of a requester's own lie in the sandbox.</summary>
    public const string Folder = "/in/scripts/";

    /// <summary>
    /// The name of the script where the rule is the path of a file: it holds a slash, so that no name of the runner's can be
    /// meant, and ends in <c>.nse</c>. Null for all others.
    /// </summary>
    public string? File => Expression is NmapScriptExpression.Word && Text.Contains('/', StringComparison.Ordinal) && Name().Match(Text) is { Success: true } match
        ? match.Groups[1].Value : null;

    /// <summary>The rule as the canonical argv has it.</summary>
    public override string ToString() => $"{(Forced ? "+" : "")}{(File is { } name ? $"{Folder}{name}.nse" : Expression is null ? Text : Expression.ToString())}";

    [GeneratedRegex(@"^[^*]*/([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.nse\z")]
    private static partial Regex Name();
}

/// <summary>
/// The rules of a command, in their order: all <c>--script</c> options together, split at commas. As in Nmap, <c>-sC</c>
/// and <c>-A</c> mean <c>default</c> only where there is no <c>--script</c> at all, and an empty rule selects nothing.
/// </summary>
internal sealed record NmapScriptRules(IReadOnlyList<NmapScriptRule> Rules)
{
    /// <summary>The most rules of a command.</summary>
    public const int MaxRules = 1_000;

    private static readonly NmapScriptRules Default = new([new("default", new NmapScriptExpression.Word("default"), false)]);

    /// <summary>No script.</summary>
    public static NmapScriptRules None { get; } = new([]);

    /// <summary>Reads the values of the <c>--script</c> options.</summary>
    /// <param name="values">Each option's, in their order.</param>
    /// <param name="byDefault">True with <c>-sC</c> or <c>-A</c>.</param>
    public static Result<NmapScriptRules> Read(IReadOnlyList<string> values, bool byDefault)
    {
        if (values.Count == 0)
            return byDefault ? Default : None;
        // Nmap keeps the sign by the text of a rule, so that of "safe,+safe" the second decides for both.
        var forced = new Dictionary<string, bool>(StringComparer.Ordinal);
        var texts = new List<string>();
        foreach (var typed in values.SelectMany(value => value.Split(',')))
        {
            var text = typed.Trim(' ');
            var sign = text.StartsWith('+');
            text = sign ? text[1..] : text;
            if (text.Length == 0)
                continue;
            if (!forced.ContainsKey(text))
                texts.Add(text);
            forced[text] = sign;
        }

        if (texts.Count > MaxRules)
            return new Refusal(ErrorCode.InvalidCommand, $"--script: there are more than {MaxRules} rules", "select by category or with *");
        var rules = new List<NmapScriptRule>();
        foreach (var text in texts)
        {
            var expression = NmapScriptExpression.Read(text);
            if (!expression.IsOk)
                return expression.Refusal;
            if (expression.Value is { Signed: true })
                return new Refusal(ErrorCode.InvalidCommand, $"--script: '{NmapArguments.Show(text)}' has a + inside, where it forces nothing", "write it once, before the whole rule");
            if (expression.Value is { Work: > NmapScriptExpression.MaxWork })
            {
                return new Refusal(ErrorCode.InvalidCommand, $"--script: '{NmapArguments.Show(text)}' would take Nmap too long to read",
                    "it doubles with every 'and': write 'a and not (b or c or d)'");
            }

            // Rules that differ only in spelling are one; the first decides, as scripts heed the first rule that selects them.
            var rule = new NmapScriptRule(text, expression.Value, forced[text]);
            if (!rules.Any(known => known.Expression is not null && known.Expression == rule.Expression))
                rules.Add(rule);
        }

        return new NmapScriptRules(rules);
    }

    /// <summary>The value of <c>--script</c> in the canonical argv.</summary>
    public override string ToString() => string.Join(',', Rules);
}
