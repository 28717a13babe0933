using System.Text;
using Writ.Cli;
using Writ.Cli.Output;

namespace Writ.Tests.Cli;

/// <summary>A command line typed into a terminal of the test's.</summary>
internal sealed class Typed : IDisposable
{
    private readonly Dictionary<string, string> _environment;
    private readonly List<Interruption> _interruptions = [];

    public Typed(string server, TimeProvider? time = null, Stream? output = null, string input = "", bool terminal = false, string? token = "t0ken")
    {
        _environment = new() { ["WRIT_SERVER"] = server };
        if (token is not null)
            _environment["WRIT_TOKEN"] = token;
        var console = new Terminal(output ?? OutputBytes, ErrorBytes, new StringReader(input)) { InputIsTerminal = terminal, ErrorIsTerminal = terminal };
        Context = new(console, name => _environment.GetValueOrDefault(name), time ?? TimeProvider.System, () =>
        {
            var interruption = new Interruption(code => HardExit = code);
            lock (_interruptions)
                _interruptions.Add(interruption);
            return interruption;
        });
    }

    public CliContext Context { get; }
    public MemoryStream OutputBytes { get; } = new();
    public MemoryStream ErrorBytes { get; } = new();
    public int? HardExit { get; private set; }
    public string Output => Encoding.UTF8.GetString(OutputBytes.ToArray());
    public string Error => Encoding.UTF8.GetString(ErrorBytes.ToArray());

    public Typed With(string name, string value)
    {
        _environment[name] = value;
        return this;
    }

    public Task<int> RunAsync(params string[] args) => CommandTree.InvokeAsync(Context, args);

    public void CtrlC()
    {
        lock (_interruptions)
            _interruptions.Single().Raise();
    }

    public void Dispose() => Context.Dispose();
}
