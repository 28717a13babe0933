namespace Writ.Runner.Sandboxes;

/// <summary>
/// The part of the cgroup v2 hierarchy that is this runner's: the cgroup that the daemon was started in, where it may be
/// divided. The daemon and the supervisors of runs move into one child, each run gets another. Under systemd that is a
/// service with <c>Delegate=memory pids</c>.
/// </summary>
internal static class CgroupHome
{
    private const string Daemon = "daemon", Runs = "run_*";

    /// <summary>Divides it.</summary>
    /// <param name="why">Why there is none.</param>
    /// <returns>Where the cgroups of runs go, or null for none.</returns>
    public static string? Raise(out string why)
    {
        var (mount, own) = (Mount(File.ReadLines("/proc/self/mountinfo")), Own());
        if (mount is null || own is null)
        {
            why = "there is no cgroup v2";
            return null;
        }

        return Divide(mount + own.TrimEnd('/'), out why);
    }

    /// <summary>The cgroup of this process, as a path of the file system.</summary>
    public static string? Current() => Mount(File.ReadLines("/proc/self/mountinfo")) is { } mount && Own() is { } own ? mount + own.TrimEnd('/') : null;

    internal static string? Divide(string home, out string why)
    {
        var child = Path.Combine(home, Daemon);
        try
        {
            var counted = File.ReadAllText(Path.Combine(home, "cgroup.controllers")).Split([' ', '\n']);
            if (!counted.Contains("memory") || !counted.Contains("pids"))
            {
                why = $"{home} counts neither memory nor processes";
                return null;
            }

            Directory.CreateDirectory(child);
            File.WriteAllText(Path.Combine(child, "cgroup.procs"), "0");
            File.WriteAllText(Path.Combine(home, "cgroup.subtree_control"), "+memory +pids");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            why = $"{home} cannot be divided: {failed.Message}";
            Back(home, child);
            return null;
        }

        foreach (var left in Directory.EnumerateDirectories(home, Runs))
            Remove(left);
        why = "";
        return home;
    }

    /// <summary>Removes a cgroup; one in which something lives stays.</summary>
    public static void Remove(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            // The next start of the daemon tries again.
        }
    }

    private static void Back(string home, string child)
    {
        try
        {
            File.WriteAllText(Path.Combine(home, "cgroup.procs"), "0");
            Directory.Delete(child);
        }
        catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
        {
            // Why it could not be divided is told by the caller; a child too many holds nothing.
        }
    }

    // 35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw
    internal static string? Mount(IEnumerable<string> mountinfo) => mountinfo.Where(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal))
        .Select(line => line.Split(' ')[4]).FirstOrDefault();

    private static string? Own() => File.ReadLines("/proc/self/cgroup").Where(line => line.StartsWith("0::", StringComparison.Ordinal)).Select(line => line[3..]).FirstOrDefault();
}
