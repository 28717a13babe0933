using Google.Protobuf;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Proof.Orders;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// The terminal of a run, in the hands of its attached client. What is typed goes to the runner and stays nowhere here: the client
/// keeps it until the runner has taken it, and sends it again on a new connection. So a link to the runner that breaks ends the
/// client's connection.
/// </summary>
internal sealed class HeldTerminal : IDisposable
{
    private readonly RunnerHub _hub;
    private readonly RunRow _run;
    private readonly string _name;
    private readonly Action<long> _heard;
    private object? _link;
    private long _sent = -1;
    private long _taken;

    /// <param name="hub">The runners.</param>
    /// <param name="run">The run, whose order has a terminal.</param>
    /// <param name="taken">Told how much of what was typed the run's terminal has taken.</param>
    public HeldTerminal(RunnerHub hub, RunRow run, Action<long> taken)
    {
        (_hub, _run, _name) = (hub, run, run.Id.ToString());
        _heard = offset =>
        {
            if (offset > Interlocked.Exchange(ref _taken, Math.Max(offset, Interlocked.Read(ref _taken))))
                taken(offset);
        };
        hub.Listen(run.Id, _heard);
    }

    /// <summary>True where something that was typed may be lost on its way: the client has to send it again.</summary>
    public bool IsBroken => Interlocked.Read(ref _sent) > Interlocked.Read(ref _taken) && !ReferenceEquals(_link, _hub.LinkOf(_run.RunnerId));

    /// <summary>Passes on what was typed; false where there is no way now. What goes past the window is passed over: nobody sends it who keeps to the protocol.</summary>
    public bool Type(long offset, byte[] bytes)
    {
        if (offset < 0 || bytes.Length is 0 or > TypedInput.PieceBytes)
            return true;
        if (Interlocked.Read(ref _sent) < 0)
        {
            // A client begins where it was told that it is taken.
            Interlocked.Exchange(ref _taken, offset);
            _link = _hub.LinkOf(_run.RunnerId);
        }

        if (offset + bytes.Length > Interlocked.Read(ref _taken) + TypedInput.WindowBytes)
            return true;
        Interlocked.Exchange(ref _sent, Math.Max(Interlocked.Read(ref _sent), offset + bytes.Length));
        return ReferenceEquals(_link, _hub.LinkOf(_run.RunnerId))
            && _hub.Send(_run.RunnerId, new ToRunner { Input = new Input { Run = _name, Offset = offset, Bytes = ByteString.CopyFrom(bytes) } });
    }

    /// <summary>Passes on the terminal's new size.</summary>
    public void Resize(int columns, int rows)
    {
        if (OrderTerminal.IsSize(columns, rows))
            _hub.Send(_run.RunnerId, new ToRunner { Resize = new Resize { Run = _name, Columns = (uint)columns, Rows = (uint)rows } });
    }

    public void Dispose() => _hub.StopListening(_run.Id, _heard);
}
