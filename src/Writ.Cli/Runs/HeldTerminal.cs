using System.Runtime.InteropServices;
using Writ.Cli.Output;

namespace Writ.Cli.Runs;

/// <summary>
/// This terminal while a run has it: raw, its size followed, what is typed for the run alone. Whatever ends the run or this
/// process in order gives it back.
/// </summary>
internal sealed class HeldTerminal : IDisposable
{
    private readonly Terminal _terminal;
    private readonly IDisposable? _raw;
    private readonly List<PosixSignalRegistration> _signals = [];

    private HeldTerminal(Terminal terminal, Interruption interruption)
    {
        _terminal = terminal;
        Keyboard = new(terminal.RawInput, terminal.Size, interruption.Raise);
        _raw = terminal.EnterRaw();
        terminal.IsRaw = true;
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Keyboard.Resized()));
        // Nobody types it any more; whoever sends it gets the terminal back all the same.
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context =>
        {
            context.Cancel = true;
            interruption.Raise();
        }));
    }

    /// <summary>What is typed.</summary>
    public Keyboard Keyboard { get; }

    /// <summary>Takes the terminal for a run.</summary>
    public static HeldTerminal Take(Terminal terminal, Interruption interruption)
    {
        var held = new HeldTerminal(terminal, interruption);
        held.Keyboard.Start();
        return held;
    }

    public void Dispose()
    {
        _signals.ForEach(signal => signal.Dispose());
        _signals.Clear();
        _raw?.Dispose();
        _terminal.IsRaw = false;
    }
}
