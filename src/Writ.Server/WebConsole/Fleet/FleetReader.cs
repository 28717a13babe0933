using Writ.Contracts.Runners;
using Writ.Core.Policy;
using Writ.Proof.Errors;
using Writ.Server.Policy;
using Writ.Server.Runners;
using Writ.Server.Storage;

namespace Writ.Server.WebConsole.Fleet;

/// <summary>A zone with who answers for it, who reaches it, and what opens it.</summary>
public sealed record ZoneRow(string Name, string Addresses, string Count, IReadOnlyList<string> Owners, IReadOnlyList<string> Runners, int Rules, bool Reached);

/// <summary>A tool as the runners have it.</summary>
public sealed record ToolRow(string Name, IReadOnlyList<(string Version, IReadOnlyList<string> Runners)> Versions, int Rules);

/// <summary>Runners, tools and zones.</summary>
internal sealed class FleetReader(Visit visit, Database database, RunnerHub hub, Inventories inventories, PolicyInForce policies, CreateEnrolment enrolment, DisableRunner disable)
{
    private const int MostTexts = 3;

    public Task<Result<(IReadOnlyList<RunnerView> Runners, IReadOnlyList<ToolRow> Tools, IReadOnlyList<ZoneRow> Zones)>> Read() =>
        visit.Do<(IReadOnlyList<RunnerView>, IReadOnlyList<ToolRow>, IReadOnlyList<ZoneRow>)>("ListRunners", async _ =>
        {
            await using var db = database.Open();
            var runners = await ListRunners.Views(db, hub, inventories, CancellationToken.None);
            var policy = await policies.Get(db) is { IsOk: true, Value: var inForce } ? inForce : null;
            return (runners, Tools(runners, policy), Zones(runners, policy));
        });

    /// <summary>A token with which a new runner enrols, once.</summary>
    public Task<Result<EnrolmentView>> Enrol(string name) => visit.Do("CreateEnrolment", caller => enrolment.Create(caller, name.Trim()));

    public Task<Result<RunnerEndView>> Disable(string id, string reason) => visit.Do("DisableRunner", caller => disable.Disable(caller, id, reason));

    public Task<Result<RunnerEndView>> Enable(string id) => visit.Do("EnableRunner", caller => disable.Enable(caller, id));

    private static List<ToolRow> Tools(IReadOnlyList<RunnerView> runners, PolicyDocument? policy) =>
    [
        .. runners.Where(runner => runner.DisabledAt is null).SelectMany(runner => runner.Tools.Select(tool => (Runner: runner.Name, Tool: tool))).GroupBy(each => each.Tool.Name, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new ToolRow(
                group.Key,
                [.. group.GroupBy(each => each.Tool.Version).Select(version => (version.Key, (IReadOnlyList<string>)[.. version.Select(each => each.Runner)]))],
                policy?.Rules.Count(rule => rule.Tools.ContainsKey(group.Key)) ?? 0)),
    ];

    private static List<ZoneRow> Zones(IReadOnlyList<RunnerView> runners, PolicyDocument? policy) =>
    [
        .. (policy?.Zones.Values ?? []).OrderBy(zone => zone.Name, StringComparer.Ordinal).Select(zone =>
        {
            var texts = zone.Addresses.ToTexts();
            return new ZoneRow(
                zone.Name, texts.Length <= MostTexts ? string.Join(", ", texts) : $"{string.Join(", ", texts.Take(MostTexts))} and {texts.Length - MostTexts} more", Printable.Number(zone.Addresses.Count.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                zone.Owners, zone.Runners, policy!.Rules.Count(rule => rule.Zones.Contains(zone.Name)),
                runners.Any(runner => runner.Connected && (zone.Runners.Count == 0 || zone.Runners.Contains(runner.Name))));
        }),
    ];
}
