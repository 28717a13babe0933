using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Writ.Proof.Statements;
using Writ.Runner.Kernel;
using Writ.Runner.Recordings;
using Writ.Runner.Results;
using Writ.Runner.Sandboxes;
using Writ.Runner.Secrets;

namespace Writ.Runner.Runs;

/// <summary>
/// Owns one run, in a process of its own, so that neither the daemon's death nor its being stopped or busy delays
/// anything. One thread, the process's first, starts the sandbox (which dies with that thread) and then waits on the
/// timers, the control socket and the sandbox; while the run lives its disk work is one small file, which says that it started.
/// <list type="number">
/// <item>Take the folder: this run has not ended, its end has room on disk, the recording and the socket are there.</item>
/// <item>Check what must still hold: the start-by time, the deadline, the tool's digest.</item>
/// <item>Open the fence, enter its network namespace, start the sandbox.</item>
/// <item>Guard: the first of exit, deadline, silence, kill and failed recording ends the run.</item>
/// <item>End: kill the PID namespace's first process, close the fence, reap until nobody is left, count, read what the kernel
/// has counted, close the recording, take the written files in.</item>
/// <item>Make the end durable and say so.</item>
/// </list>
/// </summary>
internal sealed unsafe class Supervisor : IDisposable
{
    private const int SetChildSubreaper = 36;
    private static readonly TimeSpan DiskPatience = TimeSpan.FromSeconds(30), ResultsPatience = TimeSpan.FromSeconds(2);
    private readonly RunFolder _folder;
    private readonly RunSpec _spec;
    private readonly EndFile _end;
    private readonly LocalSocket _listener;
    private readonly RunDeadline _deadline;
    private readonly KernelTimer _contactTimer = new(Libc.ClockBoottime);
    private readonly SoftStop _softStop;
    private readonly int _terminate = Libc.Must(Libc.eventfd(0, Libc.OCloexec | Libc.ONonblock), "eventfd");
    private readonly List<LocalSocket> _callers = [];
    private readonly List<LocalSocket> _waiting = [];
    private readonly RunFence _fence;
    private readonly RunPlacement _placed;
    private Recorder? _recorder;
    private Masks? _masks;
    private RunTerminal? _terminal;
    private ResultsReader? _results;
    private ToolTree? _tree;
    private bool _started;
    private Cause _cause;
    private string _detail = "";
    private long _killAt;
    private int? _found;

    private Supervisor(RunFolder folder, RunSpec spec)
    {
        // 1. Take the folder.
        (_folder, _spec, _deadline) = (folder, spec, new(spec.Deadline, spec.DeadlineBoot, new WallClock()));
        if (File.Exists(folder.End))
            throw new RunnerException($"{folder.Run} has already ended");
        if (File.Exists(folder.Mark))
            throw new RunnerException($"{folder.Run} already has a supervisor");
        var mark = new SupervisorMark(Environment.ProcessId, ProcessTable.StartOf(Environment.ProcessId), ProcessTable.BootId());
        Durable.Write(folder.Mark, JsonSerializer.SerializeToUtf8Bytes(mark, RunnerJson.Default.SupervisorMark), flush: false);
        _end = new(folder);
        _softStop = new(spec.SoftStop);
        (_fence, _placed) = (new(spec, folder), new(spec, folder));
        _listener = LocalSocket.Listen(folder.Path, RunFolder.ControlName);
    }

