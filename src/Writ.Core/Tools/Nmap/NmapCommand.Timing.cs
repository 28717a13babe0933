using System.Globalization;
using Writ.Proof.Errors;

namespace Writ.Core.Tools.Nmap;

/// <summary>Timing and load (https://nmap.org/book/man-performance.html).</summary>
internal sealed partial record NmapCommand
{
    private static readonly string[] Templates = ["paranoid", "sneaky", "polite", "normal", "aggressive", "insane"];

    private bool _hasTiming;

    /// <summary>The template, 0 to 5.</summary>
    public int Timing { get; private set; } = 3;
    public int? MaxRetries { get; private set; }
    public TimeSpan? HostTimeout { get; private set; }
    public TimeSpan? ScanDelay { get; private set; }
    public TimeSpan? MaxScanDelay { get; private set; }
    public TimeSpan? MinRttTimeout { get; private set; }
    public TimeSpan? MaxRttTimeout { get; private set; }
    public TimeSpan? InitialRttTimeout { get; private set; }
    /// <summary>Packets a second.</summary>
    public decimal? MinRate { get; private set; }
    /// <summary>Packets a second.</summary>
    public decimal? MaxRate { get; private set; }
    public int? MinParallelism { get; private set; }
    public int? MaxParallelism { get; private set; }
    public int? MinHostgroup { get; private set; }
    public int? MaxHostgroup { get; private set; }
    public bool DefeatRstRatelimit { get; private set; }
    public bool DefeatIcmpRatelimit { get; private set; }
    public string? NsockEngine { get; private set; }
    /// <summary>No congestion control over a whole group of hosts, only for each (<c>--nogcc</c>).</summary>
    public bool NoGroupCongestion { get; private set; }

    private static IEnumerable<(string Option, Func<NmapCommand, string, Refusal?> Read)> TimingReaders() =>
    [
        ("-T", (command, value) => command.TakeTiming(value)),
        ("--timing", (command, value) => command.TakeTiming(value)),
        Number("--max-retries", 0, 50, (command, number) => command.MaxRetries = number),
        Time("--host-timeout", 0, 10_000, (command, time) => command.HostTimeout = time),
        Time("--scan-delay", 0, 100, (command, time) => command.ScanDelay = time),
        Time("--max-scan-delay", 0, 100, (command, time) => command.MaxScanDelay = time),
        Time("--min-rtt-timeout", 0, 50, (command, time) => command.MinRttTimeout = time),
        Time("--max-rtt-timeout", 5, 50, (command, time) => command.MaxRttTimeout = time),
        Time("--initial-rtt-timeout", 1, 50, (command, time) => command.InitialRttTimeout = time),
        Rate("--min-rate", (command, rate) => command.MinRate = rate),
        Rate("--max-rate", (command, rate) => command.MaxRate = rate),
        Number("--min-parallelism", 1, 65_535, (command, number) => command.MinParallelism = number),
        Number("--max-parallelism", 1, 65_535, (command, number) => command.MaxParallelism = number),
        Number("-M", 1, 65_535, (command, number) => command.MaxParallelism = number),
        Number("--min-hostgroup", 1, 100_000, (command, number) => command.MinHostgroup = number),
        Number("--max-hostgroup", 1, 100_000, (command, number) => command.MaxHostgroup = number),
        Flag("--defeat-rst-ratelimit", command => command.DefeatRstRatelimit = true),
        Flag("--defeat-icmp-ratelimit", command => command.DefeatIcmpRatelimit = true),
        ("--nsock-engine", (command, value) =>
        {
            command.NsockEngine = value;
            return value is "epoll" or "poll" or "select" ? null : Wrong($"--nsock-engine: there is no engine '{NmapArguments.Show(value)}'", "epoll, poll and select are");
        }),
        Flag("--release-memory", _ => { }),
        Flag("--nogcc", command => command.NoGroupCongestion = true),
    ];

    private Refusal? TakeTiming(string value)
    {
        var level = value.Length == 1 && value[0] is >= '0' and <= '5' ? value[0] - '0' : Array.IndexOf(Templates, value.ToLowerInvariant());
        if (level < 0)
        {
            // Nmap reads the first digit and drops the rest, so that "-T4sL" scans.
            return Wrong($"timing '{NmapArguments.Show(value)}' is none of 0 to 5", "-T takes what follows as its value: write -T4 and a space");
        }

        // Each template leaves traces of the one before: after "-T0 -T4" Nmap waits five minutes between probes.
        if (_hasTiming)
            return Wrong("-T stands twice", "choose one");
        (Timing, _hasTiming) = (level, true);
        return null;
    }

    /// <summary>
    /// A time as Nmap writes it, at most a day: <c>500ms</c>, <c>1.5s</c>, <c>30m</c>, <c>2h</c>, seconds without a unit. From so many seconds on
    /// Nmap wants the unit, since it once was milliseconds.
    /// </summary>
    private static (string Option, Func<NmapCommand, string, Refusal?> Read) Time(string option, int leastMilliseconds, int unitFrom, Action<NmapCommand, TimeSpan> set) =>
        (option, (command, value) =>
        {
            if (Milliseconds(value) is not { } time || time < leastMilliseconds || time > 86_400_000)
                return Wrong($"{option}: '{NmapArguments.Show(value)}' is no time from {leastMilliseconds} ms to a day", "write 500ms, 90s, 30m or 2h");
            if (time >= unitFrom * 1000L && (char.IsAsciiDigit(value[^1]) || value[^1] == '.'))
                return Wrong($"{option}: '{NmapArguments.Show(value)}' has no unit, which nmap asks for from {unitFrom} s on", $"write {value}s or {value}ms");
            set(command, TimeSpan.FromMilliseconds(time));
            return null;
        });

    private static long? Milliseconds(string value)
    {
        var digits = value.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        var unit = value[digits..].ToLowerInvariant() switch { "ms" => 1, "" or "s" => 1000, "m" => 60_000, "h" => 3_600_000, _ => 0 };
        return digits is > 0 and < 16 && unit > 0 && decimal.TryParse(value.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number < 1_000_000_000 ? (long)(number * unit) : null;
    }

    private static (string Option, Func<NmapCommand, string, Refusal?> Read) Rate(string option, Action<NmapCommand, decimal> set) =>
        (option, (command, value) =>
        {
            if (value.Length > 12 || !decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) || rate is < 0.001m or > 10_000_000m)
                return Wrong($"{option}: '{NmapArguments.Show(value)}' is no number of packets a second", "write a number such as 100");
            set(command, decimal.Round(rate, 3));
            return null;
        });

    private Refusal? SettleTiming()
    {
        if (DefeatRstRatelimit && !Syn && !OpenOnly)
            return Wrong("--defeat-rst-ratelimit goes only with a SYN scan (-sS)", "leave it out");
        if (DefeatIcmpRatelimit && !Udp)
            return Wrong("--defeat-icmp-ratelimit goes only with a UDP scan (-sU)", "leave it out");
        if (MinParallelism > (MaxParallelism ?? (Timing <= 2 ? 1 : int.MaxValue)))
            return Wrong(MaxParallelism is null ? "-T0 to -T2 probe one at a time, which --min-parallelism contradicts" : "--min-parallelism is over --max-parallelism", null);
        if (MinRate > MaxRate)
            return Wrong("--min-rate is over --max-rate", null);
        if (MinHostgroup > MaxHostgroup)
            return Wrong("--min-hostgroup is over --max-hostgroup", null);
        return null;
    }
}
