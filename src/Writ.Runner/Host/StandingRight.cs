using Writ.Runner.Kernel;

namespace Writ.Runner.Host;

/// <summary>A right that was found, and how it is taken away.</summary>
/// <param name="Kind"><c>sudo</c>, <c>doas</c>, <c>capability</c>, <c>setuid</c>, <c>copy</c>, <c>group</c> or <c>route</c>.</param>
/// <param name="Where">A file with its line, a file, a group with its member, a network.</param>
/// <param name="What">What it lets whom do, in one line.</param>
/// <param name="Remedy">The exact way to take it away, as a person would do it.</param>
/// <param name="Remove">Does so; null where it needs a person, as it would take more away than the right.</param>
internal sealed record StandingRight(string Kind, string Where, string What, string Remedy, Action? Remove);

/// <summary>Where it is looked: the whole host, or a folder that stands for one.</summary>
internal sealed record HostRoot(string Folder)
{
    /// <summary>True for the host itself.</summary>
    public bool IsHost => Folder == "/";

    /// <summary>Where a path of the host is.</summary>
    public string In(string path) => IsHost ? path : Path.Combine(Folder, path.TrimStart('/'));

    /// <summary>What the host calls a path.</summary>
    public string Named(string path) => IsHost ? path : "/" + Path.GetRelativePath(Folder, path);

    /// <summary>The lines of a file; none where it is not there.</summary>
    public IReadOnlyList<string> Lines(string path)
    {
        try
        {
            return File.ReadAllLines(In(path));
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Changes a file of the system in one step, keeping its owner and mode; what cannot be checked is not put in place.</summary>
    public void Rewrite(string path, IEnumerable<string> lines, Action<string>? check = null)
    {
        var (file, temporary) = (In(path), In(path) + ".writ~");
        File.Copy(file, temporary, overwrite: true);
        try
        {
            var mode = File.GetUnixFileMode(file);
            File.SetUnixFileMode(temporary, mode | UnixFileMode.UserWrite);
            File.WriteAllLines(temporary, lines);
            var (user, group) = FileMark.OwnerOf(file);
            Libc.Must(Libc.chown(temporary, user, group), temporary);
            // After the owner, since changing that takes set-id bits away.
            File.SetUnixFileMode(temporary, mode);
            check?.Invoke(temporary);
            File.Move(temporary, file, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
