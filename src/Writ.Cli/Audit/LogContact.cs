using System.Globalization;
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
        var known = before is null ? null : Known(before);
        var told = await Ask(server, known, memory, cancel);
        var keys = context.Variable("WRIT_LOG_KEY") is { } pin ? Parse([pin]) : known?.Keys ?? Parse(told.Keys);
        var followed = new KnownHead(keys, known?.Head).Follow(told.Checkpoint, told.Proof, Parse(told.Keys));
        if (!followed.IsOk)
            throw Contradiction(server, memory, told.Checkpoint, followed.Refusal.Message);
        var now = followed.Value;
        memory?.Write(server.Address, new(server.Address.Text, [.. now.Keys.Select(key => key.ToString())], told.Checkpoint, context.Now));
        return new(now.Head!, now.Keys, before);
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

    private static async Task<ConsistencyView> Ask(WritServer server, KnownHead? known, LogMemory? memory, CancellationToken cancel)
    {
        var answer = await server.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/log/consistency?from={known?.Size ?? 0}"), WritJson.Default.ConsistencyView, cancel);
        if (known is null || answer.Problem is not { Status: 404 })
            return answer.Value;
        // There is no proof from more than there is.
        var now = (await server.GetAsync("/v1/log", WritJson.Default.LogView, cancel)).Value;
        var followed = known.Follow(now.Checkpoint, [], []);
        throw Contradiction(server, memory, now.Checkpoint, followed.IsOk ? "it does not prove what it showed before" : followed.Refusal.Message);
    }

    private static LogContradiction Contradiction(WritServer server, LogMemory? memory, string now, string what)
    {
        var kept = memory?.Keep(server.Address, now);
        return new($"the server's audit log cannot be trusted: {what}",
            kept is null ? null : $"the two checkpoints are evidence: {memory!.PathOf(server.Address)} and {kept}; where the server was made anew, remove the former");
    }

    private static KnownHead Known(KnownLog known)
    {
        var keys = Parse(known.Keys);
        if (known.Checkpoint is null)
            return new(keys, null);
        var opened = Checkpoint.Open(known.Checkpoint, keys);
        return opened.IsOk ? new(keys, opened.Value) : throw new Stop(ExitCode.Failed, $"what this computer knew of the server's log is damaged: {opened.Refusal.Message}");
    }

    internal static IReadOnlyList<NoteKey> Parse(IEnumerable<string> keys) => [.. keys.Select(text =>
    {
        var key = NoteKey.Parse(text);
        return key.IsOk ? key.Value : throw new Stop(ExitCode.Failed, key.Refusal.Message, key.Refusal.Hint);
    })];
}

/// <summary>What a server shows contradicts what it showed before.</summary>
internal sealed class LogContradiction(string message, string? hint) : Stop(ExitCode.Failed, message, hint);
