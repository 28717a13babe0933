using Microsoft.Win32.SafeHandles;

namespace Writ.Runner.Kernel;

/// <summary>A file without a name, in memory; read from its beginning.</summary>
internal sealed class MemoryFile : IDisposable
{
    private readonly SafeFileHandle _file;

    private MemoryFile(int fd) => _file = new(fd, ownsHandle: true);

    public int Fd => (int)_file.DangerousGetHandle();

    /// <summary>Makes one.</summary>
    /// <param name="name">What /proc calls it.</param>
    /// <param name="content">What is in it.</param>
    public static MemoryFile Of(string name, ReadOnlySpan<byte> content)
    {
        var file = new MemoryFile(Libc.Must(Libc.memfd_create(name, 1 /* MFD_CLOEXEC */), "memfd_create"));
        RandomAccess.Write(file._file, content, 0);
        return file;
    }

    /// <summary>The one that was handed over as this descriptor; its end is this one's.</summary>
    public static MemoryFile HandedOver(int fd) => new(fd);

    /// <summary>Everything that is in it.</summary>
    public byte[] ReadAll()
    {
        var bytes = new byte[RandomAccess.GetLength(_file)];
        var length = RandomAccess.Read(_file, bytes, 0);
        return bytes[..length];
    }

    public void Dispose() => _file.Dispose();
}
