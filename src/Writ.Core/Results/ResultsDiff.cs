using Writ.Proof.Addresses;

namespace Writ.Core.Results;

/// <summary>One run's results, and what it was to look at.</summary>
/// <param name="Results">What was found.</param>
/// <param name="Targets">The addresses of its statement.</param>
public sealed record ResultsSide(ScanResults Results, AddressSet Targets);

/// <summary>A difference between two runs.</summary>
/// <param name="Kind"><c>opened</c>, <c>closed</c>, <c>changed</c>, or <see cref="NotMeasured.State"/>: one of the two did not look.</param>
/// <param name="What"><c>host</c>, <c>port</c>, <c>service</c>, <c>system</c> or <c>script</c>.</param>
/// <param name="Address">The host.</param>
/// <param name="Protocol">Of the port; null for the host itself.</param>
/// <param name="Port">Its number.</param>
/// <param name="Script">Whose output it is.</param>
/// <param name="Before">In the first run; null for nothing, or nothing known.</param>
/// <param name="After">In the second run.</param>
public sealed record Change(string Kind, string What, Address Address, string? Protocol, int? Port, string? Script, string? Before, string? After);

/// <summary>
/// What opened, closed and changed from one run to another. A difference is claimed only where both have measured: what one of
/// them did not look at, or lost to a budget, a limit or its end, is told as that.
/// </summary>
public static class ResultsDiff
{
    /// <summary>The differences, by address, the host before its ports.</summary>
    public static IEnumerable<Change> Between(ResultsSide before, ResultsSide after)
    {
        var (old, @new) = (new ResultsLookup(before), new ResultsLookup(after));
        return old.Hosts.Keys.Union(@new.Hosts.Keys).Order().SelectMany(address => Of(address, old, @new));
    }

    private static IEnumerable<Change> Of(Address address, ResultsLookup old, ResultsLookup @new)
    {
        var (was, @is) = (old.State(address), @new.State(address));
        if (was is null || @is is null)
        {
            if (was == "up" || @is == "up")
                yield return new(NotMeasured.State, "host", address, null, null, null, was, @is);
            yield break;
        }

        if (was != @is)
            yield return new(@is == "up" ? "opened" : was == "up" ? "closed" : "changed", "host", address, null, null, null, was, @is);
        var (first, second) = (old.Hosts.GetValueOrDefault(address), @new.Hosts.GetValueOrDefault(address));
        var isUp = was == "up" && @is == "up";
        if (isUp && first?.System is { } system && second?.System is { } later && system != later)
            yield return new("changed", "system", address, null, null, null, system, later);
        foreach (var change in isUp ? Scripts(address, null, first!.Scripts, second!.Scripts) : [])
            yield return change;

        // Of a host that came or went, what is open is news.
        var listed = (first?.Ports ?? []).Concat(second?.Ports ?? []).Where(port => isUp || port.IsOpen).Select(port => (port.Protocol, port.Number)).Distinct()
            .OrderBy(port => port.Protocol, StringComparer.Ordinal).ThenBy(port => port.Number);
        foreach (var change in listed.SelectMany(port => Of(address, port.Protocol, port.Number, old, @new)))
            yield return change;
    }

    private static IEnumerable<Change> Of(Address address, string protocol, int number, ResultsLookup old, ResultsLookup @new)
    {
        var (was, @is) = (old.State(address, protocol, number), @new.State(address, protocol, number));
        var (first, second) = (old.Port(address, protocol, number), @new.Port(address, protocol, number));
        if (was != @is)
        {
            var kind = was is null || @is is null ? NotMeasured.State : @is == "open" ? "opened" : was == "open" ? "closed" : "changed";
            // What neither found open and one did not measure is no news.
            if (kind != NotMeasured.State || was == "open" || @is == "open")
                yield return new(kind, "port", address, protocol, number, null, Words(was, first), Words(@is, second));
            yield break;
        }

        if (first is not { IsOpen: true } || second is not { IsOpen: true })
            yield break;
        if (IsOtherService(first, second))
            yield return new("changed", "service", address, protocol, number, null, Service(first), Service(second));
        foreach (var change in Scripts(address, first, first.Scripts, second.Scripts))
            yield return change;
    }

    // Without version detection the service is only what the number is known for.
    internal static bool IsOtherService(FoundPort first, FoundPort second) =>
        first.Product is null == second.Product is null && Service(first) != Service(second);

    private static IEnumerable<Change> Scripts(Address address, FoundPort? port, IReadOnlyList<FoundScript> first, IReadOnlyList<FoundScript> second)
    {
        foreach (var id in first.Concat(second).Select(script => script.Id).Distinct().Order(StringComparer.Ordinal))
        {
            var (was, @is) = (first.FirstOrDefault(script => script.Id == id)?.Output, second.FirstOrDefault(script => script.Id == id)?.Output);
            if (was != @is)
                yield return new("changed", "script", address, port?.Protocol, port?.Number, id, was, @is);
        }
    }

    private static string? Words(string? state, FoundPort? port) =>
        state == "open" && port is not null && Service(port) is { Length: > 0 } service ? $"open {service}" : state;

    internal static string Service(FoundPort port) => string.Join(' ', ((string?[])[port.Service, port.Product]).Where(part => part is not null));
}
