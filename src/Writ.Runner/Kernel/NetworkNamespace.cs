namespace Writ.Runner.Kernel;

/// <summary>The network namespaces of this host.</summary>
internal static class NetworkNamespace
{
    /// <summary>Where iproute2 keeps the named ones.</summary>
    public const string Folder = "/run/netns";

    /// <summary>The path of a named one.</summary>
    public static string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Does something on a thread inside the namespace, and waits for it; where none is named, right here.</summary>
    public static void In(string? name, Action action)
    {
        if (name is null)
        {
            action();
            return;
        }

        Exception? failed = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(name);
                action();
            }
            catch (Exception failure)
            {
                failed = failure;
            }
        }) { Name = name };
        thread.Start();
        thread.Join();
        if (failed is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failed);
    }

    /// <summary>The inode number of a named one, as /proc tells it of processes; 0 where there is no such namespace.</summary>
    public static long NumberOf(string name)
    {
        var number = 0L;
        try
        {
            In(name, () => number = ProcessTable.OwnNetworkNamespace());
        }
        catch (IOException)
        {
            // It is not there any more, and so nobody is in it by this name.
        }

        return number;
    }

    /// <summary>Moves the calling thread, and what it starts from now on, into the namespace.</summary>
    public static void Enter(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal) || name is "." or ".." or "")
            throw new RunnerException($"'{name}' is no name of a network namespace");
        var fd = Libc.Must(Libc.open(PathOf(name), Libc.OReadOnly | Libc.OCloexec, 0), $"network namespace {name}");
        try
        {
            Libc.Must(Libc.setns(fd, Libc.CloneNewNet), $"network namespace {name}");
        }
        finally
        {
            _ = Libc.close(fd);
        }
    }
}
