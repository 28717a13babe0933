using System.Globalization;

namespace Writ.Runner.Kernel;

/// <summary>What /proc says about processes.</summary>
internal static class ProcessTable
{
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

    /// <summary>
    /// A process and all below it, as far as they can be counted in so much time (microseconds): at the moment of a kill nothing is waited for.
    /// </summary>
    public static int CountTree(int pid, long patience)
    {
        var (until, waiting, count) = (Clock.Boot() + patience, new Queue<int>([pid]), 0);
        while (Clock.Boot() < until && waiting.TryDequeue(out var next))
        {
            if (State(next) is 'Z' or 'X' or '\0')
                continue;
            count++;
            foreach (var child in ChildrenOfThreads(next))
                waiting.Enqueue(child);
        }

        return count + waiting.Count;
    }

    private static List<int> ChildrenOfThreads(int pid)
    {
        try
        {
            return [.. Directory.EnumerateDirectories($"/proc/{pid}/task").SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children"))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// Everybody but this process who is of a run by any of these marks, zombies aside: in its PID namespace or its network namespace (inode
    /// numbers), of its user, one of these numbers, or a child of this process. -1 where they cannot be counted; a mark that is 0 or null is none.
    /// </summary>
    public static int CountOf(long pidNamespace, long networkNamespace, long user, IReadOnlySet<int> numbers)
    {
        try
        {
            return Pids().Where(pid => pid != Environment.ProcessId).Count(pid => (numbers.Contains(pid) || ParentOf(pid) == Environment.ProcessId
                    || (pidNamespace != 0 && IsInNamespace(pid, pidNamespace)) || (networkNamespace != 0 && NetworkNamespaceOf(pid) == networkNamespace)
                    || (user > 0 && UserOf(pid) == user))
                && State(pid) is not ('Z' or 'X' or '\0'));
        }
        catch (IOException)
        {
            return -1;
        }
    }

    /// <summary>The inode number of the calling thread's network namespace.</summary>
    public static long OwnNetworkNamespace() => NetworkNamespaceAt("/proc/thread-self/ns/net");

    // 0 where the process is gone.
    private static long NetworkNamespaceOf(int pid) => NetworkNamespaceAt($"/proc/{pid}/ns/net");

    private static long NetworkNamespaceAt(string path) => ReadLink(path) is { } link && link.StartsWith("net:[", StringComparison.Ordinal)
        ? long.Parse(link.AsSpan(5, link.Length - 6), CultureInfo.InvariantCulture) : 0;

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
