namespace Writ.Core.Tools.Nmap;

/// <summary>What opens a feature.</summary>
internal enum FeatureOpening
{
    /// <summary>A rule that names it, never <c>any</c>.</summary>
    ByName,
    /// <summary>A rule that names it or says <c>any</c>.</summary>
    ByAny,
    /// <summary>Every rule; only a denial can name it.</summary>
    Free,
}

/// <summary>One word of the facet <c>features</c>.</summary>
/// <param name="Word">As policy writes it.</param>
/// <param name="Opening">What opens it.</param>
/// <param name="Holds">True for commands that have it.</param>
internal sealed record NmapFeature(string Word, FeatureOpening Opening, Func<NmapCommand, bool> Holds);

/// <summary>
/// What a command may ask for beside its techniques. Load is measured against the command's own timing template: waiting
/// longer than it is never a feature, so that <c>max-timing</c> cannot be passed by with single options.
/// </summary>
internal static class NmapFeatures
{
    // NmapOps.cc and nmap.cc (7.91 to 7.99): what each template sets, 0 to 5, in milliseconds.
    private static readonly int[] ScanDelays = [300_000, 15_000, 400, 0, 0, 0];
    private static readonly int[] MaxScanDelays = [300_000, 15_000, 1_000, 1_000, 10, 5];
    private static readonly int[] MinRtts = [100, 100, 100, 100, 100, 50];
    private static readonly int[] MaxRtts = [300_000, 15_000, 10_000, 10_000, 1_250, 300];
    private static readonly int[] InitialRtts = [300_000, 15_000, 1_000, 1_000, 500, 250];
    private static readonly int[] Retries = [10, 10, 10, 10, 6, 2];

    /// <summary>Every feature, in the order of the documentation.</summary>
    public static IReadOnlyList<NmapFeature> All { get; } =
    [
        new("spoof-source", FeatureOpening.ByName, command => command.SpoofSource is not null),
        new("decoys", FeatureOpening.ByName, command => command.Decoys is not null),
        new("spoof-mac", FeatureOpening.ByName, command => command.SpoofMac is not null),
        new("proxies", FeatureOpening.ByName, command => command.Proxies is not null),
        new("interface", FeatureOpening.ByName, command => command.Interface is not null),
        new("ip-options", FeatureOpening.ByName, command => command.IpOptions is not null),
        new("send-eth", FeatureOpening.ByName, command => command.SendEth),
        new("dns-servers", FeatureOpening.ByName, command => command.DnsServers.Count > 0),
        new("service-db", FeatureOpening.ByName, command => command.ServiceDb is not null),
        new("version-db", FeatureOpening.ByName, command => command.VersionDb is not null),
        new("unreviewed-script-args", FeatureOpening.ByName, command => command.Arguments.HasUnreviewed),
        new("script-args-file", FeatureOpening.ByName, command => command.ScriptArgsFile is not null),
        new("script-args", FeatureOpening.ByAny, command => command.Arguments.Fields.Count > 0),
        new("forced-scripts", FeatureOpening.ByAny, command => command.Scripts.Rules.Any(rule => rule.Forced)),
        new("source-port", FeatureOpening.ByAny, command => command.SourcePort is not null),
        new("fragment", FeatureOpening.ByAny, command => command.Fragment is not null),
        new("badsum", FeatureOpening.ByAny, command => command.BadSum || command.Adler32),
        new("data", FeatureOpening.ByAny, command => command.Payload is not null),
        new("ttl", FeatureOpening.ByAny, command => command.Ttl is not null),
        new("scanflags", FeatureOpening.ByAny, command => command.ScanFlags is not null),
        new("all-ports", FeatureOpening.ByAny, command => command.AllPorts && command.Version),
        new("resolve-all", FeatureOpening.ByAny, command => command.ResolveAll),
        new("reverse-dns", FeatureOpening.ByAny, command => command.ReverseDns),
        new("system-dns", FeatureOpening.ByAny, command => command.SystemDns),
        new("min-rate", FeatureOpening.ByAny, command => command.MinRate is not null),
        new("parallelism", FeatureOpening.ByAny, command => command.MinParallelism > 1 || (command.Timing <= 2 && command.MaxParallelism > 1)),
        new("hostgroup", FeatureOpening.ByAny, command => command.MinHostgroup is not null),
        new("scan-delay", FeatureOpening.ByAny, command => Under(command.ScanDelay, ScanDelays, command) || Under(command.MaxScanDelay, MaxScanDelays, command)),
        new("rtt-timeout", FeatureOpening.ByAny, command =>
            Under(command.MinRttTimeout, MinRtts, command) || Under(command.MaxRttTimeout, MaxRtts, command) || Under(command.InitialRttTimeout, InitialRtts, command)),
        new("retries", FeatureOpening.ByAny, command => command.MaxRetries > Retries[command.Timing]),
        new("defeat-ratelimit", FeatureOpening.ByAny, command => command.DefeatRstRatelimit || command.DefeatIcmpRatelimit),
        new("unprivileged", FeatureOpening.Free, command => command.Unprivileged),
        new("debug", FeatureOpening.Free, command => command.Debugging > 0),
        new("packet-trace", FeatureOpening.Free, command => command.PacketTrace || command.VersionTrace || command.ScriptTrace),
    ];

    private static bool Under(TimeSpan? time, int[] template, NmapCommand command) => time?.TotalMilliseconds < template[command.Timing];
}
