using System.Text.Json.Nodes;
using Writ.Contracts.Runners;
using Writ.Core.Audit;
using Writ.Proof.Log;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>What a runner is shown of the audit log: the newest head, proved from the size that it saw last; and what it says where that does not hold.</summary>
internal sealed class RunnerHeads(Database database, WriteTransaction writes, PublishedHead published, LogKeys keys, ILogger<RunnerHeads> log)
{
    private const int MostText = 4_096;

    /// <summary>The newest head for a runner that saw so many entries; null where there is nothing new to it.</summary>
    public async Task<LogHead?> Since(long seen, CancellationToken cancel)
    {
        if (await published.Publish(cancel) is not { } head || (seen > 0 && head.Head.Size == seen))
            return null;
        var shown = new LogHead { From = seen, Checkpoint = head.Note.ToString(), Keys = { keys.Public.Select(key => key.ToString()) } };
        // A runner that saw more than there is judges for itself: there is no proof of that.
        if (seen <= head.Head.Size)
        {
            await using var db = database.Open();
            shown.Proof.AddRange((await TileStore.Tree(db, head.Head.Size, cancel).Consistency(seen, head.Head.Size)).Select(hash => hash.ToString()));
        }

        return shown;
    }

    /// <summary>
    /// A runner saw another log: that is an entry, and what it saw binds this server where the log's own key signed it, so
    /// that nothing more is signed beside it.
    /// </summary>
    public async Task Contradicted(RunnerRow runner, LogContradiction said, CancellationToken cancel)
    {
        log.LogCritical("runner {Name} has seen another audit log than this one: {Why}", runner.Name, Cut(said.Why));
        var recorded = await writes.Commit<bool>(async scope =>
        {
            scope.Record(new(AuditType.LogContradicted, new(null, runner.Name), null, new()
            {
                ["runner"] = runner.Id.ToString(), ["why"] = Cut(said.Why), ["seen"] = Cut(said.Seen), ["shown"] = Cut(said.Shown),
            }));
            await Task.CompletedTask;
            return true;
        });
        _ = recorded.Value;
        if (Checkpoint.Open(said.Seen, keys.Public) is not { IsOk: true, Value.Head: var seen })
            return;
        // The log goes on meanwhile. It binds what is published from here on; what was published before that is in the database.
        try
        {
            await published.Heard(said.Seen, cancel);
        }
        catch (LogHaltedException two)
        {
            published.Contradicted(two.Message);
            return;
        }

        await using var db = database.Open();
        if (seen.Size > 0 && await LogReader.Newest(db, cancel) is { } newest && seen.Size <= newest.Size && await TileStore.Tree(db, newest.Size, cancel).Root(seen.Size) != seen.Root)
            published.Contradicted($"runner {runner.Name} has seen other entries before {seen.Size}");
    }

    private static string Cut(string text) => text.Length <= MostText ? text : text[..MostText] + "…";
}
