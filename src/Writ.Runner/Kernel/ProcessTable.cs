using System.Globalization;

namespace Writ.Runner.Kernel;

/// <summary>What /proc says about processes.</summary>
internal static class ProcessTable
{
    /// <summary>The processes inside this PID namespace (its inode number); -1 where they cannot be counted.</summary>
    public static int CountInNamespace(long inode)
    {
        if (inode == 0)
            return -1;
        try
        {
            return Pids().Count(pid => IsInNamespace(pid, inode) && State(pid) is not ('Z' or 'X' or '\0'));
        }
        catch (IOException)
        {
            return -1;
        }
    }

    /// <summary>True for a process of this PID namespace.</summary>
    public static bool IsInNamespace(int pid, long inode) => ReadLink($"/proc/{pid}/ns/pid") == string.Create(CultureInfo.InvariantCulture, $"pid:[{inode}]");

    /// <summary>The children of a process, by their numbers.</summary>
    public static List<int> ChildrenOf(int parent) => [.. Pids().Where(pid => ParentOf(pid) == parent)];

    /// <summary>The parent's number, or 0.</summary>
    public static int ParentOf(int pid) => Fields(pid) is { Length: > 1 } fields
        ? int.Parse(fields[1], CultureInfo.InvariantCulture) : 0;

    /// <summary>When a process was started, in clock ticks since boot: with its number, its identity. 0 where it is gone.</summary>
    public static long StartOf(int pid) => Fields(pid) is { Length: > 19 } fields
        ? long.Parse(fields[19], CultureInfo.InvariantCulture) : 0;

    /// <summary>The real user of a process; -1 where it is gone.</summary>
    public static long UserOf(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal));
            return long.Parse(line.Split('\t')[1], CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return -1;
        }
    }

    private static char State(int pid) => Fields(pid) is { Length: > 0 } fields ? fields[0][0] : '\0';

    /// <summary>The name of the first child of a PID namespace's first process; null while there is none.</summary>
    public static string? FirstChildName(int pid)
    {
        try
        {
            return FirstChild(pid) is { } child ? File.ReadAllText($"/proc/{child}/comm").TrimEnd('\n') : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The first child of a process; null while there is none.</summary>
    public static int? FirstChild(int pid)
    {
        try
        {
            var children = File.ReadAllText($"/proc/{pid}/task/{pid}/children");
            var space = children.IndexOf(' ', StringComparison.Ordinal);
            return space <= 0 ? null : int.Parse(children.AsSpan(0, space), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>This boot's id: CLOCK_BOOTTIME and process numbers mean nothing in another one.</summary>
    public static string BootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").TrimEnd('\n');

    private static IEnumerable<int> Pids() => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0);

    // The fields after the name, which may itself contain spaces and brackets.
    private static string[]? Fields(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? ReadLink(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false) is { } target ? Path.GetFileName(target.FullName) : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
