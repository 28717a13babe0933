using System.Data.Common;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Runners;
using Writ.Contracts.Runs;
using Writ.Proof;
using Writ.Proof.Addresses;
using Writ.Proof.Identity;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>
/// What the tools of live runs have found so far. The newest report of a run is kept; one that cannot be written is dropped, as the
/// next tells the whole. It is no record: that is the recording.
/// </summary>
internal sealed class RunResults(WriteTransaction writes, Changes changes, ILogger<RunResults> log)
{
    private const int MostHosts = 256, MostPorts = 2_000, LongestText = 100, MostPhases = 32;
    /// <summary>The end of the year 9999, the latest that can be kept.</summary>
    private const long LatestInstant = 253_402_300_799_999_999;

    /// <summary>Keeps the newest report of each run of this runner.</summary>
    public async Task Keep(RunnerRow runner, IEnumerable<ToolResults> reports)
    {
        var newest = reports.GroupBy(report => report.Run, StringComparer.Ordinal).Select(group => group.MaxBy(report => report.At)!).ToList();
        if (newest.Count == 0)
            return;
        try
        {
            foreach (var report in newest)
            {
                if (RunId.TryParse(report.Run, out var run))
                    await Keep(runner, run, Of(report));
            }
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException or IOException)
        {
            log.LogWarning(failed, "what a run has found so far cannot be written; the next report tells it");
        }
    }

    private async Task Keep(RunnerRow runner, RunId run, RunResultsView view)
    {
        await writes.Append(async db =>
        {
            if (!await db.Runs.AnyAsync(row => row.Id == run && row.RunnerId == runner.Id))
                return;
            var before = await db.RunResults.AsNoTracking().Where(row => row.RunId == run).Select(row => row.Content).SingleOrDefaultAsync();
            var content = JsonSerializer.Serialize(view with { Phases = Phases(before, view) }, WritJson.Default.RunResultsView);
            if (!await db.RunResults.AnyAsync(row => row.RunId == run))
                db.RunResults.Add(new() { RunId = run, At = view.At, Content = content });
            else
                await db.RunResults.Where(row => row.RunId == run && row.At < view.At)
                    .ExecuteUpdateAsync(set => set.SetProperty(row => row.Content, content).SetProperty(row => row.At, view.At));
        });
        changes.Happened(run.ToString());
    }

    /// <summary>A report tells the phase of its moment alone; which came before stands in the one before it.</summary>
    private static IReadOnlyList<PhaseView> Phases(string? before, RunResultsView now)
    {
        var known = before is null ? [] : JsonSerializer.Deserialize(before, WritJson.Default.RunResultsView)?.Phases ?? [];
        if (known is [.., { Until: null } last])
        {
            if (last.Name == now.Phase)
                return known;
            known = [.. known.Take(known.Count - 1), last with { Until = now.At }];
        }

        return now.Phase is { } phase && known.Count < MostPhases ? [.. known, new(phase, now.At, null)] : known;
    }

    /// <summary>The newest, if it is newer than this instant.</summary>
    /// <param name="db">The database.</param>
    /// <param name="run">The run.</param>
    /// <param name="since">Of the one that is known.</param>
    /// <param name="withHosts">Whether it is for somebody who sees what was found, and not only how far it is.</param>
    /// <param name="cancel">Stops the reading.</param>
    public static async Task<RunResultsView?> Load(WritDb db, RunId run, DateTimeOffset since, bool withHosts, CancellationToken cancel)
    {
        var content = await db.RunResults.AsNoTracking().Where(row => row.RunId == run && row.At > since).Select(row => row.Content).SingleOrDefaultAsync(cancel);
        var view = content is null ? null : JsonSerializer.Deserialize(content, WritJson.Default.RunResultsView);
        return withHosts ? view : view is null ? null : view with { Hosts = null };
    }

    /// <summary>How far a run is, without what was found.</summary>
    public static RunResultsView? Progress(RunResultsRow row) =>
        JsonSerializer.Deserialize(row.Content, WritJson.Default.RunResultsView) is { } view ? view with { Hosts = null } : null;

    // A runner keeps to the bounds of the protocol; the database does not depend on that.
    private static RunResultsView Of(ToolResults report)
    {
        var room = MostPorts;
        var hosts = new List<HostResultView>();
        foreach (var host in report.Hosts.Take(MostHosts).Where(host => Address.TryParse(host.Address, out _)))
        {
            PortResultView[] ports = [.. host.Ports.Where(port => port.Port <= 65_535).Take(room).Select(port => new PortResultView(Text(port.Protocol) ?? "", (int)port.Port, Text(port.Service), Text(port.Product)))];
            room -= ports.Length;
            hosts.Add(new(host.Address, Text(host.Name), ports, host.UnlistedPorts + host.Ports.Count - ports.Length));
        }

        return new(
            UnixMicroseconds.ToInstant(Math.Clamp(report.At, 0, LatestInstant)), Text(report.Phase), report.Percent is >= 0 and <= 100 ? report.Percent : null,
            report.Remaining >= 0 ? report.Remaining / 1e6 : null,
            report.HostsDone, report.HostsUp, report.OpenPorts, report.Complete, Text(report.Trouble), hosts, report.UnlistedHosts + report.Hosts.Count - hosts.Count);
    }

    // PostgreSQL keeps no NUL.
    private static string? Text(string text) =>
        text.Length == 0 ? null : new string([.. text.Take(LongestText)]).Replace('\0', ' ');
}
