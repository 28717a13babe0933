using System.Text.RegularExpressions;
using Writ.Core.Policy;
using Writ.Proof.Addresses;

namespace Writ.Core.Tools.Definitions;

/// <summary>
/// A tool as a file defines it: how its argv is read, what policy can say of it, what it reaches and what its sandbox gives.
/// What is not in it cannot be typed. <c>docs/adding-a-tool.md</c> tells every key.
/// </summary>
public sealed record ToolDefinition
{
    /// <summary>The word that its commands begin with.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in one line.</summary>
    public required string Summary { get; init; }

    /// <summary>The file name that the program has on a runner.</summary>
    public required string Program { get; init; }

    /// <summary>How a runner's operator offers it.</summary>
    public required DefinedPlace Place { get; init; }

    /// <summary>The facets by which policy speaks of it.</summary>
    public required IReadOnlyList<FacetDefinition> Facets { get; init; }

    /// <summary>How its argv is read; by the sub-command, or by <c>""</c> where it has none.</summary>
    public required IReadOnlyDictionary<string, DefinedGrammar> Grammars { get; init; }

    /// <summary>Commands with what must come of them.</summary>
    public IReadOnlyList<DefinedExample> Examples { get; init; } = [];

    /// <summary>The text that it was read from.</summary>
    public required string Text { get; init; }

    /// <summary>Reads a definition: the definition, or the problems that it has.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="fileName">How problems name it.</param>
    public static (ToolDefinition? Definition, IReadOnlyList<PolicyProblem> Problems) Read(string text, string fileName) => DefinitionReader.Read(text, fileName);

    /// <summary>True where the second word of a command is a sub-command.</summary>
    public bool HasSubCommands => !Grammars.ContainsKey("");

    /// <summary>True where it captures, with any sub-command: it is offered for that alone.</summary>
    public bool Captures => Grammars.Values.Any(grammar => grammar.Captures);
}

/// <summary>What stands in a runner's configuration to offer the tool there.</summary>
/// <param name="Path">Where the program usually is.</param>
/// <param name="Package">The Debian package that has it, or null.</param>
/// <param name="Data">Files and folders of the host that it is shown.</param>
/// <param name="Programs">Programs that it starts.</param>
/// <param name="Version">The arguments by which it tells its version.</param>
public sealed record DefinedPlace(string Path, string? Package, IReadOnlyList<string> Data, IReadOnlyList<string> Programs, IReadOnlyList<string> Version);

/// <summary>How one argv is read, and what it then needs.</summary>
public sealed record DefinedGrammar
{
    /// <summary>What every canonical argv begins with, behind the tool's name and the sub-command.</summary>
    public IReadOnlyList<string> Always { get; init; } = [];

    /// <summary>True where flags of one letter may be written together (<c>-nv</c>).</summary>
    public bool Bundled { get; init; }

    /// <summary>True where whatever stands behind the first positional is one too, hyphens and all.</summary>
    public bool OptionsFirst { get; init; }

    /// <summary>The word that ends the options, written before the positionals; null where the tool has none.</summary>
    public string? End { get; init; }

    /// <summary>Every option, in the order in which the canonical argv has them.</summary>
    public IReadOnlyList<DefinedArgument> Options { get; init; } = [];

    /// <summary>What stands beside the options, in the order in which the canonical argv has it.</summary>
    public IReadOnlyList<DefinedArgument> Positionals { get; init; } = [];

    /// <summary>What is sent, by purpose.</summary>
    public IReadOnlyList<DefinedTraffic> Network { get; init; } = [];

    /// <summary>Whether it makes packets of its own; null for never, no names for always, else with one of these options.</summary>
    public IReadOnlyList<string>? RawSockets { get; init; }

    /// <summary>True where it sends nothing, and looks at what others send and get: its network is what it sees.</summary>
    public bool Captures { get; init; }

    /// <summary>When it gets the requester's terminal; null for never.</summary>
    public DefinedTerminal? Interactive { get; init; }

    /// <summary>How many packets leave and how long it takes; both for each target.</summary>
    public DefinedEstimate Estimate { get; init; } = new(10, 5, null);

