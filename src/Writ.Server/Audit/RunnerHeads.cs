using Writ.Contracts.Runners;
using Writ.Server.Storage;

namespace Writ.Server.Audit;

/// <summary>What a runner is shown of the audit log: the newest head, proved from the size that it saw last.</summary>
internal sealed class RunnerHeads(Database database, PublishedHead published, LogKeys keys)
{
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
}
