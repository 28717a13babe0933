using System.Text;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// Tells at once when a run's folder changes (inotify) or its supervisor is gone (pidfd). One thread, asleep while
/// nothing happens.
/// </summary>
internal sealed unsafe class FolderWatch : IDisposable
{
    private const uint Modified = 2, MovedTo = 0x80, Created = 0x100;
    private readonly int _inotify = Libc.Must(Libc.inotify_init1(Libc.OCloexec | Libc.ONonblock), "inotify_init1");
    private readonly int _wake = Libc.Must(Libc.eventfd(0, Libc.OCloexec | Libc.ONonblock), "eventfd");
    private readonly Dictionary<int, LiveRun> _folders = [];
    private readonly Dictionary<int, LiveRun> _supervisors = [];
    private readonly Action<LiveRun, string> _changed;
    private readonly Action<LiveRun> _gone;
    private volatile bool _stop;

    /// <param name="changed">A file of this name was made, grew or came into place.</param>
    /// <param name="gone">The supervisor is gone.</param>
    public FolderWatch(Action<LiveRun, string> changed, Action<LiveRun> gone)
    {
        (_changed, _gone) = (changed, gone);
        new Thread(Work) { IsBackground = true, Name = "folder watch" }.Start();
    }

    /// <summary>Watches a run's folder from now on.</summary>
    public void AddFolder(LiveRun run)
    {
        lock (_folders)
            _folders[Libc.Must(Libc.inotify_add_watch(_inotify, run.Folder.Path, Modified | MovedTo | Created), run.Folder.Path)] = run;
    }

    /// <summary>Watches a run's supervisor from now on.</summary>
    public void AddSupervisor(LiveRun run, ChildProcess supervisor)
    {
        lock (_folders)
            _supervisors[supervisor.Fd] = run;
        Signal();
    }

    /// <summary>Forgets a run.</summary>
    public void Remove(LiveRun run)
    {
        lock (_folders)
        {
            foreach (var watch in _folders.Where(pair => pair.Value == run).Select(pair => pair.Key).ToList())
            {
                _folders.Remove(watch);
                _ = Libc.inotify_rm_watch(_inotify, watch);
            }

            foreach (var fd in _supervisors.Where(pair => pair.Value == run).Select(pair => pair.Key).ToList())
                _supervisors.Remove(fd);
        }
    }

    private void Signal()
    {
        long one = 1;
        _ = Libc.write(_wake, (byte*)&one, 8);
    }

    private void Work()
    {
        var buffer = stackalloc byte[16384];
        while (!_stop)
        {
            Libc.PollFd[] polls;
            lock (_folders)
                polls = [new() { Fd = _inotify, Events = Libc.PollIn }, new() { Fd = _wake, Events = Libc.PollIn },
                    .. _supervisors.Keys.Select(fd => new Libc.PollFd { Fd = fd, Events = Libc.PollIn })];
            fixed (Libc.PollFd* start = polls)
                _ = Libc.poll(start, (nuint)polls.Length, -1);
            if (polls[1].Ready != 0)
                _ = Libc.read(_wake, buffer, 8);
            if (polls[0].Ready != 0)
                ReadEvents(buffer, (int)Libc.read(_inotify, buffer, 16384));
            foreach (var ready in polls.Skip(2).Where(poll => poll.Ready != 0))
            {
                LiveRun? run;
                lock (_folders)
                    _supervisors.Remove(ready.Fd, out run);
                if (run is not null)
                    _gone(run);
            }
        }
    }

    // struct inotify_event: watch, mask, cookie, length of the name, name.
    private void ReadEvents(byte* buffer, int length)
    {
        for (var at = 0; at + 16 <= length;)
        {
            var watch = *(int*)(buffer + at);
            var nameLength = *(int*)(buffer + at + 12);
            var name = Encoding.UTF8.GetString(buffer + at + 16, nameLength).TrimEnd('\0');
            at += 16 + nameLength;
            LiveRun? run;
            lock (_folders)
                _folders.TryGetValue(watch, out run);
            if (run is not null)
                _changed(run, name);
        }
    }

    public void Dispose()
    {
        _stop = true;
        Signal();
    }
}