    /// <summary>Options and positionals together.</summary>
    public IEnumerable<DefinedArgument> Arguments => Options.Concat(Positionals);
}

/// <summary>What a value is.</summary>
public enum ValueKind
{
    /// <summary>There is no value: a flag.</summary>
    None,
    /// <summary>One address or name: a target.</summary>
    Host,
    /// <summary>Addresses, networks and ranges with commas between them: targets.</summary>
    Hosts,
    /// <summary>A target with a port: <c>web1:443</c>, <c>[2001:db8::1]:443</c>.</summary>
    HostPort,
    /// <summary>A URL: its host is a target, its port is reached.</summary>
    Url,
    /// <summary>One port.</summary>
    Port,
    /// <summary>A set of ports.</summary>
    Ports,
    /// <summary>A number in bounds.</summary>
    Number,
    /// <summary>One of the words that are listed.</summary>
    Choice,
    /// <summary>Text of a pattern.</summary>
    Text,
    /// <summary>A file of the requester's that is read.</summary>
    Input,
    /// <summary>A file of the requester's that is written.</summary>
    Output,
    /// <summary>The name of a secret, which the runner has and the sandbox is given.</summary>
    Secret,
    /// <summary>A time within bounds of seconds: of a template's parameter alone.</summary>
    Duration,
}

/// <summary>How a value may be attached to its option.</summary>
[Flags]
public enum ValueForms
{
    /// <summary>Not said: by the option's name.</summary>
    None = 0,
    /// <summary>An argument of its own: <c>-p 53</c>.</summary>
    Separate = 1,
    /// <summary>Right behind the letter: <c>-p53</c>.</summary>
    Glued = 2,
    /// <summary>Behind an equals sign: <c>--port=53</c>.</summary>
    Equals = 4,
}

/// <summary>An option or a positional.</summary>
public sealed record DefinedArgument
{
    /// <summary>The name in the canonical argv: <c>-p</c>, <c>--port</c>, <c>+time</c>; of a positional, what messages call it.</summary>
    public required string Name { get; init; }
    /// <summary>Other names of the same option.</summary>
    public IReadOnlyList<string> Also { get; init; } = [];
    /// <summary>What its value is.</summary>
    public ValueKind Value { get; init; }
    /// <summary>How the value may be attached; the canonical argv takes the first of separate, equals, glued.</summary>
    public ValueForms Forms { get; init; } = ValueForms.Separate;
    /// <summary>What stands before the value, in what is typed and in the canonical argv: <c>@</c>.</summary>
    public string Prefix { get; init; } = "";
    /// <summary>The option by which the canonical argv gives a positional, or null.</summary>
    public string? As { get; init; }
    /// <summary>The bounds of a number.</summary>
    public (decimal Least, decimal Most) Bounds { get; init; }
    /// <summary>Whether a number is a whole one.</summary>
    public bool Whole { get; init; } = true;
    /// <summary>The words of a choice.</summary>
    public IReadOnlyList<string> Of { get; init; } = [];
    /// <summary>What a text must match, all of it.</summary>
    public Regex? Pattern { get; init; }
    /// <summary>The schemes of a URL with their ports; of a host with port, the port that need not be written under <c>""</c>.</summary>
    public IReadOnlyDictionary<string, ushort> Ports { get; init; } = new Dictionary<string, ushort>();
    /// <summary>What a file holds.</summary>
    public string Format { get; init; } = "";
    /// <summary>What the tool takes where the argument is absent; it counts for facets and ports.</summary>
    public string? Default { get; init; }
    /// <summary>The facet that the value answers, or null.</summary>
    public string? Facet { get; init; }
    /// <summary>Words that the argument's presence answers to facets.</summary>
    public IReadOnlyList<(string Facet, string Word)> Says { get; init; } = [];
    /// <summary>True where there is no command without it, or without one that excludes it.</summary>
    public bool Required { get; init; }
    /// <summary>How often it may stand in a command.</summary>
    public int Most { get; init; } = 1;
    /// <summary>Options without which it is refused.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];
    /// <summary>Options with which it is refused.</summary>
    public IReadOnlyList<string> Excludes { get; init; } = [];
    /// <summary>The family in which it has names resolved: 4, 6, or 0 for none of its own.</summary>
    public int Family { get; init; }
    /// <summary>What it does, in one line.</summary>
    public string Means { get; init; } = "";

