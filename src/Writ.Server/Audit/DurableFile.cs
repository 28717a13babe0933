namespace Writ.Server.Audit;

/// <summary>Replaces small files whole: after a crash there is the old content or the new one, and nothing between.</summary>
internal static class DurableFile
{
    public static void Replace(string path, string content, UnixFileMode mode)
    {
        var next = $"{path}.{Guid.CreateVersion7():n}";
        try
        {
            using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                file.Write(System.Text.Encoding.UTF8.GetBytes(content));
                file.Flush(flushToDisk: true);
            }

            File.Move(next, path, overwrite: true);
        }
        catch
        {
            File.Delete(next);
            throw;
        }
    }
}
