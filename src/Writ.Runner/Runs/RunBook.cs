using System.Collections.Concurrent;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Runner.Fences;
using Writ.Runner.Kernel;
using Writ.Runner.Orders;
using Writ.Runner.Runners;
using Writ.Runner.Secrets;

namespace Writ.Runner.Runs;

/// <summary>
/// Every run whose end the server does not hold yet. After a restart it takes up again what is on disk: supervisors go on
/// without the daemon, and ends are told until they are acknowledged.
/// </summary>
internal sealed class RunBook : IDisposable
{
    private static readonly TimeSpan MarkWithin = TimeSpan.FromMilliseconds(500);
    private readonly ConcurrentDictionary<string, LiveRun> _runs = new(StringComparer.Ordinal);
    private readonly DataFolder _data;
    private readonly Journal _journal;
    private readonly TimeProvider _time;
    private readonly Action _wake;
    private readonly FolderWatch _watch;
    private readonly ReceiptSigner _signer;
    private FencePool? _fences;
    private SecretStore? _secrets;

    /// <param name="data">The data folder.</param>
    /// <param name="journal">Where ends are told.</param>
    /// <param name="time">The wall clock.</param>
    /// <param name="wake">Called when there may be something to tell the server.</param>
    /// <param name="signer">Signs how runs ended.</param>
    public RunBook(DataFolder data, Journal journal, TimeProvider time, Action wake, ReceiptSigner signer)
    {
        (_data, _journal, _time, _wake, _signer) = (data, journal, time, wake, signer);
        _watch = new(Changed, Gone);
        foreach (var folder in data.AllRuns())
            Adopt(folder);
    }

    /// <summary>All of them.</summary>
    public ICollection<LiveRun> All => _runs.Values;

    /// <summary>The places of runs that live, and what they may reach.</summary>
    public IEnumerable<(FencePlace Place, AddressSet Reach)> LivePlaces
    {
        get
        {
            foreach (var run in All)
            {
                if (run is { End: null, Spec: { Place: { } place } spec })
                    yield return (place, spec.Scope?.Read() is { IsOk: true } scope ? scope.Value.Addresses : AddressSet.Empty);
            }
        }
    }

    /// <summary>From now on the place of a run goes when it ends; those of runs that ended meanwhile go now.</summary>
    public void Use(FencePool fences)
    {
        _fences = fences;
        foreach (var run in All)
        {
            lock (run)
            {
                if (run.End is not null)
                    LeavePlace(run);
            }
        }
    }

    /// <summary>From now on what was lent to a run is given back when it ends; what was lent to those that ended meanwhile is now.</summary>
    public void Use(SecretStore secrets)
    {
        _secrets = secrets;
        foreach (var run in All.Where(run => run.End is not null))
            GiveBack(run);
    }

    private void GiveBack(LiveRun run)
    {
        if (_secrets is { } secrets && run.Spec?.Secrets is { Count: > 0 } lent)
            _ = secrets.Return(lent, line => _journal.TryWrite("secret", run.Run, detail: line));
    }

    private void LeavePlace(LiveRun run)
    {
        if (run.Spec?.Place is { } place)
            _fences?.Release(place);
    }

    /// <summary>The run of this id, or null.</summary>
    public LiveRun? Find(string run) => _runs.GetValueOrDefault(run);

    /// <summary>When the server was last heard, on CLOCK_BOOTTIME.</summary>
    public long HeardBoot { get; private set; }

    /// <summary>Enters a run whose order was checked; null where there is one of this id.</summary>
    public LiveRun? TryAdd(RunSpec spec, string nonce)
    {
        var run = new LiveRun(_data.Run(spec.Run), spec, _signer) { Nonce = nonce, Starting = true, Resumed = true };
        return _runs.TryAdd(spec.Run, run) ? run : null;
    }

    /// <summary>Forgets a run that never came to be.</summary>
    public void Drop(LiveRun run)
    {
        _watch.Remove(run);
        _runs.TryRemove(run.Run, out _);
        lock (run)
        {
            if (run.End is null)
                LeavePlace(run);
            run.Dispose();
        }

        if (Directory.Exists(run.Folder.Path))
            Directory.Delete(run.Folder.Path, recursive: true);
    }

    /// <summary>Starts the supervisor of a run whose folder is ready, and hands its secrets over.</summary>
    public void Launch(LiveRun run, GivenSecrets secrets)
    {
        _watch.AddFolder(run);
        var log = Libc.Must(Libc.open(run.Folder.Log, Libc.OWriteOnly | Libc.OCreate | Libc.OAppend | Libc.OCloexec, 0x180), run.Folder.Log);
        var nothing = Libc.Must(Libc.open("/dev/null", Libc.ORdWr | Libc.OCloexec, 0), "/dev/null");
        using var memory = secrets.All.Count > 0 ? secrets.ToMemory() : null;
        try
        {
            lock (run)
            {
                run.Starting = false;
                if (run.Kill is { } kill)
                {
                    End(run, new() { Cause = kill.Cause, Detail = kill.Reason, At = Now(), KillAt = Now(), ProcessesLeft = 0, Deadline = run.Spec!.Deadline });
                    return;
                }

                // The program of this very process, even where the file at its path was replaced meanwhile.
                run.Supervisor = ChildProcess.Start("/proc/self/exe", ["writ-runner", "supervise", run.Folder.Path], [], memory is null ? [nothing, nothing, log] : [nothing, nothing, log, memory.Fd], session: true);
                _watch.AddSupervisor(run, run.Supervisor);
            }
        }
        finally
        {
            _ = Libc.close(log);
            _ = Libc.close(nothing);
        }
    }

