namespace Writ.Runner.Kernel;

/// <summary>The network namespace in which tools run.</summary>
internal static class NetworkNamespace
{
    /// <summary>Where iproute2 keeps the named ones.</summary>
    public static string PathOf(string name) => Path.Combine("/run/netns", name);

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
