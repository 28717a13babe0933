using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Writ.Runner.Kernel;

/// <summary>Files that are either there whole or not at all, also after a power cut. Mode 0600, folders 0700.</summary>
internal static class Durable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a folder that only its owner can enter.</summary>
    public static void Folder(string path) => Directory.CreateDirectory(path, Owner | UnixFileMode.UserExecute);

    /// <summary>Writes a file under another name, then renames it into place.</summary>
    /// <param name="path">Where it goes.</param>
    /// <param name="content">What is in it.</param>
    /// <param name="flush">Whether it must survive a power cut.</param>
    public static void Write(string path, ReadOnlySpan<byte> content, bool flush = true)
    {
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = Owner,
            BufferSize = 0,
        }))
        {
            file.Write(content);
            if (flush)
                file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
        if (flush)
            SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, bool)"/>
    public static void Write(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    /// <summary>A file for appending whole lines; each write goes to its end, whoever else writes.</summary>
    public static FileStream OpenAppend(string path)
    {
        // FileMode.Append only seeks to the end once; two processes would write over each other's lines.
        var fd = Libc.Must(Libc.open(path, Libc.OWriteOnly | Libc.OCreate | Libc.OAppend | Libc.OCloexec, 0x180 /* 0600 */), path);
        return new(new SafeFileHandle(fd, ownsHandle: true), FileAccess.Write, bufferSize: 0);
    }

    /// <summary>Makes the names in a folder durable.</summary>
    public static void SyncFolder(string path)
    {
        var fd = Libc.Must(Libc.open(path, Libc.OReadOnly | Libc.ODirectory | Libc.OCloexec, 0), path);
        _ = Libc.fsync(fd);
        _ = Libc.close(fd);
    }
}
