using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runs;
using Writ.Contracts.Traces;
using Writ.Core.Identity;
using Writ.Core.Results;
using Writ.Proof.Addresses;
using Writ.Server.Retention;
using Writ.Server.Runs;
using Writ.Server.Storage;

namespace Writ.Server.Traces;

/// <summary>What a run found of one address: from its results, or from what it has found so far.</summary>
internal sealed record TraceFound(TraceResultsView? Results, FoundHostView? Host, string? Deleted = null)
{
    private const int MostPorts = 200;

    public static TraceFound Nothing { get; } = new(null, null);

    public static async Task<TraceFound> Load(WritDb db, Caller caller, TraceQuestion question, Address to, RunRow run, CancellationToken cancel)
    {
        if (await ResultsStore.Deleted(db, run, cancel) is { } deleted)
            return new(null, null, deleted.Message);
        if (await db.Results.AsNoTracking().Where(row => row.RunId == run.Id).Select(row => row.Content).SingleOrDefaultAsync(cancel) is not { } content)
            return run.ActorId == caller.Id && RunStates.Live.Contains(run.State) ? await SoFar(db, question, to, run, cancel) : Nothing;
        var scan = JsonSerializer.Deserialize<ScanResults>(content, ResultsStore.Json)!;
        var results = new TraceResultsView(scan.TellsAll, scan.NotMeasuredSince);
        var bytes = to.ToBytes();
        if (await db.ResultHosts.AsNoTracking().Where(row => row.RunId == run.Id && row.Address == bytes).Select(row => row.Content).SingleOrDefaultAsync(cancel) is not { } told)
            return new(results, null);
        var host = JsonSerializer.Deserialize<FoundHost>(told, ResultsStore.Json)!;
        var ports = db.ResultPorts.AsNoTracking().Where(row => row.RunId == run.Id && row.Address == bytes);
        var protocol = question.Protocol is { } number ? FenceViews.Protocol(number) : null;
        // As the column is: PostgreSQL takes no unsigned number.
        int? wanted = question.Port;
        ports = wanted is { } port ? ports.Where(row => row.Port == port && row.Protocol == protocol) : ports.Where(row => row.State == "open");
        var listed = await ports.OrderBy(row => row.Port).Take(MostPorts).ToListAsync(cancel);
        return new(results, new(
            host.Address.ToString(), host.Names, host.State, host.Reason, host.Hardware, host.System,
            [.. listed.Select(row => new FoundPortView(row.Protocol, row.Port, row.State, row.Said, row.Reason, row.Service, row.Product, [])), .. listed.Count == 0 ? Together(question, protocol, host) : []],
            [.. host.Rest.Select(rest => new FoundRestView(rest.Protocol, rest.State, rest.Said, rest.Count, rest.Ports, rest.Reason))], []));
    }

    // A port that the tool told of together with others.
    private static IEnumerable<FoundPortView> Together(TraceQuestion question, string? protocol, FoundHost host) => question.Port is not { } port ? [] : host.Rest
        .Where(rest => rest.Protocol == protocol && PortSet.TryParse(rest.Ports ?? "", out var ports) && ports.Contains(port))
        .Select(rest => new FoundPortView(protocol!, port, rest.State, rest.Said, rest.Reason, null, null, [])).Take(1);

    private static async Task<TraceFound> SoFar(WritDb db, TraceQuestion question, Address to, RunRow run, CancellationToken cancel)
    {
        var live = await RunResults.Load(db, run.Id, DateTimeOffset.MinValue, withHosts: true, cancel);
        if (live?.Hosts?.FirstOrDefault(host => Address.TryParse(host.Address, out var address) && address == to) is not { } host)
            return Nothing;
        var ports = host.Ports.Where(port => question.Port is null || (port.Port == question.Port && port.Protocol == FenceViews.Protocol(question.Protocol!.Value)));
        return new(new(false, null), new(
            host.Address, host.Name is null ? [] : [host.Name], "up", null, null, null, [.. ports.Select(port => new FoundPortView(port.Protocol, port.Port, "open", null, null, port.Service, port.Product, []))], [], []));
    }
}
