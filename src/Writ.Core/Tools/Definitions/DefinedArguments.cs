using Writ.Proof.Errors;

namespace Writ.Core.Tools.Definitions;

/// <summary>
/// An argv taken apart as a grammar says. Nothing is guessed: an option that is not defined, an abbreviation, a value too many
/// or too few is refused by name.
/// </summary>
/// <param name="Grammar">The grammar.</param>
/// <param name="SubCommand">The sub-command, or empty.</param>
/// <param name="Found">The arguments with their values, in the order of the canonical argv; a flag has none.</param>
internal sealed record DefinedArguments(DefinedGrammar Grammar, string SubCommand, IReadOnlyList<(DefinedArgument Argument, DefinedValue? Value)> Found)
{
    /// <summary>True where the argument stands in the command.</summary>
    public bool Has(string name) => Found.Any(found => found.Argument.Name == name);

    /// <summary>The terminal that the command gets, or null.</summary>
    public DefinedTerminal? Terminal => Grammar.Interactive is { } terminal && (terminal.When.Count == 0 || terminal.When.Any(Has)) && !terminal.Unless.Any(Has) ? terminal : null;

    /// <summary>The values, with those that the tool takes by itself where nothing was said.</summary>
    public IEnumerable<DefinedValue> Values() => Found.Select(found => found.Value).OfType<DefinedValue>().Concat(Defaults());

    /// <summary>What the tool takes by itself.</summary>
    public IEnumerable<DefinedValue> Defaults() => Grammar.Arguments
        .Where(argument => argument.Default is not null && !Has(argument.Name))
        .Select(argument => DefinedValue.Read(argument, argument.Default!) is { IsOk: true } read ? read.Value : throw new InvalidOperationException($"the default of {argument.Name} was never checked"));

    /// <summary>Reads a command.</summary>
    public static Result<DefinedArguments> Read(ToolDefinition tool, IReadOnlyList<string> command)
    {
        if (command.Count == 0 || command[0] != tool.Name)
            return new Refusal(ErrorCode.InvalidCommand, $"the command does not begin with {tool.Name}");
        if (!tool.HasSubCommands)
            return new Reading(tool, tool.Grammars[""], "").Read(command.Skip(1));
        if (command.Count < 2 || !tool.Grammars.TryGetValue(command[1], out var grammar))
        {
            return new Refusal(ErrorCode.InvalidCommand, command.Count < 2 ? $"{tool.Name} needs a sub-command" : $"{tool.Name} has no sub-command '{DefinedValue.Shown(command[1])}' here",
                $"known are: {string.Join(", ", tool.Grammars.Keys.Order(StringComparer.Ordinal))}");
        }

        return new Reading(tool, grammar, command[1]).Read(command.Skip(2));
    }

    private sealed class Reading(ToolDefinition tool, DefinedGrammar grammar, string subCommand)
    {
        private readonly List<(DefinedArgument Argument, DefinedValue? Value)> _found = [];

        public Result<DefinedArguments> Read(IEnumerable<string> arguments)
        {
            var (words, ended) = (new Queue<string>(arguments), false);
            while (words.TryDequeue(out var word))
            {
                if (!ended && grammar.End is not null && word == grammar.End)
                    ended = true;
                else if (!ended && IsOption(word))
                {
                    if (Option(word, words) is { } refusal)
                        return refusal;
                }
                else
                {
                    if (Positional(word, mayBeHyphened: grammar.OptionsFirst && ended) is { } refusal)
                        return refusal;
                    ended |= grammar.OptionsFirst;
                }
            }

            return Whole() is { } wrong ? wrong : new DefinedArguments(grammar, subCommand, [.. grammar.Arguments.SelectMany(argument => _found.Where(found => found.Argument == argument))]);
        }

        private bool IsOption(string word) =>
            word.Length > 0 && (word[0] == '-' || (word[0] == '+' && grammar.Options.Any(option => option.Name[0] == '+')));

        private Refusal? Option(string word, Queue<string> rest)
        {
            if (Named(word) is { } option)
            {
                if (option.Value == ValueKind.None)
                    return Add(option, null);
                if (!option.Forms.HasFlag(ValueForms.Separate))
                    return new(ErrorCode.InvalidCommand, $"option '{word}' needs its value right behind it", $"write {word}={option.Name.TrimStart('-', '+').ToUpperInvariant()}");
                return rest.TryDequeue(out var value) ? Take(option, value) : new(ErrorCode.InvalidCommand, $"option '{word}' needs a value");
            }

            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && Named(word[..equals]) is { } assigned)
            {
                return assigned.Value == ValueKind.None ? new(ErrorCode.InvalidCommand, $"option '{word[..equals]}' takes no value")
                    : assigned.Forms.HasFlag(ValueForms.Equals) && !DefinedArgument.IsShort(word[..equals]) ? Take(assigned, word[(equals + 1)..])
                    : new(ErrorCode.InvalidCommand, $"option '{word[..equals]}' takes its value as an argument of its own");
            }

