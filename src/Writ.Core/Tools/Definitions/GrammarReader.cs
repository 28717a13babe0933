using Writ.Core.Policy;
using Writ.Proof.Addresses;
using Writ.Proof.Statements;

namespace Writ.Core.Tools.Definitions;

/// <summary>Reads one grammar of a definition: how an argv is read, and what it then needs.</summary>
internal sealed class GrammarReader(FieldReader fields, string what, Action<int, string, string?> problem)
{
    /// <summary>The keys of a grammar.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["always", "bundled", "options-first", "end", "options", "positionals", "network", "raw-sockets", "captures", "interactive", "estimate"];

    /// <summary>Reads it.</summary>
    public DefinedGrammar Read()
    {
        var reader = new ArgumentReader(problem);
        var options = Options(reader);
        var positionals = Positionals(reader);
        var names = options.Concat(positionals).Select(argument => argument.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var twice in options.SelectMany(option => option.Names).Concat(positionals.Select(positional => positional.Name)).GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
            problem(fields.Line, $"{what} names '{twice.Key}' twice", null);
        foreach (var argument in options.Concat(positionals))
        {
            foreach (var unknown in argument.Requires.Concat(argument.Excludes).Where(name => !names.Contains(name)))
                problem(argument.Line, $"{argument.Name}: there is no argument '{unknown}'", FieldReader.Near(unknown, names));
        }

        var grammar = new DefinedGrammar
        {
            Always = fields.Find("always") is { } always ? PolicyTestReader.Words(always, problem) ?? [] : [],
            Bundled = fields.IsTrue("bundled"),
            OptionsFirst = fields.IsTrue("options-first"),
            End = fields.Text("end"),
            Options = options,
            Positionals = positionals,
            Captures = fields.IsTrue("captures"),
            RawSockets = Raw(names),
            Interactive = Interactive(names),
            Network = Network(names),
            Estimate = Estimate(names),
        };
        if (grammar.Network.Count == 0)
            problem(fields.Line, $"{what} says nothing of the network", "add network: [{ purpose: query, udp: 53 }]");
        if (!grammar.Arguments.Any(argument => argument.Value is ValueKind.Host or ValueKind.Hosts or ValueKind.HostPort or ValueKind.Url))
            problem(fields.Line, $"{what} has no argument that names a target", "give one the value host, hosts, host-port or url");
        return grammar;
    }

    private List<DefinedArgument> Options(ArgumentReader reader)
    {
        var options = new List<DefinedArgument>();
        if (fields.Find("options") is not { } node)
            return options;
        if (node is not PolicyMapping mapping)
            problem(node.Line, $"'options' of {what} must be a mapping of names", "write '-p: { value: port }'");
        foreach (var (key, value) in (node as PolicyMapping)?.Entries ?? [])
        {
            if (key.Value.Length < 2 || key.Value[0] is not ('-' or '+') || key.Value.AsSpan().ContainsAny("= \t"))
                problem(key.Line, $"'{PolicyReader.Visible(key.Value)}' is no name of an option", "it begins with '-' or '+', and holds neither '=' nor spaces");
            else
                options.Add(reader.Read(key.Value, value, isOption: true));
        }

        return options;
    }

    private List<DefinedArgument> Positionals(ArgumentReader reader)
    {
        var positionals = new List<DefinedArgument>();
        if (fields.Find("positionals") is not { } node)
            return positionals;
        if (node is not PolicyMapping mapping)
            problem(node.Line, $"'positionals' of {what} must be a mapping of names", "write 'host: { value: host, required: true }'");
        foreach (var (key, value) in (node as PolicyMapping)?.Entries ?? [])
        {
            if (!PolicyReader.IsName(key.Value))
                problem(key.Line, $"'{PolicyReader.Visible(key.Value)}' is no name of a positional", null);
            else
                positionals.Add(reader.Read(key.Value, value, isOption: false));
        }

        return positionals;
    }

    private IReadOnlyList<string>? Raw(HashSet<string> names) => fields.Find("raw-sockets") switch
    {
        null or PolicyScalar { Value: "false" } => null,
        PolicyScalar { Value: "true" } => [],
        PolicyScalar other => Broken(other.Line, "'raw-sockets' is true, false or a list of options", null),
        _ => Known("raw-sockets", fields, names),
    };

    private DefinedTerminal? Interactive(HashSet<string> names)
    {
        switch (fields.Find("interactive"))
        {
            case null or PolicyScalar { Value: "false" }:
                return null;
            case PolicyScalar { Value: "true" }:
                return new(true, [], [], []);
            case PolicyScalar other:
                problem(other.Line, "'interactive' is true, false or a mapping", "write interactive: { terminal: needed }");
                return null;
            case var node:
                var terminal = new FieldReader(node, "'interactive'", ["terminal", "when", "unless", "says"], problem);
                var word = terminal.Text("terminal") ?? SandboxTerms.TerminalNeeded;
                if (word is not (SandboxTerms.TerminalNeeded or SandboxTerms.TerminalAllowed))
                    problem(node.Line, $"'terminal' of 'interactive' is needed or allowed, not '{PolicyReader.Visible(word)}'", null);
                return new(word != SandboxTerms.TerminalAllowed, Known("when", terminal, names), Known("unless", terminal, names), ArgumentReader.Says(terminal, "'interactive'", problem)) { Line = node.Line };
        }
    }

    private List<DefinedTraffic> Network(HashSet<string> names)
    {
        var traffic = new List<DefinedTraffic>();
        if (fields.Find("network") is not { } node)
            return traffic;
        if (node is not PolicyList list)
            problem(node.Line, $"'network' of {what} must be a list", "write [{ purpose: query, udp: 53 }]");
        foreach (var item in (node as PolicyList)?.Items ?? [])
        {
            var entry = new FieldReader(item, "this traffic", ["purpose", "tcp", "udp", "sctp", "icmp", "when", "unless"], problem);
            entry.Need("purpose", "say in a word what is sent: purpose: query");
            var made = new DefinedTraffic(entry.Text("purpose") ?? "", Ports(entry, "tcp", names), Ports(entry, "udp", names), Ports(entry, "sctp", names),
                entry.IsTrue("icmp"), Known("when", entry, names), Known("unless", entry, names));
            if (!entry.IsBroken && !made.Icmp && new[] { made.Tcp, made.Udp, made.Sctp }.All(ports => ports.Fixed.IsEmpty && ports.Arguments.Count == 0))
                problem(entry.Line, "this traffic goes nowhere", "name ports of tcp, udp or sctp, or icmp: true");
            traffic.Add(made);
        }

        return traffic;
    }

    /// <summary>Ports, arguments that say ports, or a list of both.</summary>
    private DefinedPorts Ports(FieldReader entry, string key, HashSet<string> names)
    {
        var (ports, arguments) = (PortSet.Empty, new List<string>());
        PolicyNode[] parts = entry.Find(key) switch { null => [], PolicyList list => [.. list.Items], var one => [one] };
        foreach (var part in parts)
        {
            if (part is PolicyScalar argument && names.Contains(argument.Value))
                arguments.Add(argument.Value);
            else if (part is PolicyScalar { Value.Length: > 0 } text && PortSet.TryParse(text.Value, out var more) && !more.IsEmpty)
                ports = ports.Union(more);
            else
                problem(part.Line, $"'{key}' of this traffic is neither a set of ports nor an argument of the tool", FieldReader.Near((part as PolicyScalar)?.Value ?? "", names));
        }

        return new(ports, arguments);
    }

    private DefinedEstimate Estimate(HashSet<string> names)
    {
        if (fields.Find("estimate") is not { } node)
            return new(10, 5, null);
        var estimate = new FieldReader(node, "'estimate'", ["packets", "seconds", "times"], problem);
        if (estimate.Text("times") is { } times && !names.Contains(times))
            problem(node.Line, $"'times' of 'estimate': there is no argument '{times}'", FieldReader.Near(times, names));
        return new(estimate.Number("packets", 0, 1_000_000) ?? 10, (double)(estimate.Number("seconds", 0, 100_000, whole: false) ?? 5), estimate.Text("times"));
    }

    private string[] Known(string key, FieldReader entry, HashSet<string> names)
    {
        var texts = entry.Texts(key) ?? [];
        foreach (var unknown in texts.Where(text => !names.Contains(text.Value)))
            problem(unknown.Line, $"'{key}': there is no argument '{PolicyReader.Visible(unknown.Value)}'", FieldReader.Near(unknown.Value, names));
        return [.. texts.Select(text => text.Value)];
    }

    private IReadOnlyList<string>? Broken(int line, string message, string? hint)
    {
        problem(line, message, hint);
        return null;
    }
}
