using System.Text.Json;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// Looks each second whether the fence has refused packets, and writes a report into the run's folder: the first at once,
/// later ones every ten seconds at most, and the last at the end. Used by the supervisor's one thread.
/// </summary>
internal sealed class FenceWatch(IFence fence, RunFolder folder)
{
    /// <summary>How often it looks, in microseconds.</summary>
    public const long Every = 1_000_000;
    private const long BetweenReports = 10_000_000;
    private long _nextLook;
    private long _nextReport;
    private long _reported;

    /// <summary>Milliseconds until it wants to look again.</summary>
    public int Wait => (int)Math.Clamp((_nextLook - Clock.Boot()) / 1_000, 0, 60_000);

    /// <summary>Looks, if it is time.</summary>
    /// <exception cref="IOException">The kernel does not tell, or the disk does not take the report.</exception>
    public void Look()
    {
        var now = Clock.Boot();
        if (now < _nextLook)
            return;
        _nextLook = now + Every;
        var reading = fence.Read();
        if (reading.Refused == _reported || now < _nextReport)
            return;
        _nextReport = now + BetweenReports;
        Report(reading);
    }

    /// <summary>Reports what is not reported yet.</summary>
    public void Finish(FenceReading reading)
    {
        if (reading.Refused != _reported)
            Report(reading);
    }

    private void Report(FenceReading reading)
    {
        var report = RefusedReport.Of(Clock.Wall(), reading, fence.Refused());
        Durable.Write(folder.Refused, JsonSerializer.SerializeToUtf8Bytes(report, RunnerJson.Default.RefusedReport), flush: false);
        _reported = reading.Refused;
    }
}
