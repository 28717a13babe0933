using System.Globalization;
using Writ.Runner.Kernel;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// The cgroup v2 of one run, where its memory and processes are counted as a whole (Linux, admin-guide/cgroup-v2). The kernel ends the
/// whole run, not one process of it, when the memory is over; a fork over the limit fails.
/// </summary>
internal sealed class RunCgroup : IDisposable
{
    /// <summary>Bubblewrap's two processes and setpriv's, which is the tool's later.</summary>
    private const int Own = 3;
    private readonly string _path;
    private readonly string _back;
    private readonly RunLimits _limits;

    private RunCgroup(string path, string back, RunLimits limits) => (_path, _back, _limits) = (path, back, limits);

    /// <summary>Makes the cgroup of a run.</summary>
    /// <param name="parent">Where cgroups of runs go (<see cref="CgroupHome"/>).</param>
    /// <param name="name">The run's id.</param>
    /// <param name="back">The cgroup of this process.</param>
    /// <param name="limits">What is held.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static RunCgroup Make(string parent, string name, string back, RunLimits limits)
    {
        var path = Path.Combine(parent, name);
        Directory.CreateDirectory(path);
        var cgroup = new RunCgroup(path, back, limits);
        cgroup.Write("memory.max", limits.MemoryBytes);
        // Else what the limit takes from memory would go on in the swap.
        if (File.Exists(Path.Combine(path, "memory.swap.max")))
            cgroup.Write("memory.swap.max", 0);
        cgroup.Write("memory.oom.group", 1);
        return cgroup;
    }

    /// <summary>
    /// Does something from inside, so that what it starts is there from its first moment, and comes back. Processes are limited
    /// after that, as this process's own threads do not count.
    /// </summary>
    public T Inside<T>(Func<T> start)
    {
        Enter(_path);
        try
        {
            return start();
        }
        finally
        {
            Enter(_back);
            Write("pids.max", _limits.Processes + Own);
        }
    }

    /// <summary>Ends every process in it, where the kernel can (5.14).</summary>
    public void Kill()
    {
        try
        {
            if (File.Exists(Path.Combine(_path, "cgroup.kill")))
                Write("cgroup.kill", 1);
        }
        catch (IOException)
        {
            // The PID namespace ends them as well, and whoever is left is counted.
        }
    }

    /// <summary>The numbers of the processes in it.</summary>
    public IReadOnlySet<int> Processes() => ProcessesOf(_path);

    /// <summary>The numbers of the processes in a cgroup; none where there is no such cgroup.</summary>
    public static IReadOnlySet<int> ProcessesOf(string? path)
    {
        try
        {
            return path is null ? new HashSet<int>() : File.ReadLines(Path.Combine(path, "cgroup.procs")).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet();
        }
        catch (IOException)
        {
            return new HashSet<int>();
        }
    }

    /// <summary>What the limits stopped, or null for nothing. <c>Ended</c> is true where the kernel ended the run for it.</summary>
    public (bool Ended, string What)? Exceeded() => Count("memory.events", "oom_kill") > 0
        ? (true, string.Create(CultureInfo.InvariantCulture, $"it took more than {_limits.MemoryBytes >> 20} MiB of memory"))
        : Count("pids.events", "max") > 0 ? (false, string.Create(CultureInfo.InvariantCulture, $"it was refused more than {_limits.Processes} processes")) : null;

    private long Count(string file, string word)
    {
        var path = Path.Combine(_path, file);
        return !File.Exists(path) ? 0 : File.ReadLines(path).Select(line => line.Split(' ')).Where(words => words is [var name, _] && name == word)
            .Select(words => long.Parse(words[1], CultureInfo.InvariantCulture)).FirstOrDefault();
    }

    private static void Enter(string path) => File.WriteAllText(Path.Combine(path, "cgroup.procs"), "0");

    private void Write(string file, long value) => File.WriteAllText(Path.Combine(_path, file), value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Removes it; what still lives there keeps it, and the next start of the daemon removes it.</summary>
    public void Dispose() => CgroupHome.Remove(_path);
}
