using System.Globalization;
using Writ.Contracts.Runs;
using Writ.Core.Results;
using Writ.Proof.Addresses;
using Writ.Server.Storage;

namespace Writ.Server.Runs;

/// <summary>Results as the API shows them.</summary>
internal static class ResultsViews
{
    private const int MostRanges = 100, MostChanges = 10_000, LongestSide = 2_000;

    public static ResultsView Of(RunRow run, StoredResults stored)
    {
        var (row, results) = (stored.Row, stored.Results);
        var silent = results.Complete || results.UnlistedHosts > 0 ? AddressSet.Empty
            : stored.Targets.Except(AddressSet.Of(results.Hosts.Select(host => new AddressRange(host.Address, host.Address))));
        return new(
            run.Id.ToString(), $"{run.Argv[0]} {results.Version}".TrimEnd(), results.StartedAt, results.EndedAt, results.Complete, row.Cut, results.Trouble,
            results.NotMeasuredSince, row.Sha256, row.Bytes, [.. results.Looked.Select(looked => new LookedAtView(looked.Protocol, looked.Technique, looked.Ports))],
            results.Hosts.Count(host => host.State == "up"), results.Hosts.Sum(host => (long)host.Ports.Count(port => port.IsOpen)), [.. results.Hosts.Select(Of)],
            [.. silent.Ranges.Take(MostRanges).Select(range => range.ToString())], silent.Count.ToString(CultureInfo.InvariantCulture), Of(results.Scripts),
            results.UnlistedHosts, results.UnlistedPorts, results.CutTexts);
    }

    public static DiffView Of(RunRow before, StoredResults first, RunRow after, StoredResults second)
    {
        long opened = 0, closed = 0, changed = 0, unknown = 0;
        var listed = new List<ChangeView>();
        foreach (var change in ResultsDiff.Between(new(first.Results, first.Targets), new(second.Results, second.Targets)))
        {
            _ = change.Kind switch { "opened" => opened++, "closed" => closed++, "changed" => changed++, _ => unknown++ };
            if (listed.Count < MostChanges)
                listed.Add(new(change.Kind, change.What, change.Address.ToString(), change.Protocol, change.Port, change.Script, Clip(change.Before), Clip(change.After)));
        }

        return new(before.Id.ToString(), after.Id.ToString(), opened, closed, changed, unknown, listed);
    }

    private static FoundHostView Of(FoundHost host) => new(
        host.Address.ToString(), host.Names, host.State, host.Reason, host.Hardware, host.System,
        [.. host.Ports.Select(port => new FoundPortView(port.Protocol, port.Number, port.State, port.Said, port.Reason, port.Service, port.Product, Of(port.Scripts)))],
        [.. host.Rest.Select(rest => new FoundRestView(rest.Protocol, rest.State, rest.Said, rest.Count, rest.Ports, rest.Reason))], Of(host.Scripts));

    private static IReadOnlyList<FoundScriptView> Of(IReadOnlyList<FoundScript> scripts) => [.. scripts.Select(script => new FoundScriptView(script.Id, script.Output, script.Cut))];

    private static string? Clip(string? text) => text is { Length: > LongestSide } ? text[..(char.IsHighSurrogate(text[LongestSide - 1]) ? LongestSide - 1 : LongestSide)] : text;
}
