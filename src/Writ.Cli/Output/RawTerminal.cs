namespace Writ.Cli.Output;

/// <summary>
/// The process's own terminal in raw mode: each byte that is typed is read as it is, Ctrl-C among them, and nothing is echoed. It
/// is set back when this is disposed, and at the latest when the process ends in order, after a second signal too.
/// </summary>
internal sealed class RawTerminal : IDisposable
{
    private readonly byte[] _before;
    private readonly Lock _lock = new();
    private bool _over;

    private RawTerminal(byte[] before)
    {
        _before = before;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>Sets raw mode; null where standard input is no terminal.</summary>
    public static RawTerminal? Enter()
    {
        if (Native.TerminalModes() is not { } before)
            return null;
        var raw = new RawTerminal(before);
        Native.SetTerminalModes(Native.RawOf(before));
        return raw;
    }

    private void OnExit(object? sender, EventArgs e) => Dispose();

    public void Dispose()
    {
        lock (_lock)
        {
            if (_over)
                return;
            _over = true;
            Native.SetTerminalModes(_before);
            AppDomain.CurrentDomain.ProcessExit -= OnExit;
        }
    }
}