    /// <summary>The variable in which the tool finds a secret; null where it finds it as a file, whose path takes the name's place in the argv.</summary>
    public string? Environment { get; init; }
    /// <summary>The variable for the user's name that comes with the secret, or null.</summary>
    public string? UserEnvironment { get; init; }

    /// <summary>Where it stands in its file, from 1.</summary>
    public int Line { get; init; }

    /// <summary>Every name.</summary>
    public IEnumerable<string> Names => Also.Prepend(Name);
    /// <summary>True for one letter behind one hyphen.</summary>
    public static bool IsShort(string name) => name.Length == 2 && name[0] == '-' && name[1] != '-';
}

/// <summary>When a tool is given a terminal, at which the requester types.</summary>
/// <param name="Needed">True where it cannot do without one.</param>
/// <param name="When">Options of which one must be there; none for always.</param>
/// <param name="Unless">Options of which none may be there.</param>
/// <param name="Says">Words that it answers to facets then.</param>
public sealed record DefinedTerminal(bool Needed, IReadOnlyList<string> When, IReadOnlyList<string> Unless, IReadOnlyList<(string Facet, string Word)> Says)
{
    /// <summary>The line on which it stands, from 1.</summary>
    public int Line { get; init; }
}

/// <summary>What is sent for one purpose.</summary>
/// <param name="Purpose">As plans and approvers call it.</param>
/// <param name="Tcp">Ports.</param>
/// <param name="Udp">Ports.</param>
/// <param name="Sctp">Ports.</param>
/// <param name="Icmp">Whether echo and timestamp requests are sent.</param>
/// <param name="When">Options of which one must be there; none for always.</param>
/// <param name="Unless">Options of which none may be there.</param>
public sealed record DefinedTraffic(
    string Purpose, DefinedPorts Tcp, DefinedPorts Udp, DefinedPorts Sctp, bool Icmp, IReadOnlyList<string> When, IReadOnlyList<string> Unless);

/// <summary>Ports that are fixed, and arguments whose values say further ones.</summary>
public sealed record DefinedPorts(PortSet Fixed, IReadOnlyList<string> Arguments)
{
    /// <summary>No port.</summary>
    public static DefinedPorts None { get; } = new(PortSet.Empty, []);
}

/// <summary>What a run takes of the network and of time.</summary>
/// <param name="Packets">Packets for each target.</param>
/// <param name="Seconds">Seconds for each target.</param>
/// <param name="Times">The argument whose number multiplies both, or null.</param>
public sealed record DefinedEstimate(long Packets, double Seconds, string? Times);

/// <summary>A command with what must come of it.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Command">The argv.</param>
/// <param name="Names">What names resolve to.</param>
/// <param name="Refused">A part of the refusal; null where it must be accepted.</param>
public sealed record DefinedExample(int Line, IReadOnlyList<string> Command, IReadOnlyDictionary<string, IReadOnlyList<Address>> Names, string? Refused)
{
    /// <summary>The canonical argv, or null where the example does not say.</summary>
    public IReadOnlyList<string>? Argv { get; init; }
    /// <summary>The targets, or null.</summary>
    public AddressSet? Targets { get; init; }
    /// <summary>The ports that may be reached, as they are written, by protocol; <c>icmp</c> is <c>true</c> or <c>false</c>.</summary>
    public IReadOnlyDictionary<string, string> Reaches { get; init; } = new Dictionary<string, string>();
    /// <summary>The secrets that the run is given, by name; null where the example does not say.</summary>
    public IReadOnlyList<string>? Secrets { get; init; }
    /// <summary>Answers to facets, as they are written.</summary>
    public IReadOnlyDictionary<string, string> Facets { get; init; } = new Dictionary<string, string>();
}
