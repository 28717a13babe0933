using System.Runtime.InteropServices;

namespace Writ.Cli;

/// <summary>
/// Ctrl-C, SIGTERM and SIGHUP as something to wait for. The first asks for an orderly end, the second ends the process
/// at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<int> _exit;
    private int _count;

    /// <param name="exit">How the process ends on the second signal.</param>
    public Interruption(Action<int> exit) => _exit = exit;

    /// <summary>The exit code of an immediate end.</summary>
    public int HardExitCode { get; set; } = ExitCode.Interrupted;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>Takes the process's signals over.</summary>
    public Interruption Listen()
    {
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Raise();
            }));
        }

        return this;
    }

    /// <summary>What a signal does.</summary>
    public void Raise()
    {
        if (Interlocked.Increment(ref _count) > 1)
            _exit(HardExitCode);
        else
            _asked.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _asked.Dispose();
    }
}
