using System.Globalization;
using System.Text.Json;
using Writ.Proof.Statements;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// The fence of one run in the hands of its supervisor. While the run lives it looks each second for refused packets, ten times
/// as often where there is a budget, and writes a report into the run's folder: the first at once, later ones every ten
/// seconds at most, the last at the end. Only opening can fail a run; what goes wrong later is told in the supervisor's log, and
/// what passes still is in scope. One thread's alone.
/// </summary>
internal sealed class RunFence(RunSpec spec, RunFolder folder) : IDisposable
{
    private const int MostBlindLooks = 10;
    private const long BetweenLooks = 1_000_000, BetweenQuickLooks = 100_000, BetweenReports = 10_000_000;
    private IFence? _fence;
    private long _nextLook;
    private long _nextReport;
    private long _reported;
    private long _lastWhole;
    private long _degradedAt;
    private int _blindLooks;

    /// <summary>What holds the run, in one line.</summary>
    public string Description => _fence?.Description ?? "none";

    /// <summary>The network namespace of the run alone, by its inode number; 0 where it has none.</summary>
    public long NetworkNamespace { get; private set; }

    /// <summary>Readable when <see cref="FollowRoutes"/> has something to do; -1 without a fence.</summary>
    public int RoutesChanged => _fence?.RoutesChanged ?? -1;

    /// <summary>Milliseconds until it wants to look again; -1 for never.</summary>
    public int Wait => _fence is null ? -1 : (int)Math.Clamp((_nextLook - Clock.Boot()) / 1_000, 0, 60_000);

    /// <summary>Opens the fence and moves the calling thread, and what it starts from now on, into the run's network.</summary>
    /// <exception cref="IOException">It is not in force.</exception>
    public void Enter(long deadline, long deadlineBoot)
    {
        if (spec.Place is { } place)
        {
            if (place.Uplink is { } uplink)
                Kernel.NetworkNamespace.Enter(uplink);
            _fence = place.Fence();
            Open(_fence, deadline, deadlineBoot);
            _fence.Enter();
            NetworkNamespace = ProcessTable.OwnNetworkNamespace();
            _lastWhole = Clock.Wall();
        }
        else if (spec.NetworkNamespace is { } name)
        {
            Kernel.NetworkNamespace.Enter(name);
        }
    }

    /// <summary>Moves its end; false where the kernel does not take that.</summary>
    public bool TryExtend(long deadline, long deadlineBoot) =>
        _fence is not { } fence || Try("does not take the new deadline", () => Open(fence, deadline, deadlineBoot));

    private void Open(IFence fence, long deadline, long deadlineBoot) => fence.Open(
        spec.Scope?.Read() is { IsOk: true } scope ? scope.Value : throw new IOException("there is no scope that the fence could be opened for"),
        spec.Budget, spec.ZoneCells(), deadline, deadlineBoot);

    /// <summary>Hands packets to the next hops of now.</summary>
    public void FollowRoutes() => Try("does not follow the routes", () => _fence?.FollowRoutes());

    /// <summary>Looks for refused packets, if it is time: what is wrong where they are more than the budget puts up with, else null.</summary>
    public string? Look()
    {
        var now = Clock.Boot();
        if (_fence is not { } fence || now < _nextLook)
            return null;
        _nextLook = now + (spec.Budget == Budget.Unlimited ? BetweenLooks : BetweenQuickLooks);
        if (spec.RawSockets)
            fence.Stir();
        var refused = 0L;
        _blindLooks++;
        Try("cannot be read", () =>
        {
            (refused, var degraded) = fence.Look();
            _blindLooks = 0;
            if (degraded && _degradedAt == 0)
                _degradedAt = _lastWhole;
            _lastWhole = Clock.Wall();
            if (refused == _reported || now < _nextReport)
                return;
            _nextReport = now + BetweenReports;
            Report(fence, refused);
        });
        if (spec.Budget.Violations is not null && _blindLooks >= MostBlindLooks)
            return "packets out of scope cannot be counted any more";
        return refused > spec.Budget.Violations
            ? string.Create(CultureInfo.InvariantCulture, $"{refused} packets out of scope, and the rule puts up with {spec.Budget.Violations}")
            : null;
    }

    /// <summary>Nothing passes from now on, whoever has survived.</summary>
    public void Close() => Try("cannot be closed", () => _fence?.Close());

    /// <summary>What the kernel says after the end, with a last report; null where it does not tell.</summary>
    public FenceReading? Finish()
    {
        FenceReading? reading = null;
        Try("cannot be read", () => reading = _fence?.Read());
        if (reading is not null && (reading is { HeldBack: > 0 } or { OverBudget: > 0 } || _degradedAt > 0))
            reading = reading with { DegradedAt = new[] { reading.DegradedAt, _degradedAt, _lastWhole }.Where(at => at > 0).Min() };
        if (reading is not null && reading.Refused != _reported)
            Try("cannot be reported on", () => Report(_fence!, reading.Refused));
        return reading;
    }

    private void Report(IFence fence, long refused)
    {
        var report = RefusedReport.Of(Clock.Wall(), refused, fence.Refused());
        Durable.Write(folder.Refused, JsonSerializer.SerializeToUtf8Bytes(report, RunnerJson.Default.RefusedReport), flush: false);
        _reported = refused;
    }

    private static bool Try(string otherwise, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (IOException failed)
        {
            Console.Error.WriteLine($"the fence {otherwise}: {failed.Message}");
            return false;
        }
    }

    public void Dispose() => _fence?.Dispose();
}
