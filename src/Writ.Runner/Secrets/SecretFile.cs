using Writ.Runner.Kernel;

namespace Writ.Runner.Secrets;

/// <summary>Files that hold secrets.</summary>
internal static class SecretFile
{
    private const UnixFileMode Forbidden = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;

    /// <summary>Reads one.</summary>
    /// <exception cref="RunnerException">It is not there, not a file, too long, or open to others.</exception>
    public static SecretBytes Read(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            if (!FileMark.IsRegular((int)file.DangerousGetHandle()))
                throw new RunnerException($"{path} is no file");
            if ((File.GetUnixFileMode(file) & Forbidden) != 0)
                throw new RunnerException($"{path} is open to others", $"chmod 0600 {path}");
            if (RandomAccess.GetLength(file) is var length && length > SecretBytes.Most)
                throw new RunnerException($"{path} is longer than {SecretBytes.Most >> 10} KiB");
            return SecretBytes.Of((int)length, into => RandomAccess.Read(file, into.Span, 0));
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RunnerException($"there is no {path}");
        }
        catch (UnauthorizedAccessException)
        {
            throw new RunnerException($"{path} may not be read by the runner");
        }
        catch (IOException failed)
        {
            throw new RunnerException($"{path} cannot be read: {failed.Message}");
        }
    }
}
