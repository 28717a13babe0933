using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Core.Results;
using Writ.Proof.Identity;
using Writ.Server.Retention;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// Reads what a run's tool wrote, once it is here, and keeps it as hosts and ports, so that nobody has to read it again. It is
/// told in pieces, so that a large one holds up no other writer; the results' own row comes last, and whatever breaks off before
/// is begun anew when the runner hands the bytes in again.
/// </summary>
internal sealed class KeepResults(Database database, WriteTransaction writes, TimeProvider time)
{
    private const int RowsAtOnce = 2_000;

    /// <summary>The kernel stops packets so long before a run's deadline.</summary>
    private static readonly TimeSpan ArmedEarly = TimeSpan.FromMilliseconds(50);

    /// <summary>Keeps the results of a run that has ended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="file">What its end says of the bytes.</param>
    /// <param name="xml">The bytes, whose digest was checked.</param>
    /// <param name="cancel">Stops before the last row is written; it is begun anew then.</param>
    public async Task Keep(RunRow run, RunOutput file, ReadOnlyMemory<byte> xml, CancellationToken cancel)
    {
        DateTimeOffset? degraded;
        await using (var db = database.Open())
        {
            if (await db.Results.AnyAsync(row => row.RunId == run.Id, cancel) || await db.Deletions.AnyAsync(row => row.RunId == run.Id && row.Kind == RetentionKind.Results, cancel))
                return;
            degraded = (await FenceViews.Load(db, run, cancel)).Fence?.DegradedAt;
        }

        var stopped = run.Deadline - ArmedEarly;
        var results = NotMeasured.Mark(NmapResults.Read(xml), degraded < stopped ? degraded : stopped);
        await writes.Append(async db =>
        {
            await db.ResultHosts.Where(row => row.RunId == run.Id).ExecuteDeleteAsync(CancellationToken.None);
            await db.ResultPorts.Where(row => row.RunId == run.Id).ExecuteDeleteAsync(CancellationToken.None);
        });
        foreach (var rows in Rows(run.Id, results.Hosts).Chunk(RowsAtOnce))
        {
            cancel.ThrowIfCancellationRequested();
            await writes.Append(db =>
            {
                db.AddRange(rows);
                return Task.CompletedTask;
            });
        }

        await writes.Append(async db =>
        {
            // The connection before this one may have come to its end meanwhile.
            if (!await db.Results.AnyAsync(row => row.RunId == run.Id))
                db.Results.Add(new()
                {
                    RunId = run.Id, Sha256 = file.Sha256!, Bytes = xml.Length, Cut = file.Cut, KeptAt = time.GetUtcNow(),
                    Content = JsonSerializer.Serialize(results with { Hosts = [] }, ResultsStore.Json),
                });
        });
    }

    private static IEnumerable<object> Rows(RunId run, IReadOnlyList<FoundHost> hosts)
    {
        foreach (var host in hosts)
        {
            var address = host.Address.ToBytes();
            yield return new ResultHostRow { RunId = run, Address = address, State = host.State, Content = JsonSerializer.Serialize(host with { Ports = [] }, ResultsStore.Json) };
            foreach (var port in host.Ports)
                yield return new ResultPortRow
                {
                    RunId = run, Address = address, Protocol = port.Protocol, Port = port.Number, State = port.State, Said = port.Said, Reason = port.Reason,
                    Service = port.Service, Product = port.Product, Scripts = port.Scripts.Count == 0 ? null : JsonSerializer.Serialize(port.Scripts, ResultsStore.Json),
                };
        }
    }
}
