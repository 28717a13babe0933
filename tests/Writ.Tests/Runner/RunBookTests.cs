using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Writ.Proof.Orders;
using Writ.Runner;
using Writ.Runner.Kernel;
using Writ.Runner.Orders;
using Writ.Runner.Runners;
using Writ.Runner.Runs;

namespace Writ.Tests.Runner;

/// <summary>A daemon that died between the start of a supervisor and the supervisor's own mark.</summary>
public sealed class RunBookTests : IDisposable
{
    private const string Run = "run_06bq0000000000000000000004";
    private readonly DataFolder _data = new(Directory.CreateTempSubdirectory("writ-book-").FullName);
    private readonly FakeTimeProvider _time = new();
    private LiveRun? _followed;
    // The watch may tell of something for a moment after the book was closed.
    private readonly Channel<bool> _woken = Channel.CreateUnbounded<bool>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public RunBookTests()
    {
        Durable.Folder(_data.Run(Run).Path);
        Durable.Write(_data.Run(Run).Spec, JsonSerializer.SerializeToUtf8Bytes(new RunSpec
        {
            Run = Run, BootId = ProcessTable.BootId(), Argv = ["nmap"], ToolPath = "", ToolSha256 = "", Root = "", StartBy = 0, Deadline = 0, DeadlineBoot = 0, MaxDisconnected = 0, HeardBoot = 0,
        }, RunnerJson.Default.RunSpec));
    }

    [Fact]
    public async Task Run_whose_supervisor_never_says_who_it_is_is_lost_after_a_moment()
    {
        using var journal = new Journal(_data.Journal, _time);
        using var book = Book(journal);
        var run = book.Find(Run).ShouldNotBeNull();
        _time.Advance(TimeSpan.FromMilliseconds(499));
        run.End.ShouldBeNull("it may still come");
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Until(() => run.End is not null);
        run.End!.Detail.ShouldBe("the supervisor died");
    }

    [Fact]
    public async Task Run_whose_supervisor_says_late_who_it_is_is_followed()
    {
        using var journal = new Journal(_data.Journal, _time);
        using var book = Book(journal);
        var run = book.Find(Run).ShouldNotBeNull();
        run.Supervisor.ShouldBeNull();
        // This very process stands for it.
        Durable.Write(_data.Run(Run).Mark, JsonSerializer.SerializeToUtf8Bytes(
            new SupervisorMark(Environment.ProcessId, ProcessTable.StartOf(Environment.ProcessId), ProcessTable.BootId()), RunnerJson.Default.SupervisorMark));
        await Until(() => run.Supervisor is not null);
        _time.Advance(TimeSpan.FromSeconds(1));
        run.End.ShouldBeNull();
        _followed = run;
    }

    public void Dispose()
    {
        Directory.Delete(_data.Path, recursive: true);
        // Last: one that is followed by nobody would be written off, into the folder that is being deleted.
        _followed?.Dispose();
    }

    private RunBook Book(Journal journal) => new(_data, journal, _time, () => _woken.Writer.TryWrite(true), new("rnr_06bq0000000000000000000000", SigningKeys.NewSeed()));

    private async Task Until(Func<bool> condition)
    {
        while (!condition())
            await _woken.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }
}
