using Writ.Cli.Output;
using Writ.Cli.Server;
using Writ.Contracts;
using Writ.Contracts.Audit;
using Writ.Proof.Log;

namespace Writ.Cli.Audit;

/// <summary>What a contact with a server's log gave.</summary>
/// <param name="Head">The newest checkpoint; its signature holds, and it begins with all that was known.</param>
/// <param name="Keys">The log's keys that are believed now.</param>
/// <param name="Before">What was known before, or null at the first contact.</param>
internal sealed record LogContact(SignedCheckpoint Head, IReadOnlyList<NoteKey> Keys, KnownLog? Before)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Asks the server for its newest checkpoint, checks that it begins with everything that was seen of it before, and
    /// keeps it. Keys are believed as pinned (<c>WRIT_LOG_KEY</c>), else as known, else as told at the first contact; a new
    /// key is believed when an old one has signed the checkpoint beside it.
    /// </summary>
    /// <exception cref="Stop">The log contradicts what was seen.</exception>
    public static async Task<LogContact> Make(CliContext context, CancellationToken cancel)
    {
        var server = context.Server;
        var memory = LogMemory.Of(context);
        var before = memory?.Read(server.Address);
        var known = before?.Checkpoint is { } text ? Open(text, Parse(before.Keys)) : null;
        var told = await Ask(server, known?.Head.Size ?? 0, known, memory, cancel);
        var pinned = context.Variable("WRIT_LOG_KEY") is { } pin ? Parse([pin]) : null;
        var trusted = pinned ?? (before is { Keys.Count: > 0 } ? Parse(before.Keys) : Parse(told.Keys));
        var head = Checkpoint.Open(told.Checkpoint, trusted);
        if (!head.IsOk)
        {
            var kept = memory?.Keep(server.Address, told.Checkpoint);
            throw new LogContradiction($"the server's audit log is not the one that is known here: {head.Refusal.Message}",
                kept is null ? "ask its operator"
                : $"what it shows is kept in {kept}; where the server was made anew, remove {memory!.PathOf(server.Address)}");
        }

        if (known is not null && !Follows(known.Head, head.Value.Head, told.Proof))
            throw Contradiction(server, memory, known.Head, told.Checkpoint, $"its first {known.Head.Size} entries are not those that it showed before");
        // A new key is believed where its signature stands beside one of a key that was believed already.
        var keys = trusted.Union(Parse(told.Keys).Where(key => key.Name == head.Value.Head.Origin
            && head.Value.Note.Signers([key]) is { IsOk: true, Value.Count: 1 })).ToArray();
        memory?.Write(server.Address, new(server.Address.Text, [.. keys.Select(key => key.ToString())], told.Checkpoint, context.Now));
        return new(head.Value, keys, before);
    }

    /// <summary>
    /// The check of every contact, after the verb has done its work: a contradiction is said, whatever the verb was.
    /// </summary>
    /// <returns>False where the log contradicts what was seen.</returns>
    public static async Task<bool> AfterVerb(CliContext context, bool verbSucceeded)
    {
        if (!context.WasInContact || LogMemory.Of(context) is null)
            return true;
        try
        {
            using var limit = new CancellationTokenSource(Patience, context.Time);
            await Make(context, limit.Token);
            return true;
        }
        catch (Stop contradiction) when (contradiction is LogContradiction)
        {
            context.Terminal.Say($"writ: {Printable.Line(contradiction.Line!)}");
            if (contradiction.Hint is { } hint)
                context.Terminal.Say($"hint: {Printable.Line(hint)}");
            return false;
        }
        catch (Exception unknown) when (unknown is Stop or HttpRequestException or OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            // The verb's own result stands; but silence must not hide a log that can be checked no more.
            if (verbSucceeded)
                context.Terminal.Say($"writ: the audit log could not be checked: {Printable.Line(unknown.Message)}");
            return true;
        }
    }

    private static async Task<ConsistencyView> Ask(WritServer server, long from, SignedCheckpoint? known, LogMemory? memory, CancellationToken cancel)
    {
        var answer = await server.GetAsync($"/v1/log/consistency?from={from}", WritJson.Default.ConsistencyView, cancel);
        if (known is null || answer.Problem is not { Status: 404 })
            return answer.Value;
        var now = (await server.GetAsync("/v1/log", WritJson.Default.LogView, cancel)).Value;
        throw Contradiction(server, memory, known.Head, now.Checkpoint, $"it showed {known.Head.Size} entries before, and has fewer now: its tail was cut off");
    }

    private static LogContradiction Contradiction(WritServer server, LogMemory? memory, Checkpoint known, string now, string what)
    {
        var kept = memory?.Keep(server.Address, now);
        return new($"the server's audit log contradicts itself: {what} (log {known.Origin})",
            kept is null ? null : $"the two checkpoints are evidence: {memory!.PathOf(server.Address)} and {kept}");
    }

    private static bool Follows(Checkpoint older, Checkpoint newer, IReadOnlyList<string> proof)
    {
        if (older.Origin != newer.Origin)
            return false;
        if (older.Size == 0)
            return true;
        var hashes = new List<LogHash>();
        foreach (var text in proof)
        {
            if (!LogHash.TryParse(text, out var hash))
                return false;
            hashes.Add(hash);
        }

        return MerkleProof.IsConsistent(older.Size, newer.Size, older.Root, newer.Root, hashes);
    }

    private static SignedCheckpoint Open(string note, IReadOnlyList<NoteKey> keys)
    {
        var opened = Checkpoint.Open(note, keys);
        return opened.IsOk ? opened.Value : throw new Stop(ExitCode.Failed, $"what this computer knew of the server's log is damaged: {opened.Refusal.Message}");
    }

    internal static IReadOnlyList<NoteKey> Parse(IEnumerable<string> keys) => [.. keys.Select(text =>
    {
        var key = NoteKey.Parse(text);
        return key.IsOk ? key.Value : throw new Stop(ExitCode.Failed, key.Refusal.Message, key.Refusal.Hint);
    })];
}

/// <summary>What a server shows contradicts what it showed before.</summary>
internal sealed class LogContradiction(string message, string? hint) : Stop(ExitCode.Failed, message, hint);