    /// <summary>Supervises the run of this folder to its end: 0 once the end is on disk.</summary>
    public static int Run(string path)
    {
        var folder = new RunFolder(Path.GetFullPath(path));
        if (folder.ReadSpec() is not { } spec)
            throw new RunnerException($"{folder.Spec} cannot be read");
        using var supervisor = new Supervisor(folder, spec);
        // A closed terminal or a Ctrl-C on the daemon's is no reason to end a run; SIGTERM is a kill.
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context => context.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            supervisor.RequestTermination();
        });
        return supervisor.Supervise();
    }

    private void RequestTermination()
    {
        long one = 1;
        _ = Libc.write(_terminate, (byte*)&one, 8);
    }

    private int Supervise()
    {
        // Whoever loses their parent inside this tree becomes our child, so that "no child left" means what it says.
        Libc.Must(Libc.prctl(SetChildSubreaper, 1, 0, 0, 0), "prctl");
        Priority.RaiseThisThread();
        try
        {
            Check();
            Start();
            Guard();
        }
        catch (Exception failure) when (failure is IOException or RunnerException or UnauthorizedAccessException)
        {
            if (_cause == Cause.None)
                (_cause, _detail) = (Cause.CouldNotStart, failure.Message);
        }

        return Finish();
    }

    // 2. What must still hold.
    private void Check()
    {
        if (_spec.BootId != ProcessTable.BootId())
            throw new RunnerException("the order came before this machine started");
        if (Clock.Wall() >= _spec.StartBy || _deadline.IsOver)
            throw new RunnerException("the time to start is over");
        _deadline.Arm();
        _softStop.Arm(_deadline.Boot);
        _contactTimer.Arm(_spec.HeardBoot + _spec.MaxDisconnected);
        // The daemon digested the program when it took the order; the same inode with the same change time is the same program.
        if (_spec.ToolMark is null || _spec.ToolMark != FileMark.Of(_spec.ToolPath))
        {
            if (ProgramFile.Digest(_spec.ToolPath) != _spec.ToolSha256)
                throw new RunnerException($"{_spec.ToolPath} is not the program of the inventory");
        }

        if (!ToolRoot.IsForEverybody(_spec.ToolPath))
            throw new RunnerException($"{_spec.ToolPath}: permission denied for the users of runs");
    }

    // 3. Open the fence, enter its network namespace, start the sandbox.
    private void Start()
    {
        using var secrets = GivenSecrets.Take(_spec.Secrets);
        _masks = Masks.Of([.. secrets.All.Select(secret => (secret.Terms.Name, secret.Value.Trimmed.ToArray()))]);
        var pipes = stackalloc int[6];
        for (var i = 0; i < 3; i++)
            Libc.Must(Libc.pipe2(pipes + (2 * i), Libc.OCloexec), "pipe2");
        for (var i = 0; i < 2; i++)
            _ = Libc.fcntl(pipes[2 * i], Libc.SetPipeSize, 1 << 20);
        _terminal = _spec.Terminal is { } at ? new(at) : null;
        var (pseudo, size) = (_terminal?.Pseudo, _terminal?.Size ?? default);
        _recorder = new(_folder.Recording, pseudo?.Fd ?? pipes[0], pseudo is null ? pipes[2] : -1, _spec.SpoolLimitBytes, _spec.UnacknowledgedLimitBytes,
            _spec.Live is { Status: not "shown" } live ? new StatusLines(verbose: live.Status == "apart-verbose") : null, _masks, pseudo, size);
        try
        {
            var placement = _placed.Make(secrets);
            // After the memory is mounted: a thread that is started now sees it.
            _results = ResultsReader.Of(_spec, _folder, _placed.Out);
            _fence.Enter(_deadline.Wall, _deadline.Boot);
            if (placement.User is { } user)
                pseudo?.GiveTo(user);
            var (output, error, status) = (pseudo?.Tool ?? pipes[1], pseudo?.Tool ?? pipes[3], pipes[5]);
            _tree = new(_placed.Cgroup is { } cgroup ? cgroup.Inside(Launch) : Launch(), pipes[4]);

            ChildProcess Launch() => Sandbox.Start(_spec.ToolPath, _spec.Argv.Skip(1), placement, output, error, status, pseudo?.Tool);
        }
        finally
        {
            for (var i = 0; i < 3; i++)
                _ = Libc.close(pipes[(2 * i) + 1]);
        }
    }

    // 4. The first of exit, deadline, silence, kill and failed recording ends the run.
    private void Guard()
    {
        const int fixedCount = 11;
        var polls = stackalloc Libc.PollFd[fixedCount + 32];
        while (_cause == Cause.None)
        {
            ReadOnlySpan<int> waitedFor =
                [_deadline.BootFd, _deadline.WallFd, _contactTimer.Fd, _terminate, _recorder!.Failed, _tree!.Fd, _tree.Status, _listener.Fd,
                    _fence.RoutesChanged, _softStop.Fd];
            for (var i = 0; i < waitedFor.Length; i++)
                polls[i] = new() { Fd = waitedFor[i], Events = Libc.PollIn };
            polls[10] = new() { Fd = _terminal?.Writable ?? -1, Events = Libc.PollOut };
            for (var i = 0; i < _callers.Count; i++)
                polls[fixedCount + i] = new() { Fd = _callers[i].Fd, Events = Libc.PollIn };
            // Until the tool is executed, its start is looked for each millisecond.
            if (Libc.poll(polls, (nuint)(fixedCount + _callers.Count), _started ? _fence.Wait : 1) < 0)
                continue;

            if (polls[0].Ready != 0)
                Kill(Cause.Deadline, "");
            if (polls[1].Ready != 0 && _deadline.HasCome())
                Kill(Cause.Deadline, "");
            if (polls[2].Ready != 0)
                Kill(Cause.Disconnected, "the server was not heard for too long");
            if (polls[3].Ready != 0)
                Kill(Cause.LocalKill, "the supervisor was told to terminate");
            if (polls[4].Ready != 0)
                Kill(Cause.RecordingFailed, _recorder.Failure ?? "");
            if (polls[6].Ready != 0)
                _tree.ReadStatus();
            if (polls[8].Ready != 0)
                _fence.FollowRoutes();
            if (polls[9].Ready != 0)
                _softStop.Ask(_tree.Init);
            if (polls[10].Ready != 0)
                _terminal!.GoOn();
            for (var i = _callers.Count - 1; i >= 0; i--)
            {
                if (polls[fixedCount + i].Ready != 0)
                    Hear(_callers[i]);
            }

            if (polls[7].Ready != 0 && _callers.Count < 32 && _listener.Accept() is { } caller)
                _callers.Add(caller);
            if (!_started)
                LookForStart();
            if (_fence.Look() is { } violations)
                Kill(Cause.Violations, violations);
            if (polls[5].Ready != 0 && _cause == Cause.None)
                _cause = Cause.Exited;
        }
    }

    private void Hear(LocalSocket caller)
    {
        while (caller.Receive() is { } text)
        {
            if (text.Length == 0)
            {
                _callers.Remove(caller);
                _waiting.Remove(caller);
                _terminal?.Forget(caller);
                caller.Dispose();
                return;
            }

            var message = ControlMessage.Read(text);
            switch (message.Verb)
            {
                case ControlMessage.Contact:
                    _contactTimer.Arm(Clock.Boot() + _spec.MaxDisconnected);
                    break;
                case "ack":
                    _recorder?.Acknowledge(message.First);
                    break;
                case "extend":
                    caller.Send(Extend(message.First, message.Second) ? "ok" : "refused");
                    break;
                case "type" when _terminal is not null:
                    _terminal.Type(caller, message);
                    break;
                case "resize" when _terminal is not null && _recorder is not null:
                    RunTerminal.Resize(_recorder, message.First, message.Second);
                    break;
                case "kill":
                    _waiting.Add(caller);
                    Kill((Cause)message.First, message.Text);
                    break;
                default:
                    caller.Send("refused");
                    break;
            }
        }
    }

    private bool Extend(long deadline, long deadlineBoot)
    {
        if (_cause != Cause.None || deadline <= _deadline.Wall || _deadline.IsOver)
            return false;
        if (!_fence.TryExtend(deadline, deadlineBoot))
            return false;
        _deadline.Move(deadline, deadlineBoot);
        _softStop.Arm(deadlineBoot);
        return true;
    }

    private void LookForStart()
    {
        if (_tree is not { IsExecuted: true } tree)
            return;
        _started = true;
        var start = new StartRecord(Clock.Wall(), Clock.Boot() - _spec.ReceivedBoot, [_spec.ToolPath, .. _spec.Argv.Skip(1)],
            _spec.ToolSha256, _placed.Description, _fence.Description, tree.Init?.Pid ?? 0, tree.PidNamespace);
        try
        {
            Durable.Write(_folder.Started, JsonSerializer.SerializeToUtf8Bytes(start, RunnerJson.Default.StartRecord), flush: false);
        }
        catch (IOException full)
        {
            Kill(Cause.RecordingFailed, full.Message);
        }
    }

    /// <summary>Ends the run; the first cause stays.</summary>
    private void Kill(Cause cause, string detail)
    {
        if (_cause != Cause.None)
            return;
        _killAt = Clock.Wall();
        _found = _tree?.Count();
        _tree?.Kill();
        (_cause, _detail) = (cause, detail);
    }

    // 5. End.
    private int Finish()
    {
        _found ??= _tree?.Count();
        _tree?.Kill();
        _placed.Cgroup?.Kill();
        // Before anybody is reaped: whoever survives the kill is cut off.
        _fence.Close();
        var exitCode = ToolTree.Reap(_tree);
        var goneAt = Clock.Wall();
        var left = ProcessTable.CountOf(_tree?.PidNamespace ?? 0, _fence.NetworkNamespace, _placed.User?.Id ?? 0, _placed.Cgroup?.Processes() ?? RunCgroup.ProcessesOf(null));
        var fence = _fence.Finish();
        // Nobody is left who could write there: the recording ends with what is in it.
        _terminal?.Pseudo.CloseTool();
        _tree?.ReadStatus();
        var toolExit = _tree?.ToolExit;
        if (!_started && toolExit is not null)
            LookForStart();
        exitCode = toolExit ?? exitCode;
        var recorded = _recorder?.Finish(_killAt == 0 ? null : $"killed: {Reason()}", DiskPatience) ?? true;
        var failure = recorded ? _recorder?.Failure : "the disk does not take the recording";
        if (_cause == Cause.Exited && toolExit is null && !_started)
            (_cause, _detail) = (Cause.CouldNotStart, _recorder?.FirstError is { Length: > 0 } said ? said : "the sandbox ended before the tool was executed");
        if (failure is not null && _cause == Cause.Exited)
            (_cause, _detail) = (Cause.RecordingFailed, failure);
        _results?.Finish(ResultsPatience);
        // A tool that was asked to end has not ended by itself, unless it had told all.
        if (_cause == Cause.Exited && _softStop.AskedAt > 0 && _results is not { IsComplete: true })
            (_cause, _detail) = (Cause.Deadline, string.Create(CultureInfo.InvariantCulture, $"asked to end {(_deadline.Wall - _softStop.AskedAt) / 1_000_000.0:0.0} s before, it did"));
        if (_cause == Cause.Exited && _placed.Exceeded(exitCode) is { } over)
            (_cause, _detail) = (over.Ended ? Cause.Limit : Cause.Exited, over.What);
        var (bytes, digest) = _recorder is { } recorder ? recorder.Result : (0, Convert.ToHexStringLower(SHA256.HashData([])));

        // 6. Make the end durable and say so.
        var end = new EndRecord
        {
            Cause = _cause,
            Detail = _detail,
            ExitCode = exitCode,
            At = goneAt,
            KillAt = _killAt,
            ProcessesFound = _found,
            ProcessesLeft = left,
            RecordingBytes = bytes,
            RecordingSha256 = digest,
            Deadline = _deadline.Wall,
            Cut = _cause == Cause.Exited ? null : _results?.Cut,
            Outputs = [.. _placed.Out?.Collect(_spec.Outputs, _folder.Outputs, cut: _cause != Cause.Exited, _masks) ?? [], .. Kept()],
            Fence = fence,
        };
        try
        {
            _end.Write(end);
        }
        finally
        {
            var answer = "ended " + JsonSerializer.Serialize(end, RunnerJson.Default.EndRecord);
            foreach (var caller in _waiting)
                caller.Send(answer);
        }

        return 0;
    }

    private IEnumerable<OutputRecord> Kept() => _results?.Seal(cut: _cause != Cause.Exited) is { } kept ? [kept] : [];

    private string Reason() => _cause switch
    {
        Cause.Deadline => "its time was over",
        Cause.Disconnected => "the server was not heard for too long",
        Cause.KillOrder or Cause.LocalKill => _detail.Length == 0 ? "on order" : _detail,
        Cause.RecordingFailed => "its output could not be recorded",
        Cause.Violations or Cause.Limit => _detail,
        Cause.None or Cause.Exited or Cause.CouldNotStart or Cause.SupervisorLost => "at its end",
    };

    public void Dispose()
    {
        foreach (var caller in _callers)
            caller.Dispose();
        _listener.Dispose();
        _end.Dispose();
        _recorder?.Dispose();
        _terminal?.Dispose();
        _masks?.Dispose();
        _results?.Dispose();
        _fence.Dispose();
        _placed.Dispose();
        _tree?.Dispose();
        _deadline.Dispose();
        _contactTimer.Dispose();
        _softStop.Dispose();
        _ = Libc.close(_terminate);
    }
}
