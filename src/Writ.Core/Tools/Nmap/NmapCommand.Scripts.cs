using System.Text;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Scripts and what is told to them (https://nmap.org/book/man-nse.html).</summary>
internal sealed partial record NmapCommand
{
    private readonly List<string> _scriptValues = [];
    private bool _defaultScripts;

    /// <summary>The rules that select scripts.</summary>
    public NmapScriptRules Scripts { get; private set; } = NmapScriptRules.None;
    /// <summary>A file with arguments.</summary>
    public string? ScriptArgsFile { get; private set; }
    /// <summary>Arguments as typed.</summary>
    public string? ScriptArgs { get; private set; }
    /// <summary>The arguments of both, once the file is known.</summary>
    public NmapScriptArguments Arguments { get; private set; } = NmapScriptArguments.None;
    public TimeSpan? ScriptTimeout { get; private set; }
    public bool ScriptTrace { get; private set; }

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> ScriptReaders() =>
    [
        ("--script", (command, value) =>
        {
            command._scriptValues.Add(value);
            return null;
        }),
        Once("--script-args", command => command.ScriptArgs, (command, value) =>
        {
            command.ScriptArgs = value;
            return null;
        }),
        Once("--script-args-file", command => command.ScriptArgsFile, (command, value) => FilePath("--script-args-file", command.ScriptArgsFile = value)),
        Time("--script-timeout", 0, 86_401, (command, time) => command.ScriptTimeout = time),
        Flag("--script-trace", command => command.ScriptTrace = true),
    ];

    /// <summary>Reads the arguments of scripts; those of a file that was not sent along are unknown yet.</summary>
    public Refusal? TakeArguments(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs)
    {
        var file = ScriptArgsFile is { } path && inputs.TryGetValue(path, out var content) ? Encoding.Latin1.GetString(content.Span) : null;
        var read = NmapScriptArguments.Read(file, ScriptArgs);
        if (!read.IsOk)
            return read.Refusal;
        Arguments = read.Value;
        return null;
    }

    private Refusal? SettleScripts()
    {
        var scripts = NmapScriptRules.Read(_scriptValues, _defaultScripts);
        if (!scripts.IsOk)
            return scripts.Refusal;
        Scripts = scripts.Value;
        // A limit of no time at all is none, as Nmap has it.
        ScriptTimeout = ScriptTimeout == TimeSpan.Zero ? null : ScriptTimeout;
        return null;
    }
}
