using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// What is typed at a run's terminal, on its way from the server to the supervisor: one piece after the other, each until the
/// terminal has taken it, on a thread of its own. Nothing is kept past the window that the protocol allows.
/// </summary>
/// <param name="folder">The run's folder.</param>
/// <param name="isOver">True once the run has ended.</param>
/// <param name="taken">Told how much is taken.</param>
internal sealed class TerminalFeed(RunFolder folder, Func<bool> isOver, Action<long> taken)
{
    private const int LookMilliseconds = 500;
    private readonly Queue<string> _messages = [];
    private int _held;
    private int _changes;
    private bool _working;

    /// <summary>Takes what was typed.</summary>
    public void Take(Input input)
    {
        if (input.Offset >= 0 && input.Bytes.Length is > 0 and <= TypedInput.PieceBytes)
            Take(ControlMessage.Type(input.Offset, input.Bytes.Span), input.Bytes.Length);
    }

    /// <summary>Takes a new size.</summary>
    public void Take(Resize resize) => Take(ControlMessage.Resize(resize.Columns, resize.Rows), 1);

    /// <summary>The run has started.</summary>
    public void Changed()
    {
        lock (_messages)
        {
            _changes++;
            Monitor.PulseAll(_messages);
        }
    }

    private void Take(string message, int weight)
    {
        lock (_messages)
        {
            // A server that keeps to the protocol never comes so far.
            if (_held + weight > 2 * TypedInput.WindowBytes)
                return;
            _held += weight;
            _messages.Enqueue(message);
            if (_working)
                return;
            _working = true;
        }

        new Thread(Work) { IsBackground = true, Name = "typed" }.Start();
    }

    // Ends when there is nothing left, and is begun again by what comes next.
    private void Work()
    {
        LocalSocket? control = null;
        try
        {
            while (!isOver())
            {
                string? message;
                int changes;
                lock (_messages)
                {
                    changes = _changes;
                    if (!_messages.TryPeek(out message))
                    {
                        _working = false;
                        return;
                    }
                }

                control ??= LocalSocket.Connect(folder.Path, RunFolder.ControlName);
                if (control is null || !Pass(control, message))
                {
                    control?.Dispose();
                    control = null;
                    // A supervisor that is only being started listens before the run has started.
                    lock (_messages)
                    {
                        if (changes == _changes)
                            Monitor.Wait(_messages, LookMilliseconds);
                    }

                    continue;
                }

                lock (_messages)
                {
                    _messages.Dequeue();
                    _held -= message.StartsWith("type ", StringComparison.Ordinal) ? ControlMessage.Read(message).Bytes.Length : 1;
                }
            }
        }
        catch (IOException)
        {
            // No socket to be had: the run's own end tells the rest.
        }
        finally
        {
            control?.Dispose();
        }
    }

    private bool Pass(LocalSocket control, string message)
    {
        if (!control.Send(message))
            return false;
        if (!message.StartsWith("type ", StringComparison.Ordinal))
            return true;
        while (!isOver())
        {
            var answer = control.Receive(LookMilliseconds);
            if (answer is null)
                continue;
            if (ControlMessage.Read(answer) is not { Verb: "typed", First: var offset })
                return false;
            taken(offset);
            return true;
        }

        return true;
    }
}
