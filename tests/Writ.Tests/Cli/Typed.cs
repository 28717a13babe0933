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
        var console = new Terminal(output ?? OutputBytes, ErrorBytes, new MemoryStream(Encoding.UTF8.GetBytes(input))) { InputIsTerminal = terminal, ErrorIsTerminal = terminal };
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

    /// <summary>Waits until something was said on standard error.</summary>
    public async Task<string> SaidAsync(string part)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!Error.Contains(part, StringComparison.Ordinal))
        {
            TimeProvider.System.GetElapsedTime(begun).ShouldBeLessThan(TimeSpan.FromSeconds(60), Error);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        return Error;
    }

    public Task<int> RunAsync(params string[] args) => CommandTree.InvokeAsync(Context, args);

    public void CtrlC()
    {
        lock (_interruptions)
            _interruptions.Single().Raise();
    }

    public void Dispose() => Context.Dispose();
}
