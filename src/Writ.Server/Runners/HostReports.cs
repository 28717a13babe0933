using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts;
using Writ.Contracts.Runners;
using Writ.Core.Audit;
using Writ.Proof;
using Writ.Server.Storage;

namespace Writ.Server.Runners;

/// <summary>What runners tell of their hosts: standing rights, and tools that were executed past them. Evidence, and no right or its end.</summary>
internal sealed class HostReports(WriteTransaction writes)
{
    private const int MostRights = 200, MostTexts = 256, MostText = 1_000;

    /// <summary>Takes one in. The newest report of standing rights is written once, however often it comes.</summary>
    public async Task Take(RunnerRow runner, HostReport report)
    {
        var at = UnixMicroseconds.ToInstant(Math.Clamp(report.At, 0, UnixMicroseconds.From(DateTimeOffset.MaxValue)));
        var result = await writes.Commit<bool>(async scope =>
        {
            if (report.Rights is { } rights)
            {
                StandingRightView[] found = [.. rights.Rights.Take(MostRights).Select(right => new StandingRightView(Cut(right.Kind), Cut(right.Where), Cut(right.What), Cut(right.Remedy), right.Removed))];
                var text = JsonSerializer.Serialize(found, WritJson.Default.IReadOnlyListStandingRightView);
                var moved = await scope.Db.Runners.Where(row => row.Id == runner.Id && (row.HostReport == null || row.HostReport != report.Id)).ExecuteUpdateAsync(set => set
                    .SetProperty(row => row.HostReport, report.Id).SetProperty(row => row.StandingRights, text).SetProperty(row => row.StandingRightsAt, at));
                if (moved > 0)
                    scope.Record(new(AuditType.StandingRightsFound, new(null, runner.Name), null, Fields(runner, report, new() { ["rights"] = JsonNode.Parse(text) })));
            }
            else if (report.Execution is { } execution)
            {
                // Told twice after a lost link at the worst; its id says so.
                scope.Record(new(AuditType.UnbrokeredExecution, new(null, runner.Name), null, Fields(runner, report, new()
                {
                    ["path"] = Cut(execution.Path),
                    ["uid"] = execution.Uid,
                    ["user"] = Cut(execution.User),
                    ["parents"] = Texts(execution.Parents),
                    ["argv"] = Texts(execution.Argv),
                    ["refused"] = execution.Refused,
                    ["count"] = execution.Count,
                })));
            }

            return true;

            JsonObject Fields(RunnerRow from, HostReport of, JsonObject own)
            {
                var fields = new JsonObject { ["runner"] = from.Id.ToString(), ["report"] = Cut(of.Id), ["at"] = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture) };
                foreach (var (name, value) in own.ToArray())
                {
                    own.Remove(name);
                    fields[name] = value;
                }

                return fields;
            }
        });
        _ = result.Value;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Take(MostTexts).Select(text => (JsonNode)Cut(text))]);

    private static string Cut(string text) => text.Length <= MostText ? text : text[..MostText] + "…";
}
