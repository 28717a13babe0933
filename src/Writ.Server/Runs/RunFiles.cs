using Microsoft.EntityFrameworkCore;
using Writ.Proof.Identity;
using Writ.Proof.Orders;
using Writ.Proof.Statements;
using Writ.Server.Files;
using Writ.Server.Retention;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>The files that a runner fetches for a run and hands back after its end.</summary>
internal sealed class RunFiles(Database database, WriteTransaction writes, KeepResults results, Changes changes, TimeProvider time)
{
    /// <summary>The most bytes of one file that is handed back.</summary>
    public const int MostBytes = 64 << 20;

    /// <summary>The bytes of one message.</summary>
    public const int ChunkBytes = 256 * 1024;

    /// <summary>A file of a live run of this runner, by its digest; null for every other.</summary>
    public async Task<byte[]?> Fetch(RunnerId runner, string run, string sha256, CancellationToken cancel)
    {
        if (!RunId.TryParse(run, out var id))
            return null;
        await using var db = database.Open();
        var order = await db.Runs.Where(row => row.Id == id && row.RunnerId == runner && RunStates.Live.Contains(row.State))
            .Select(row => row.OrderBytes).SingleOrDefaultAsync(cancel);
        return order is not null && RunOrder.Read(order) is { IsOk: true } read && Statement.Read(read.Value.Statement) is { IsOk: true } statement
            && statement.Value.Files?.Any(file => file.Sha256 == sha256) == true
            ? await KeptFiles.Read(db, sha256, cancel)
            : null;
    }

    /// <summary>Keeps a file whose size and digest are those of the run's end; false for every other.</summary>
    public async Task<bool> Take(RunnerId runner, string run, string path, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        if (!RunId.TryParse(run, out var id) || bytes.Length > MostBytes)
            return false;
        await using (var db = database.Open())
        {
            var row = await db.Runs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id && row.RunnerId == runner, cancel);
            var told = row is null ? null : RunOutput.ReadAll(row).FirstOrDefault(output => output.Path == path);
            if (told?.Sha256 is not { } sha256 || told.Bytes != bytes.Length || KeptFiles.Digest(bytes.Span) != sha256)
                return false;
            // Handed in again by a new connection: nothing of it begins anew.
            if (told.Results && (await db.Results.AnyAsync(results => results.RunId == id, cancel) || await Deletions.Of(db, id, RetentionKind.Results, cancel) is not null))
                return true;
            await writes.Append(into => KeptFiles.Keep(into, time.GetUtcNow(), [(sha256, bytes)]));
            if (told.Results)
                await results.Keep(row!, told, bytes, cancel);
        }

        changes.Happened(run);
        return true;
    }
}
