using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>An option as found in argv, with its value where it has one.</summary>
internal sealed record NmapArgument(NmapOption Option, string? Value);

/// <summary>
/// Splits argv into options and targets exactly as <c>getopt_long_only</c> of glibc does for Nmap: options and targets
/// may be mixed, <c>--</c> ends options, a word with one dash is first tried as a long option and its abbreviations, and
/// only then as a cluster of short ones. What getopt calls an error is a refusal here.
/// </summary>
internal sealed class NmapArguments
{
    /// <summary>The most characters of a whole command.</summary>
    public const int MaxCharacters = 1 << 20;

    private readonly IReadOnlyList<string> _argv;
    private readonly NmapOptionTable _table;
    private int _next = 1;

    private NmapArguments(IReadOnlyList<string> argv, NmapOptionTable table) => (_argv, _table) = (argv, table);

    /// <summary>The options in the order in which they stand.</summary>
    public List<NmapArgument> Options { get; } = [];

    /// <summary>All that is no option: target expressions.</summary>
    public List<string> Targets { get; } = [];

    /// <summary>Splits argv; its first element is the tool's name. The version says which options there are.</summary>
    public static Result<NmapArguments> Read(IReadOnlyList<string> argv, string version)
    {
        if (NmapOptionTable.Of(version) is not { } table)
            return new Refusal(ErrorCode.InvalidCommand, $"the runner's nmap is of version '{version}', whose options are not known", "nmap 7.91 to 7.99 are");
        if (argv.Sum(argument => (long)argument.Length + 1) > MaxCharacters)
            return new Refusal(ErrorCode.InvalidCommand, "the command is longer than 1 MB");
        for (var index = 1; index < argv.Count; index++)
        {
            if (argv[index].Any(c => c is < ' ' or > '~'))
                return new Refusal(ErrorCode.InvalidCommand, $"argument {index} holds a character outside printable ASCII", "type it anew: it may have been pasted");
        }

        var arguments = new NmapArguments(argv, table);
        while (arguments._next < argv.Count)
        {
            if (arguments.Step(argv[arguments._next++]) is { } refusal)
                return refusal;
        }

        return arguments;
    }

    private Refusal? Step(string argument)
    {
        if (argument == "--")
        {
            for (; _next < _argv.Count; _next++)
                Targets.Add(_argv[_next]);
            return null;
        }

        if (argument.Length < 2 || argument[0] != '-')
        {
            Targets.Add(argument);
            return null;
        }

        // "-f" with a valid short option is never an abbreviation; "-fo" may be one, and "--fo" always is.
        var twoDashes = argument[1] == '-';
        if (twoDashes || argument.Length > 2 || !NmapOptionTable.Short.ContainsKey(argument[1]))
        {
            var (refusal, found) = TryLong(argument, twoDashes);
            if (found || refusal is not null)
                return refusal;
        }

        return Cluster(argument);
    }

    private (Refusal? Refusal, bool Found) TryLong(string argument, bool twoDashes)
    {
        var word = argument[(twoDashes ? 2 : 1)..];
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? word : word[..equals];
        var matches = _table.Long.Where(row => row.Name.StartsWith(name, StringComparison.Ordinal)).ToArray();
        var exact = Array.FindIndex(matches, row => row.Name == name);
        if (exact < 0 && matches.Length > 1)
        {
            return (new(ErrorCode.InvalidCommand, $"option '{Show(argument)}' is ambiguous",
                $"it may be {string.Join(", ", matches.Take(6).Select(row => row.Option.Name))}"), false);
        }

        if (matches.Length == 0)
        {
            // Anything else of one dash and a known first letter is a cluster of short options.
            if (!twoDashes && NmapOptionTable.Short.ContainsKey(argument[1]))
                return (null, false);
            var near = Spelling.Nearest(name, _table.Long.Select(row => row.Name));
            return (new(ErrorCode.InvalidCommand, $"nmap has no option '{Show(argument)}'", near is null ? null : $"did you mean '--{near}'?"), false);
        }

        var option = matches[Math.Max(exact, 0)].Option;
        var value = equals < 0 ? null : word[(equals + 1)..];
        if (value is not null && option.Takes == Takes.Nothing)
            return (new(ErrorCode.InvalidCommand, $"option '{option.Shown}' takes no value"), false);
        return (value is null && option.Takes == Takes.Value ? AddWithNext(option) : Add(option, value), true);
    }

    private Refusal? Cluster(string argument)
    {
        for (var at = 1; at < argument.Length; at++)
        {
            if (!NmapOptionTable.Short.TryGetValue(argument[at], out var option))
                return new(ErrorCode.InvalidCommand, $"nmap has no option '-{argument[at]}' (in '{Show(argument)}')");
            var rest = argument[(at + 1)..];
            switch (option.Takes)
            {
                case Takes.Value when rest.Length == 0:
                    return AddWithNext(option);
                case Takes.Value or Takes.GluedValue:
                    return Add(option, rest.Length == 0 ? null : rest);
                case Takes.Nothing:
                    if (Add(option, null) is { } refusal)
                        return refusal;
                    break;
            }
        }

        return null;
    }

    private Refusal? AddWithNext(NmapOption option) => _next < _argv.Count
        ? Add(option, _argv[_next++])
        : new(ErrorCode.InvalidCommand, $"option '{option.Shown}' needs a value");

    private Refusal? Add(NmapOption option, string? value)
    {
        if (option.Refusal is { } reason)
            return new(ErrorCode.InvalidCommand, $"option '{option.Shown}' {reason}", option.Hint);
        Options.Add(new(option, value));
        return null;
    }

    /// <summary>A word of the user's for a message; it is printable ASCII, and cut.</summary>
    public static string Show(string word) => word.Length <= 60 ? word : word[..60] + "...";
}
