using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Scripts and what is told to them (https://nmap.org/book/man-nse.html).</summary>
internal sealed partial record NmapCommand
{
    private readonly List<string> _scriptValues = [];
    private bool _defaultScripts;

    /// <summary>The rules that select scripts.</summary>
    public NmapScriptRules Scripts { get; private set; } = NmapScriptRules.None;

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> ScriptReaders() =>
    [
        ("--script", (command, value) =>
        {
            command._scriptValues.Add(value);
            return null;
        }),
    ];

    private Refusal? SettleScripts()
    {
        var scripts = NmapScriptRules.Read(_scriptValues, _defaultScripts);
        if (!scripts.IsOk)
            return scripts.Refusal;
        Scripts = scripts.Value;
        return null;
    }
}
