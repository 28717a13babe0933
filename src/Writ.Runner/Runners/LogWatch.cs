using Writ.Contracts.Runners;
using Writ.Proof.Errors;
using Writ.Proof.Log;
using Writ.Runner.Kernel;

namespace Writ.Runner.Runners;

/// <summary>
/// Keeps the newest head of the server's audit log that this runner saw, and holds the server to it at every contact: a
/// server that rewrites its log would have to reach every runner too. A contradiction is said, told to the server, and kept
/// as evidence; while that lies there, no order is obeyed.
/// </summary>
/// <param name="path">The file: the keys that are believed, one a line, an empty line, and the checkpoint.</param>
/// <param name="say">Where it is said.</param>
internal sealed class LogWatch(string path, Action<string> say)
{
    private readonly string _evidence = $"{path}.contradicts";
    private KnownHead? _known = Read(path);

    /// <summary>How many entries were seen.</summary>
    public long Size => _known?.Size ?? 0;

    /// <summary>Why no order is to be obeyed, or null. Only whoever runs this machine can lift it.</summary>
    public Refusal? Distrust => !File.Exists(_evidence) ? null
        : new(ErrorCode.LogHalted, "the server's audit log contradicts what this runner has seen of it", $"find out why; {_evidence}, moved away, lets orders through again");

    /// <summary>Takes what the server shows. It was proved from <see cref="Size"/>, or it says nothing.</summary>
    /// <returns>What to tell the server where it contradicts what was seen; null otherwise.</returns>
    public LogContradiction? Take(LogHead shown)
    {
        var told = new List<NoteKey>();
        foreach (var text in shown.Keys)
        {
            if (NoteKey.Parse(text) is { IsOk: true } key)
                told.Add(key.Value);
        }

        var known = _known ?? new KnownHead(told, null);
        // A proof from elsewhere is of an older question.
        if (shown.From != known.Size && known.Head is not null)
            return null;
        var followed = known.Follow(shown.Checkpoint, shown.Proof, told);
        if (!followed.IsOk)
        {
            if (!File.Exists(_evidence))
                say($"the server's audit log cannot be trusted, and no order is obeyed: {followed.Refusal.Message}; the two checkpoints are {path} and {_evidence}");
            Durable.Write(_evidence, shown.Checkpoint);
            return new() { Why = followed.Refusal.Message, Seen = known.Head?.Note.ToString() ?? "", Shown = shown.Checkpoint };
        }

        if (_known is null || followed.Value.Size > _known.Size || followed.Value.Keys.Count > _known.Keys.Count)
            Durable.Write(path, $"{string.Concat(followed.Value.Keys.Select(key => $"{key}\n"))}\n{followed.Value.Head!.Note}");
        _known = followed.Value;
        return null;
    }

    private static KnownHead? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        var text = File.ReadAllText(path);
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        if (end > 0)
        {
            var keys = text[..end].Split('\n').Select(NoteKey.Parse).ToArray();
            if (keys.All(key => key.IsOk) && Checkpoint.Open(text[(end + 2)..], keys.Select(key => key.Value)) is { IsOk: true } head)
                return new([.. keys.Select(key => key.Value)], head.Value);
        }

        throw new RunnerException($"{path} is damaged: what this runner knew of the server's audit log cannot be read; moved away, it is believed anew");
    }
}
