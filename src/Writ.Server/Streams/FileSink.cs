namespace Writ.Server.Streams;

/// <summary>
/// Lines at the end of a file, on the disk before they count. The file is opened for each batch, so that it can be rotated by
/// renaming it. A line that a crash cut stays as it is; the whole event follows on the next one.
/// </summary>
internal sealed class FileSink(string path) : IEventSink
{
    public long? Confirmed { get; private set; }

    public async Task Send(IReadOnlyList<StreamEvent> events, CancellationToken cancel)
    {
        try
        {
            await using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            var end = file.Length;
            using var lines = new MemoryStream();
            if (end > 0)
            {
                file.Position = end - 1;
                if (file.ReadByte() != '\n')
                    lines.WriteByte((byte)'\n');
            }

            foreach (var happened in events)
            {
                lines.Write(happened.Json);
                lines.WriteByte((byte)'\n');
            }

            file.Position = end;
            await file.WriteAsync(lines.GetBuffer().AsMemory(0, (int)lines.Length), cancel);
            file.Flush(flushToDisk: true);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new IOException(denied.Message, denied);
        }

        Confirmed = events[^1].Position;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
