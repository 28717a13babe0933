namespace Writ.Server.Audit;

/// <summary>Rung after every commit with entries; the sequencer wakes by it.</summary>
internal sealed class SequencerBell : IDisposable
{
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>There is something to place.</summary>
    public void Ring()
    {
        if (_wake.CurrentCount > 0)
            return;
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else rang in between.
        }
    }

    /// <summary>Waits for the bell, at most so long.</summary>
    public Task<bool> Wait(TimeSpan most, CancellationToken cancel) => _wake.WaitAsync(most, cancel);

    public void Dispose() => _wake.Dispose();
}