    /// <summary>The server was heard: every supervisor is told.</summary>
    public void Contact()
    {
        HeardBoot = Clock.Boot();
        foreach (var run in All)
        {
            lock (run)
            {
                if (run.End is null && !run.Starting)
                    run.Tell(ControlMessage.Contact);
            }
        }
    }

    /// <summary>
    /// Ends a run. It needs neither disk nor server: the supervisor is told, and where it does not answer, it is killed,
    /// and the tree dies with it.
    /// </summary>
    public void Kill(LiveRun run, Cause cause, string reason)
    {
        var told = false;
        lock (run)
        {
            if (run.End is not null)
                return;
            run.Kill ??= (cause, reason);
            // One that is being started finds the kill before it starts.
            if (!run.Starting)
            {
                told = run.Tell(ControlMessage.Kill(cause, reason));
                _ = Task.Run(() => EnforceKill(run, told, cause, reason));
            }
        }

        _journal.TryWrite("kill", run.Run, cause.ToString(), reason);
    }

    private static async Task EnforceKill(LiveRun run, bool told, Cause cause, string reason)
    {
        for (var waited = 0; waited < 1_500; waited++)
        {
            lock (run)
            {
                if (run.End is not null)
                    return;
                told = told || run.Tell(ControlMessage.Kill(cause, reason));
            }

            await Task.Delay(2);
        }

        lock (run)
            run.Supervisor?.Kill();
    }

    /// <summary>Deletes a run that is told and acknowledged.</summary>
    public void Settle(LiveRun run)
    {
        lock (run)
        {
            if (!run.IsDone)
                return;
        }

        _journal.TryWrite("forgotten", run.Run);
        Drop(run);
    }

    // Takes up a run of an earlier daemon.
    private void Adopt(RunFolder folder)
    {
        if (folder.ReadSpec() is not { } spec)
        {
            // The daemon died before it had written what a supervisor needs: nothing was started.
            Directory.Delete(folder.Path, recursive: true);
            return;
        }

        var run = new LiveRun(folder, spec, _signer) { Started = folder.ReadStarted() };
        _runs[run.Run] = run;
        _watch.AddFolder(run);
        run.Refused = folder.ReadRefused();
        run.Results = folder.ReadResults();
        run.End = folder.ReadEnd();
        if (run.End is not null)
            return;
        // Looked for first: a mark that comes in between is one to follow.
        var marked = File.Exists(folder.Mark);
        if (Follow(run))
            return;
        if (marked)
            Gone(run);
        else
            _ = GoneUnlessMarked(run);
    }

    // A supervisor that was started by the dying daemon may need a moment to write who it is; the folder's watch tells when it has.
    private async Task GoneUnlessMarked(LiveRun run)
    {
        await Task.Delay(MarkWithin, _time);
        if (!Follow(run))
            Gone(run);
    }

    // Follows the supervisor that left its mark; false where it left none, or is gone.
    private bool Follow(LiveRun run)
    {
        lock (run)
        {
            if (run.Supervisor is not null)
                return true;
            if (run.End is not null || run.Folder.OpenSupervisor() is not { } supervisor)
                return false;
            run.Supervisor = supervisor;
            _watch.AddSupervisor(run, supervisor);
            run.Started ??= run.Folder.ReadStarted();
            return true;
        }
    }

    private void Changed(LiveRun run, string name)
    {
        switch (name)
        {
            case RunFolder.MarkName when !run.Starting:
                _ = Follow(run);
                break;
            case "started":
                lock (run)
                {
                    run.Started ??= run.Folder.ReadStarted();
                    run.GoOnTyping();
                }

                break;
            case RunFolder.RefusedName when run.Folder.ReadRefused() is { } refused:
                lock (run)
                    run.Refused = refused;
                break;
            case RunFolder.ResultsName when run.Folder.ReadResults() is { } results:
                lock (run)
                    run.Results = results;
                break;
            case "end" when run.Folder.ReadEnd() is { } end:
                lock (run)
                {
                    run.Started ??= run.Folder.ReadStarted();
                    run.Refused = run.Folder.ReadRefused();
                    run.Results = run.Folder.ReadResults();
                    End(run, end);
                }

                break;
            default:
                break;
        }

        _wake();
    }

    private void Gone(LiveRun run)
    {
        lock (run)
        {
            run.Supervisor?.TryReap();
            run.Started ??= run.Folder.ReadStarted();
            if (run.End is not null)
                return;
            if (run.Folder.ReadEnd() is { } end)
            {
                End(run, end);
                return;
            }
        }

        _ = Task.Run(() =>
        {
            var said = File.Exists(run.Folder.Log) ? InventoryReader.FirstLine(File.ReadAllText(run.Folder.Log)) : "";
            var lost = run.Folder.WriteLostEnd(run.Spec, said.Length > 0 ? said : "the supervisor died", _time);
            lock (run)
            {
                if (run.Kill is { } kill)
                    lost = lost with { Cause = kill.Cause, Detail = kill.Reason, KillAt = lost.At };
                End(run, lost);
            }
        });
    }

    private void End(LiveRun run, EndRecord end)
    {
        if (run.End is not null)
            return;
        run.End = end;
        LeavePlace(run);
        GiveBack(run);
        _journal.TryWrite("ended", run.Run, end.Cause.ToString(), $"exit code {end.ExitCode}, {end.ProcessesLeft} processes left {end.Detail}".TrimEnd());
        _wake();
    }

    private long Now() => UnixMicroseconds.From(_time.GetUtcNow());

    public void Dispose() => _watch.Dispose();
}
