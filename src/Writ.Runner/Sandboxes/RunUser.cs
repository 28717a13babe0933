using System.Globalization;
using Writ.Runner.Kernel;

namespace Writ.Runner.Sandboxes;

/// <summary>
/// A user of the host's that is nobody else: a number out of a range, held until this is disposed or its process dies. Every
/// runner of the host takes its numbers by locks on one file, so that no two live runs share one.
/// </summary>
internal sealed unsafe class RunUser : IDisposable
{
    /// <summary>Above what distributions, containers and systemd give out (systemd's UIDS-GIDS).</summary>
    public const string DefaultRange = "2000000000-2000001023";

    /// <summary>Below it are the users of people, services and containers.</summary>
    public const uint Lowest = 65_536;

    private const string Locks = "/run/writ-runner.users";
    private const int SetOpenFileLock = 37;
    private int _fd;

    private RunUser(uint id, int fd) => (Id, _fd) = (id, fd);

    /// <summary>Its number, as user and as group.</summary>
    public uint Id { get; }

    /// <summary>Takes a number that nobody holds, from anywhere in the range, so that one that was just left is seldom the next.</summary>
    /// <exception cref="RunnerException">All are held, or there is no such range.</exception>
    public static RunUser Take(string range)
    {
        if (!TryParse(range, out var first, out var last))
            throw new RunnerException($"'{range}' is no range of users");
        var fd = Libc.Must(Libc.open(Locks, Libc.ORdWr | Libc.OCreate | Libc.ONoFollow | Libc.OCloexec, 0x180 /* 0600 */), Locks);
        var count = last - first + 1;
        var begin = (uint)Random.Shared.NextInt64(count);
        for (uint tried = 0; tried < count; tried++)
        {
            var id = first + (uint)((begin + (ulong)tried) % count);
            if (TryLock(fd, id))
                return new(id, fd);
        }

        _ = Libc.close(fd);
        throw new RunnerException($"each of the users {range} has a run", "run_users in runner.json names more");
    }

    /// <summary>Reads a range such as <c>2000000000-2000001023</c>.</summary>
    public static bool TryParse(string range, out uint first, out uint last)
    {
        (first, last) = (0, 0);
        return range.Split('-') is [var low, var high]
            && uint.TryParse(low, NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && uint.TryParse(high, NumberStyles.None, CultureInfo.InvariantCulture, out last)
            && first >= Lowest && first <= last && last < int.MaxValue;
    }

    // A lock of the open file, not of the process: it goes with the descriptor alone.
    private static bool TryLock(int fd, uint id)
    {
        // struct flock: type 0, whence 2, start 8, length 16, process 24.
        var range = stackalloc byte[32];
        new Span<byte>(range, 32).Clear();
        *(short*)range = 1;
        *(long*)(range + 8) = id;
        *(long*)(range + 16) = 1;
        return Libc.fcntl(fd, SetOpenFileLock, (nint)range) == 0;
    }

    public void Dispose()
    {
        if (_fd >= 0)
            _ = Libc.close(_fd);
        _fd = -1;
    }
}
