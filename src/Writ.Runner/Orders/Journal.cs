using System.Text.Json;
using Writ.Proof;
using Writ.Runner.Kernel;

namespace Writ.Runner.Orders;

/// <summary>A line of the journal.</summary>
/// <param name="At">When, as RFC 3339.</param>
/// <param name="Event">What: serving, accepted, refused, extended, kill, ended, forgotten, link.</param>
/// <param name="Run">Which run, or null.</param>
/// <param name="Code">The refusal's code or the end's cause.</param>
/// <param name="Detail">Reason, message or argv.</param>
internal sealed record JournalEntry(string At, string Event, string? Run = null, string? Code = null, string? Detail = null);

/// <summary>
/// What this runner obeyed, refused and ended, on its own disk: it tells the story even where no server can be reached.
/// Append-only; each line is one write.
/// </summary>
internal sealed class Journal(string path, TimeProvider time) : IDisposable
{
    private readonly FileStream _file = Durable.OpenAppend(path);

    /// <summary>Writes a line about what gives a right.</summary>
    /// <exception cref="IOException">It could not be written: what it is about must not happen.</exception>
    public void Write(string what, string? run = null, string? code = null, string? detail = null)
    {
        var entry = new JournalEntry(time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", null), what, run, code, detail);
        var line = JsonSerializer.SerializeToUtf8Bytes(entry, RunnerJson.Default.JournalEntry);
        lock (_file)
            _file.Write([.. line, (byte)'\n']);
    }

    /// <summary>Writes a line about what takes a right away: it happens whether or not the disk takes the line.</summary>
    public void TryWrite(string what, string? run = null, string? code = null, string? detail = null)
    {
        try
        {
            Write(what, run, code, detail);
        }
        catch (IOException)
        {
            // The kill is worth more than its line; the end is told to the server too.
        }
    }

    public void Dispose() => _file.Dispose();
}
