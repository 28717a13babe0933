using System.Security.Cryptography;
using Writ.Proof.Addresses;
using Writ.Proof.Errors;
using Writ.Proof.Statements;

namespace Writ.Core.Tools.Definitions;

/// <summary>
/// A tool by its definition. The steps of a plan:
/// <list type="number">
/// <item>Take the argv apart; what the definition does not know is refused.</item>
/// <item>Find the targets, with names pinned to the first of their addresses.</item>
/// <item>Find what is sent, by purpose, and what the plan answers to each facet.</item>
/// <item>Write the canonical argv, in which files have paths of the sandbox.</item>
/// </list>
/// </summary>
public sealed class DefinedTool(ToolDefinition definition) : ITool
{
    private const string In = "/in/", Out = "/out/";

    /// <summary>The definition.</summary>
    public ToolDefinition Definition => definition;

    /// <inheritdoc/>
    public string Name => definition.Name;

    /// <inheritdoc/>
    public string Summary => definition.Summary;

    /// <inheritdoc/>
    public IReadOnlyList<FacetDefinition> Facets => definition.Facets;

    /// <inheritdoc/>
    public Result<CommandNeeds> Needs(IReadOnlyList<string> command, PlanContext context)
    {
        var read = DefinedArguments.Read(definition, command);
        if (!read.IsOk)
            return read.Refusal;
        return new CommandNeeds(Paths(read.Value, ValueKind.Input), Paths(read.Value, ValueKind.Output),
            [.. read.Value.Values().Select(value => value.Name).OfType<string>().Distinct(StringComparer.Ordinal)], IsV6(read.Value));
    }

