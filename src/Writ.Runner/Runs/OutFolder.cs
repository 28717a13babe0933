using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Writ.Proof.Statements;
using Writ.Runner.Kernel;
using Writ.Runner.Recordings;

namespace Writ.Runner.Runs;

/// <summary>
/// The run's own folder for what it writes: memory of a bounded size, mounted where only the supervisor and the sandbox see
/// it, so that nothing that a run writes is ever a path of the host. Members are called on the supervisor's one thread.
/// </summary>
internal sealed class OutFolder
{
    /// <summary>More than the most outputs, since tools write under another name first.</summary>
    private const int MostFiles = 256;

    private readonly long _capacity;

    private OutFolder(string path, long capacity) => (Path, _capacity) = (path, capacity);

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    /// <summary>Mounts it in the mount namespace of the calling thread, for this user.</summary>
    public static OutFolder Mount(string path, long bytes, uint user)
    {
        Durable.Folder(path);
        MountNamespace.MountMemory(path, bytes, MostFiles, user);
        return new(path, bytes);
    }

    /// <summary>
    /// Copies what there is of the files that are handed back to a folder on disk, after the run's last process is gone. A
    /// link, a pipe or a device that stands in a file's place is passed over; so is everything that was not asked for. A file of
    /// holes, which may say that it is longer than the whole folder, is cut at the folder's size. Secrets are masked, as they are in the recording.
    /// </summary>
    public IReadOnlyList<OutputRecord> Collect(IReadOnlyList<string> outputs, string to, bool cut, Masks? masks)
    {
        var full = new DriveInfo(Path).AvailableFreeSpace == 0;
        var found = new List<OutputRecord>();
        foreach (var output in outputs)
        {
            var name = output[SandboxTerms.Out.Length..];
            using var source = Open(name);
            if (source is null)
                continue;
            try
            {
                Durable.Folder(to);
                using var copy = File.Open(System.IO.Path.Combine(to, name), new FileStreamOptions
                {
                    Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
                found.Add(Copy(source, copy, output, cut || full, _capacity, masks));
            }
            catch (IOException)
            {
                // The disk is full: the run's end is worth more than its files, and says which of them there are.
                File.Delete(System.IO.Path.Combine(to, name));
            }
        }

        return found;
    }

    private static OutputRecord Copy(SafeFileHandle source, FileStream copy, string output, bool cut, long most, Masks? masks)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        using var masker = masks is null ? null : new Masker(masks);
        long read = 0;
        for (int length; (length = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, most - read)), read)) > 0; read += length)
        {
            if (masker is null)
                Keep(buffer.AsSpan(0, length));
            else
                masker.Take(buffer.AsSpan(0, length), Keep);
        }

        masker?.Finish(Keep);
        copy.Flush(flushToDisk: true);
        return new(output, copy.Length, Convert.ToHexStringLower(hash.GetHashAndReset()), cut || RandomAccess.GetLength(source) > read);

        void Keep(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            copy.Write(bytes);
        }
    }

    /// <summary>A file in it; null where there is none of this name, or something else.</summary>
    public SafeFileHandle? Open(string name)
    {
        var fd = Libc.open(System.IO.Path.Combine(Path, name), Libc.OReadOnly | Libc.ONoFollow | Libc.ONonblock | Libc.OCloexec, 0);
        if (fd < 0)
            return null;
        var handle = new SafeFileHandle(fd, ownsHandle: true);
        if (FileMark.IsRegular(fd))
            return handle;
        handle.Dispose();
        return null;
    }
}
