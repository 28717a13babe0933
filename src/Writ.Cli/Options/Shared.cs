using System.CommandLine;

namespace Writ.Cli.Options;

/// <summary>Options and arguments that several verbs take. Each verb gets objects of its own.</summary>
internal static class Shared
{
    public static Option<string> Format()
    {
        var option = new Option<string>("--format") { Description = "text or json (the API's own JSON)", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        OneOf(option, "text", "json");
        return option;
    }

    /// <summary>Refuses every value but these.</summary>
    public static void OneOf(Option option, params string[] values) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count == 1 && !values.Contains(result.Tokens[0].Value))
            result.AddError($"{option.Name} takes {string.Join(", ", values[..^1])} or {values[^1]}, not '{result.Tokens[0].Value}'");
    });

    public static Option<string?> Text(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName };

    public static Option<TimeSpan?> Span(string name, string description) =>
        new(name) { Description = description, HelpName = "DURATION", CustomParser = Duration.OfOption };

    public static Option<int?> Count(string name, string description)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out var count) && count > 0))
                result.AddError($"{name} takes a number from 1");
        });
        return option;
    }

    public static Option<bool> Quiet() => new("--quiet", "-q") { Description = "no progress line" };

    public static Argument<string> Id(string helpName, string description) => new(helpName) { Description = description, HelpName = helpName };

    /// <summary>A tool's argv: everything from its name on, untouched.</summary>
    public static Argument<string[]> ToolCommand() => new("COMMAND")
    {
        Description = "the tool and its arguments, after --",
        HelpName = "COMMAND",
        Arity = ArgumentArity.OneOrMore,
        CaptureRemainingTokens = true,
    };

    /// <summary>An id with the right prefix, safe as a part of a path.</summary>
    /// <exception cref="Stop">It is something else.</exception>
    public static string CheckedId(string id, string prefix, string what)
    {
        if (id.StartsWith(prefix, StringComparison.Ordinal) && id.Length < 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            return id;
        throw Stop.Usage($"'{id}' is no id of a {what}", $"such ids begin with {prefix}");
    }
}