            if (word.Length > 2 && Named(word[..2]) is { } glued && glued.Value != ValueKind.None && glued.Forms.HasFlag(ValueForms.Glued))
                return Take(glued, word[2..]);
            return grammar.Bundled && word.Length > 2 && word[0] == '-' && word[1] != '-' && word.Skip(1).All(letter => Named($"-{letter}") is { Value: ValueKind.None })
                ? word.Skip(1).Select(letter => Add(Named($"-{letter}")!, null)).FirstOrDefault(refusal => refusal is not null)
                : Unknown(equals > 0 ? word[..equals] : word);
        }

        private Refusal Unknown(string word)
        {
            var near = Spelling.Nearest(word, grammar.Options.SelectMany(option => option.Names));
            return new(ErrorCode.InvalidCommand, $"{Tool()} has no option '{DefinedValue.Shown(word)}' that may be used here", near is null ? $"writ tools show {tool.Name} tells which may" : $"did you mean '{near}'?");
        }

        private string Tool() => subCommand.Length == 0 ? tool.Name : $"{tool.Name} {subCommand}";

        // What a positional becomes in the canonical argv can be typed, too.
        private DefinedArgument? Named(string name) => grammar.Options.FirstOrDefault(option => option.Names.Contains(name)) ?? grammar.Positionals.FirstOrDefault(positional => positional.As == name);

        private Refusal? Positional(string word, bool mayBeHyphened)
        {
            var open = grammar.Positionals.Where(positional => Count(positional) < positional.Most).ToArray();
            var prefixed = open.Where(positional => positional.Prefix.Length > 0 && word.StartsWith(positional.Prefix, StringComparison.Ordinal)).ToArray();
            if (prefixed is [var only, ..])
                return Take(only, word[only.Prefix.Length..]);
            open = [.. open.Where(positional => positional.Prefix.Length == 0)];
            // A program that reads no option any more takes its words in their order.
            if (grammar.OptionsFirst)
                open = [.. open.Take(1)];
            Refusal? refused = null;
            foreach (var positional in open)
            {
                var value = DefinedValue.Read(positional, word, mayBeHyphened);
                if (value.IsOk)
                    return Add(positional, value.Value);
                refused = value.Refusal;
            }

            return refused ?? new(ErrorCode.InvalidCommand, $"{Tool()} takes no further argument, such as '{DefinedValue.Shown(word)}'");
        }

        private Refusal? Take(DefinedArgument argument, string text)
        {
            var value = DefinedValue.Read(argument, text);
            return value.IsOk ? Add(argument, value.Value) : value.Refusal;
        }

        private Refusal? Add(DefinedArgument argument, DefinedValue? value)
        {
            // Where a program takes the last of two in silence, nobody should have to know that.
            if (Count(argument) >= argument.Most)
                return new(ErrorCode.InvalidCommand, argument.Most == 1 ? $"{argument.Name} stands twice" : $"{argument.Name} stands more than {argument.Most} times");
            _found.Add((argument, value));
            return null;
        }

        private int Count(DefinedArgument argument) => _found.Count(found => found.Argument == argument);

        private bool Has(string name) => _found.Any(found => found.Argument.Name == name);

        private Refusal? Whole()
        {
            foreach (var argument in grammar.Arguments)
            {
                // What excludes it stands in its place.
                if (argument.Required && Count(argument) == 0 && !grammar.Arguments.Any(other => other.Excludes.Contains(argument.Name) && Has(other.Name)))
                    return new(ErrorCode.InvalidCommand, $"{Tool()} needs {argument.Name}", argument.Means.Length > 0 ? $"{argument.Name} is {argument.Means}" : null);
                if (Count(argument) == 0)
                    continue;
                if (argument.Excludes.FirstOrDefault(Has) is { } other)
                    return new(ErrorCode.InvalidCommand, $"{argument.Name} and {other} exclude each other");
                if (argument.Requires.FirstOrDefault(name => !Has(name)) is { } missing)
                    return new(ErrorCode.InvalidCommand, $"{argument.Name} needs {missing} too");
            }

            return null;
        }
    }
}
