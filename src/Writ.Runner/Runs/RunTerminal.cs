using Writ.Proof.Orders;
using Writ.Runner.Kernel;
using Writ.Runner.Recordings;

namespace Writ.Runner.Runs;

/// <summary>
/// A run's terminal in the hands of its supervisor: what is typed has an offset, so that each byte is typed once, however often it
/// comes; it is told to be taken once the terminal has it. It is written down nowhere.
/// </summary>
internal sealed class RunTerminal(OrderTerminal terminal) : IDisposable
{
    private readonly PseudoTerminal _pseudo = new(terminal.Columns, terminal.Rows);
    private (LocalSocket Caller, long Offset)? _waiting;
    private long _taken;

    /// <summary>Both sides.</summary>
    public PseudoTerminal Pseudo => _pseudo;

    /// <summary>The size at the start.</summary>
    public (int Columns, int Rows) Size => (terminal.Columns, terminal.Rows);

    /// <summary>What to wait for where <see cref="GoOn"/> has something to do; -1 where nothing waits.</summary>
    public int Writable => _pseudo.IsWaiting ? _pseudo.Fd : -1;

    /// <summary>Types what was typed, of which the caller hears once it is taken.</summary>
    public void Type(LocalSocket caller, ControlMessage message)
    {
        var end = message.First + message.Bytes.Length;
        // What came before is passed over; what would leave a gap comes again; one piece at a time.
        if (_waiting is not null || message.First > _taken || end <= _taken)
        {
            caller.Send(ControlMessage.Typed(_taken));
            return;
        }

        _waiting = (caller, end);
        _pseudo.Type(message.Bytes[(int)(_taken - message.First)..]);
        Tell();
    }

    /// <summary>Types what waits.</summary>
    public void GoOn()
    {
        _pseudo.GoOn();
        Tell();
    }

    /// <summary>A caller is gone.</summary>
    public void Forget(LocalSocket caller)
    {
        if (_waiting is { } waiting && waiting.Caller == caller)
            _waiting = (null!, waiting.Offset);
    }

    /// <summary>Sets the size, and writes it down.</summary>
    public static void Resize(Recorder recorder, long columns, long rows)
    {
        if (OrderTerminal.IsSize(columns, rows))
            recorder.Resize((int)columns, (int)rows);
    }

    private void Tell()
    {
        if (_waiting is not { } waiting || _pseudo.IsWaiting)
            return;
        (_taken, _waiting) = (waiting.Offset, null);
        waiting.Caller?.Send(ControlMessage.Typed(_taken));
    }

    public void Dispose() => _pseudo.Dispose();
}
