using System.Globalization;
using System.Text;

namespace Writ.Runner.Kernel;

/// <summary>What tells a file from its changed self without reading it.</summary>
internal static class FileMark
{
    /// <summary>Device, inode, size, and times of change, as the kernel keeps them; null where there is no such file.</summary>
    public static unsafe string? Of(string path)
    {
        // struct statx: size at 40, inode at 32, ctime at 96, mtime at 112, device at 136.
        var buffer = stackalloc byte[256];
        var name = Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* start = name)
        {
            if (Libc.statx(-100, start, 0, 0x7ff, buffer) != 0)
                return null;
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"{*(uint*)(buffer + 136)}:{*(uint*)(buffer + 140)} {*(ulong*)(buffer + 32)} {*(ulong*)(buffer + 40)} {*(long*)(buffer + 96)}.{*(uint*)(buffer + 104)} {*(long*)(buffer + 112)}.{*(uint*)(buffer + 120)}");
    }

    /// <summary>The user and the group that a file belongs to.</summary>
    /// <exception cref="IOException">There is no such file.</exception>
    public static unsafe (uint User, uint Group) OwnerOf(string path)
    {
        // struct statx: user at 20, group at 24.
        var buffer = stackalloc byte[256];
        var name = Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* start = name)
            Libc.Must(Libc.statx(-100, start, 0, 0x18 /* STATX_UID | STATX_GID */, buffer), path);
        return (*(uint*)(buffer + 20), *(uint*)(buffer + 24));
    }

    /// <summary>True for a path that names a regular file, and no link.</summary>
    public static unsafe bool IsRegular(string path)
    {
        // AT_SYMLINK_NOFOLLOW; mode at 28.
        var buffer = stackalloc byte[256];
        var name = Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* start = name)
            return Libc.statx(-100, start, 0x100, 1, buffer) == 0 && (*(ushort*)(buffer + 28) & 0xf000) == 0x8000;
    }

    /// <summary>True for an open regular file: no link, pipe, device or folder.</summary>
    public static unsafe bool IsRegular(int fd)
    {
        // AT_EMPTY_PATH; mode at 28, of which the highest four bits are the kind.
        var buffer = stackalloc byte[256];
        byte nothing = 0;
        return Libc.statx(fd, &nothing, 0x1000, 1, buffer) == 0 && (*(ushort*)(buffer + 28) & 0xf000) == 0x8000;
    }
}
