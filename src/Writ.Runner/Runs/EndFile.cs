using System.Text.Json;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runs;

/// <summary>
/// The file that tells how a run ended. Its room on disk is taken before the run starts, so that a disk which the run's
/// own output filled still holds its end.
/// </summary>
internal sealed class EndFile : IDisposable
{
    private readonly RunFolder _folder;
    private readonly string _reserved;
    private readonly FileStream _file;

    public EndFile(RunFolder folder)
    {
        _folder = folder;
        _reserved = folder.End + ".reserved";
        _file = new(_reserved, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            PreallocationSize = 65536,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    /// <summary>Makes the end durable; the file appears whole or not at all.</summary>
    public void Write(EndRecord end)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(end, RunnerJson.Default.EndRecord);
        _file.Position = 0;
        _file.Write(bytes);
        _file.SetLength(bytes.Length);
        _file.Flush(flushToDisk: true);
        File.Move(_reserved, _folder.End);
        Durable.SyncFolder(_folder.Path);
    }

    public void Dispose() => _file.Dispose();
}
