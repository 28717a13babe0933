namespace Writ.Cli.Files;

/// <summary>
/// Writes a file of the user's as one step: it appears whole, under its name, or not at all. What is there must be a regular
/// file; a link is followed to one, never to anything else.
/// </summary>
internal static class OwnFile
{
    /// <summary>Why nothing can be written there, as far as can be told without writing; null where it can.</summary>
    public static string? Trouble(string path)
    {
        try
        {
            var target = Target(path);
            return Path.GetDirectoryName(Path.GetFullPath(target)) is { } folder && !Directory.Exists(folder) ? $"there is no folder '{folder}'" : null;
        }
        catch (IOException wrong)
        {
            return wrong.Message;
        }
    }

    /// <summary>Writes it.</summary>
    /// <param name="path">Where.</param>
    /// <param name="content">What is in it, or what is added.</param>
    /// <param name="append">True to add to what is there.</param>
    /// <exception cref="IOException">It cannot be written; the message says why in a few words.</exception>
    public static void Write(string path, byte[] content, bool append)
    {
        var target = Path.GetFullPath(Target(path));
        if (!Directory.Exists(Path.GetDirectoryName(target)))
            throw new IOException($"there is no folder '{Path.GetDirectoryName(target)}'");
        var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.writ-{Environment.ProcessId}");
        try
        {
            if (append && File.Exists(target))
            {
                using var end = new FileStream(target, FileMode.Append, FileAccess.Write);
                end.Write(content);
                return;
            }

            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(content);
                if (File.Exists(target))
                    File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(target));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch (UnauthorizedAccessException)
        {
            throw new IOException("permission denied");
        }
        catch (IOException)
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static string Target(string path)
    {
        var found = new FileInfo(path);
        var target = found.LinkTarget is null ? path : found.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        if (Directory.Exists(target))
            throw new IOException("it is a folder");
        if (Native.IsOther(target))
            throw new IOException("it is no regular file");
        if (found.LinkTarget is not null && !File.Exists(target))
            throw new IOException("it is a link to nothing");
        return target;
    }
}
