using System.Globalization;
using System.Text.RegularExpressions;
using Writ.Proof.Addresses;

namespace Writ.Core.Traces;

/// <summary>What somebody typed or pasted to trace, understood.</summary>
/// <param name="Address">Where packets went; null where only a source is named.</param>
/// <param name="Network">Instead of an address: a network.</param>
/// <param name="Port">To which port, or null.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>sctp</c>; null without a port.</param>
/// <param name="From">Where they came from, or null.</param>
/// <param name="At">When, or null.</param>
public sealed record TraceLine(Address? Address, AddressRange? Network, int? Port, string? Protocol, Address? From, DateTimeOffset? At)
{
    private const int Longest = 4_000;

    /// <summary>
    /// Reads an address, <c>address:port</c>, <c>address:port/udp</c>, a network, or a line of a firewall's log: netfilter's, or one in
    /// which source and destination stand as <c>a:p -> b:q</c>, <c>a.p > b.q</c> (pf, tcpdump), <c>inside:a/p to outside:b/q</c> (ASA), or as
    /// <c>src=</c> and <c>dst=</c>. Times without an offset are in the viewer's zone, those without a year the last such one.
    /// </summary>
    /// <returns>Null where there is no address in it.</returns>
    public static TraceLine? Read(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        text = text.Trim();
        if (text.Length is 0 or > Longest)
            return null;
        if (NetworkAround(text) is { } network)
            return network.Count == 1 ? new(network.First, null, null, null, null, null) : new(null, network, null, null, null, null);
        if (Endpoint(text) is { } typed)
            return new(typed.Address, null, typed.Port, typed.Port is null ? null : typed.Protocol ?? "tcp", null, null);
        var (from, to) = Pair(text);
        if (to is null)
            return null;
        var port = to.Value.Port ?? Keyed(text, "DPT", "dport", "dstport", "dst_port", "destination_port").Select(value => ushort.TryParse(value, out var number) ? number : (int?)null).FirstOrDefault(number => number is not null);
        return new(to.Value.Address, null, port, port is null ? null : ProtocolIn(text), from, Time(text, now, zone));
    }

    // Whoever types an address and a prefix means the network around it, also where the address is not its first.
    private static AddressRange? NetworkAround(string text) =>
        text.Split('/') is [var host, var digits] && Proof.Addresses.Address.TryParse(host, out var address)
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) && AddressRange.TryNetwork(address, prefix, out var network)
            ? network : null;

    private static (Address? From, (Address Address, int? Port)? To) Pair(string text)
    {
        var to = Keyed(text, "DST", "dstip", "dst_ip", "dest_ip", "destination", "daddr").Select(Endpoint).FirstOrDefault(end => end is not null);
        var from = Keyed(text, "SRC", "srcip", "src_ip", "source", "saddr").Select(Endpoint).FirstOrDefault(end => end is not null);
        if (to is { } named)
            return (from?.Address, (named.Address, named.Port));
        var ends = Patterns.Words().Matches(text).Select(word => Endpoint(Bare(word.Value))).OfType<(Address Address, int? Port, string? Protocol)>().ToList();
        return ends switch
        {
            [] => (null, null),
            [var only] => (null, (only.Address, only.Port)),
            [var first, var second, ..] => (first.Address, (second.Address, second.Port)),
        };
    }

    private static IEnumerable<string> Keyed(string text, params string[] names) => Patterns.Pairs().Matches(text)
        .Where(pair => names.Contains(pair.Groups["name"].Value, StringComparer.OrdinalIgnoreCase)).Select(pair => pair.Groups["value"].Value.Trim('"'));

    // ASA names the interface before the address; brackets and commas belong to the sentence.
    private static string Bare(string word)
    {
        word = word.Trim(',', ';', '(', ')', '"', '\'').TrimEnd(':', '.');
        var colon = word.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && !Proof.Addresses.Address.TryParse(word, out _) && word[..colon].All(letter => char.IsAsciiLetter(letter) || letter is '-' or '_') ? word[(colon + 1)..] : word;
    }

    private static (Address Address, int? Port, string? Protocol)? Endpoint(string text)
    {
        if (Proof.Addresses.Address.TryParse(text, out var whole))
            return (whole, null, null);
        if (Patterns.Endpoint().Match(text) is { Success: true } match && Proof.Addresses.Address.TryParse(match.Groups["host"].Value, out var address)
            && ushort.TryParse(match.Groups["port"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return (address, port, match.Groups["protocol"] is { Success: true, Value: var protocol } ? protocol : null);
        return null;
    }

    private static string ProtocolIn(string text) => Patterns.Protocols().Match(text) is { Success: true } found ? found.Value.ToLowerInvariant() : "tcp";

    private static DateTimeOffset? Time(string text, DateTimeOffset now, TimeZoneInfo zone)
    {
        if (Patterns.Iso().Match(text) is { Success: true } iso)
        {
            var stands = iso.Value.Replace(' ', 'T');
            if (iso.Groups["offset"].Success)
                return DateTimeOffset.TryParse(stands, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var exact) ? exact : null;
            return DateTime.TryParse(stands, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local) ? In(local, zone) : null;
        }

        if (Patterns.Syslog().Match(text) is { Success: true } syslog
            && DateTime.TryParseExact($"{now.Year} {syslog.Groups["month"].Value} {syslog.Groups["day"].Value} {syslog.Groups["time"].Value}", "yyyy MMM d HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var dated))
            return In(dated, zone) is { } at && at <= now + TimeSpan.FromHours(1) ? at : In(dated.AddYears(-1), zone);
        if (Patterns.Clock().Match(text) is { Success: true } clock && TimeOnly.TryParse(clock.Value, CultureInfo.InvariantCulture, out var time))
        {
            var today = TimeZoneInfo.ConvertTime(now, zone).Date + time.ToTimeSpan();
            return In(today, zone) is { } at && at <= now ? at : In(today.AddDays(-1), zone);
        }

        return null;
    }

    private static DateTimeOffset? In(DateTime local, TimeZoneInfo zone) => zone.IsInvalidTime(local) ? null : new(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), zone.GetUtcOffset(local));
}

internal static partial class Patterns
{
    [GeneratedRegex(@"^\[?(?<host>[0-9a-fA-F:.]+?)\]?(?::|/|(?<=\d\.\d{1,3}\.\d{1,3}\.\d{1,3})\.)(?<port>\d{1,5})(?:/(?<protocol>tcp|udp|sctp))?$", RegexOptions.CultureInvariant, 100)]
    public static partial Regex Endpoint();

    [GeneratedRegex(@"(?<name>[A-Za-z_]+)=(?<value>""[^""]*""|[^\s,;]+)", RegexOptions.CultureInvariant, 100)]
    public static partial Regex Pairs();

    [GeneratedRegex(@"[^\s<>=]+", RegexOptions.CultureInvariant, 100)]
    public static partial Regex Words();

    [GeneratedRegex(@"\b(?:tcp|udp|sctp)\b", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 100)]
    public static partial Regex Protocols();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?<offset>Z|[+-]\d\d:?\d\d)?", RegexOptions.CultureInvariant, 100)]
    public static partial Regex Iso();

    [GeneratedRegex(@"\b(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(?<day>\d{1,2}) (?<time>\d\d:\d\d:\d\d)\b", RegexOptions.CultureInvariant, 100)]
    public static partial Regex Syslog();

    [GeneratedRegex(@"(?<![\d:.])\d\d:\d\d:\d\d(?![\d:])", RegexOptions.CultureInvariant, 100)]
    public static partial Regex Clock();
}