    /// <inheritdoc/>
    public Result<Plan> Plan(IReadOnlyList<string> command, PlanContext context)
    {
        // 1. Take it apart.
        if (context.Inventory.Path is { Length: > 0 } path && path[(path.LastIndexOf('/') + 1)..] != definition.Program)
            return new Refusal(ErrorCode.InventoryMismatch, $"the runner has {path} for {Name}, and the definition is of a program named {definition.Program}", "its operator mends tools in runner.json");
        var read = DefinedArguments.Read(definition, command);
        if (!read.IsOk)
            return read.Refusal;
        var arguments = read.Value;
        if (Paths(arguments, ValueKind.Input).FirstOrDefault(input => !context.Inputs.ContainsKey(input)) is { } missing)
            return new Refusal(ErrorCode.InvalidCommand, $"the file '{DefinedValue.Shown(missing)}' was not sent along");

        // 2. Targets.
        var names = Pin(arguments, context.Names);
        if (!names.IsOk)
            return names.Refusal;
        var targets = AddressSet.Of(arguments.Values().SelectMany(value => value.Targets.Ranges)
            .Concat(names.Value.SelectMany(name => name.Addresses).Select(address => new AddressRange(address, address))));
        if (targets.IsEmpty && names.Value.Count == 0)
            return new Refusal(ErrorCode.InvalidTarget, "the command names no target");

        var secrets = SecretsOf(arguments);
        if (secrets.GroupBy(secret => secret.Environment ?? secret.Path, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            return new Refusal(ErrorCode.InvalidCommand, $"the command asks for two secrets in {twice.Key}");

        // 3. Traffic and facets.
        var traffic = DefinedReach.Of(arguments, targets);
        var scope = traffic.Aggregate(NetworkScope.Nothing with { Addresses = targets }, (all, part) => all.Cover(part.Scope));

        // 4. Canonical argv.
        var files = new DefinedFiles(arguments, context.Inputs);
        return new Plan
        {
            Tool = Name,
            Argv = [Name, .. arguments.SubCommand.Length > 0 ? [arguments.SubCommand] : Array.Empty<string>(), .. Canonical(arguments, files)],
            Targets = targets,
            Tcp = scope.Tcp,
            Udp = scope.Udp,
            Sctp = scope.Sctp,
            Scope = scope,
            Techniques = [.. traffic.Select(part => part.Purpose).Distinct().Order(StringComparer.Ordinal)],
            Facets = DefinedReach.Answers(definition, arguments, scope, targets),
            Captures = arguments.Grammar.Captures,
            RawSockets = arguments.Grammar.Captures || (arguments.Grammar.RawSockets is { } raw && (raw.Count == 0 || raw.Any(arguments.Has))),
            Terminal = arguments.Terminal is { } terminal ? terminal.Needed ? SandboxTerms.TerminalNeeded : SandboxTerms.TerminalAllowed : null,
            Protections = context.Inventory.Protections,
            Inputs = files.Inputs,
            Files = files.InSandbox,
            Outputs = files.Outputs,
            Secrets = secrets,
            Names = names.Value,
            Traffic = traffic,
            EstimatedPackets = traffic.Aggregate(0L, (sum, part) => part.Packets > long.MaxValue - sum ? long.MaxValue : sum + part.Packets),
            EstimatedDuration = DefinedReach.Time(arguments, targets),
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<string>? Narrow(IReadOnlyList<string> command, PlanContext context, CommandLimits limits) =>
        DefinedArguments.Read(definition, command) is { IsOk: true, Value: var read } ? DefinedNarrow.Of(definition, read, limits) : null;

    private static IEnumerable<string> Canonical(DefinedArguments arguments, DefinedFiles files)
    {
        var (words, behind) = (new List<string>(arguments.Grammar.Always), new List<string>());
        foreach (var (argument, value) in arguments.Found)
        {
            // Its name is the statement's; the tool finds it without a word.
            if (argument is { Value: ValueKind.Secret, Environment: not null })
                continue;
            // What is always there is there once.
            if (value is null && words.Contains(argument.Name))
                continue;
            var text = value is null ? "" : argument.Prefix + (argument.Value == ValueKind.Secret ? SandboxTerms.Secrets + value.Text : files.PathOf(value));
            if (!arguments.Grammar.Positionals.Contains(argument))
                words.AddRange(Written(argument.Name, argument.Forms, value is null ? null : text));
            else if (argument.As is { } option)
                words.AddRange(Written(option, ValueForms.Separate, text));
            else
                behind.Add(text);
        }

        if (behind.Count > 0 && arguments.Grammar.End is { } end)
            words.Add(end);
        return [.. words, .. behind];
    }

    private static IReadOnlyList<StatementSecret> SecretsOf(DefinedArguments arguments) =>
    [
        .. arguments.Values().Where(value => value.Argument.Value == ValueKind.Secret).Select(value => new StatementSecret(value.Text)
        {
            Environment = value.Argument.Environment,
            UserEnvironment = value.Argument.UserEnvironment,
            Path = value.Argument.Environment is null ? SandboxTerms.Secrets + value.Text : null,
        }),
    ];

    /// <summary>An option with its value, as the first of its forms has it.</summary>
    internal static string[] Written(string name, ValueForms forms, string? text) => text is null ? [name]
        : forms.HasFlag(ValueForms.Separate) ? [name, text]
        : forms.HasFlag(ValueForms.Equals) ? [$"{name}={text}"] : [name + text];

    private static string[] Paths(DefinedArguments arguments, ValueKind kind) =>
        [.. arguments.Found.Where(found => found.Argument.Value == kind).Select(found => found.Value!.Text).Distinct(StringComparer.Ordinal)];

    private static bool IsV6(DefinedArguments arguments) => arguments.Found.Any(found => found.Argument.Family == 6);

    // A tool takes the first address that it can use of a name; it is given no other.
    private static Result<IReadOnlyList<PinnedName>> Pin(DefinedArguments arguments, IReadOnlyDictionary<string, IReadOnlyList<Address>>? known)
    {
        var (pinned, v6) = (new List<PinnedName>(), IsV6(arguments));
        foreach (var value in arguments.Values().Where(value => value.Name is not null).DistinctBy(value => value.Name!.ToLowerInvariant()))
        {
            if (known is null)
            {
                pinned.Add(new(value.Name!, []));
                continue;
            }

            if ((known.GetValueOrDefault(value.Name!) ?? []).Where(address => address.IsV4 != v6).Take(1).ToArray() is not { Length: 1 } first)
            {
                return DefinedValue.Wrong(value.Argument, value.Name!, $"has no {(v6 ? "IPv6" : "IPv4")} address",
                    v6 ? null : "write its address" + (arguments.Grammar.Options.FirstOrDefault(option => option.Family == 6) is { } six ? $", or add {six.Name} for IPv6" : ""), ErrorCode.InvalidTarget);
            }

            pinned.Add(new(value.Name!, first));
        }

        return pinned;
    }

    /// <summary>The files of a command: where they lie in the sandbox, and what they are on the requester's side.</summary>
    private sealed class DefinedFiles
    {
        private readonly Dictionary<DefinedValue, string> _paths = new(ReferenceEqualityComparer.Instance);

        public DefinedFiles(DefinedArguments arguments, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> contents)
        {
            foreach (var (argument, value) in arguments.Found)
            {
                if (value is null || argument.Value is not (ValueKind.Input or ValueKind.Output))
                    continue;
                var plain = string.Concat(argument.Name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
                var number = _paths.Count + 1;
                var path = _paths[value] = $"{(argument.Value == ValueKind.Input ? In : Out)}{number}-{plain}";
                if (argument.Value == ValueKind.Output)
                {
                    Outputs.Add(new(value.Text, path, argument.Format));
                    continue;
                }

                var content = contents[value.Text];
                var digest = Convert.ToHexStringLower(SHA256.HashData(content.Span));
                if (Inputs.All(input => input.Argument != value.Text))
                    Inputs.Add(new(value.Text, argument.Format, content.Length, digest));
                InSandbox.Add(new(path, content, digest));
            }
        }

        public List<PlannedInput> Inputs { get; } = [];

        public List<PlannedFile> InSandbox { get; } = [];

        public List<PlannedOutput> Outputs { get; } = [];

        public string PathOf(DefinedValue value) => _paths.GetValueOrDefault(value, value.Text);
    }
}
