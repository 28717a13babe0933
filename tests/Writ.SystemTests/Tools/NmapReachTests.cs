using System.Collections.Concurrent;
using System.Globalization;
using Writ.Core.Tools.Nmap;
using Writ.Proof.Addresses;

namespace Writ.SystemTests.Tools;

/// <summary>
/// What a permitted scan sends, counted on the wire: every packet is inside the plan's scope, since the fence is built from
/// it and would cut the scan; and there are half to twice as many as the estimate says, which has a figure for hosts that are up
/// and one for a network where nobody answers.
/// </summary>
public class NmapReachTests
{
    /// <summary>The slow ones first, so that the lanes end together. An underscore stands for a space inside an argument.</summary>
    private static readonly string[] Scans =
    [
        "-A -F 10.20.0.5",
        "-O -F 10.20.0.5",
        "-O -p22 10.20.0.5",
        "-O -p22 10.22.0.5",
        "-6 -O -F 2001:db8:20::5",
        "-sV -F 10.20.0.5",
        "-sV -F 10.24.0.5",
        "-sV --version-all -p22,53,80 10.20.0.5",
        "-sV --version-light -p22,53,80 10.20.0.5",
        "-sV -p1-1000 10.24.0.5",
        "-sV -p22,25,53,80,8080 10.20.0.0/29",
        "-sC -p80 10.20.0.5",
        "-6 -sC -p80 2001:db8:20::5",
        "-sC -p22 10.20.0.0/30",
        "-sT -sV -p22,80 10.20.0.9",
        "-Pn -p1-20 10.21.0.5",
        "-Pn -p1-20 --max-retries 0 10.21.0.5",
        "-Pn -sU -p1-20 10.21.0.5",
        "-sn 10.20.0.0/28",
        "-sn 10.20.0.5",
        "-sn -PS22,80,443 10.20.0.0/28",
        "-sn -PU 10.20.0.0/28",
        "-sn -PY 10.20.0.0/29",
        "-sn -PO 10.20.0.0/29",
        "-sn -PM 10.20.0.0/29",
        "-sn -PE -PP 10.20.0.0/28",
        "-sn -PA80 10.20.0.0/28",
        "-sn 10.20.0.0/24",
        "-sn --traceroute 10.20.0.0/29",
        "-6 -sn 2001:db8:20::/124",
        "-p22,80 10.20.0.5",
        "-p22,80 10.20.0.0/24",
        "10.20.0.5",
        "10.22.0.5",
        "-p- 10.20.0.5",
        "-F 10.20.0.0/28",
        "-F -T4 10.20.0.0/27",
        "-F --max-rate 200 10.20.0.5",
        "-Pn 10.22.0.5",
        "-Pn -F 10.23.0.5",
        "-p1-100 10.24.0.0/28",
        "-sT 10.20.0.5",
        "-sT -F 10.20.0.0/28",
        "-sT -Pn -F 10.22.0.5",
        "-sA -F 10.20.0.5",
        "-sF -F 10.20.0.5",
        "-sX -F 10.22.0.5",
        "-sW -p1-200 10.24.0.5",
        "-sY -F 10.20.0.5",
        "-sY -p1-50 10.22.0.5",
        "-sZ -p1-50 10.20.0.0/30",
        "-sO 10.20.0.5",
        "-sO -p1,2,6,17 10.22.0.5",
        "-sU -F 10.20.0.0/29",
        "-sU -F 10.20.0.5",
        "-sU -p53,123,161 10.22.0.5",
        "-sU -p53,67-69,111,123,137,161 10.24.0.5",
        "-sS -sU -p T:1-100,U:50-60 10.20.0.5",
        "--script banner -p22 10.20.0.5",
        "--script http-title,http-headers -p80 10.20.0.0/28",
        "--script ssh-hostkey,banner -F 10.20.0.5",
        "--script http-enum -p80 10.20.0.5",
        "-p80 --traceroute 10.20.0.5",
        "-6 -F 2001:db8:20::5",
        "-6 -sU -p53,123,161 2001:db8:20::5",
        "-sn -PE 10.23.0.0/29",
        "-sM -p1-100 10.20.0.5",
        "-sN -p1-100 10.20.0.0/30",
        "--script banner -p22,25 --max-hostgroup 4 10.20.0.0/28",
        "-p1-40 --scan-delay 20ms 10.20.0.5",
        "-p80 --script=safe_and_http-h* 10.20.0.5",
    ];

    /// <summary>Where nobody answers, so that nothing follows discovery.</summary>
    private static readonly string[] Unanswered =
    [
        "-sn -PE 10.21.0.0/28",
        "-sn -PS9 -PA9 10.21.0.0/29",
        "-sn 10.21.0.0/24",
        "-sn -PU -PY 10.21.0.0/28",
        "-F 10.21.0.5",
        "-sS -sU -A -T4 -p T:1-1000,U:53 10.21.0.0/27",
        "-6 -sn 2001:db8:21::/124",
    ];

    [Fact]
    public async Task Scans_stay_inside_the_scope_and_near_the_estimate()
    {
        var wrong = new ConcurrentBag<string>();
        var ratios = new ConcurrentBag<double>();
        var left = new ConcurrentQueue<string>([.. Unanswered, .. Scans]);
        await Task.WhenAll(Enumerable.Range(1, 8).Select(async number =>
        {
            await using var lane = await ScanLane.Raise(number);
            while (left.TryDequeue(out var line))
            {
                var plan = new NmapTool().Plan(["nmap", .. line.Split(' ').Select(word => word.Replace('_', ' '))], new(NmapHere.Inventory)).Value;
                var (packets, output) = await lane.Scan(plan.Argv);
                output.ShouldContain("Nmap done", Case.Sensitive, $"{line}: {output}");
                var sent = packets.Values.Sum();
                var estimated = Unanswered.Contains(line) ? plan.EstimatedPacketsUnanswered ?? 0 : plan.EstimatedPackets;
                ratios.Add((double)estimated / sent);
                // With what was sent where, and what nmap said: a scan that went another way is seen once, and not again.
                if (sent > 2 * estimated || estimated > 2 * sent)
                    wrong.Add(Text($"{line}: {estimated} estimated, {sent} sent: {string.Join(", ", packets.Take(20).Select(packet => $"{packet.Value} of {packet.Key}"))}\n{output}"));
                foreach (var (packet, count) in packets.Where(packet => !Inside(packet.Key, plan.Scope)).Take(3))
                    wrong.Add(Text($"{line}: {count} of {packet} outside the scope"));
            }
        }));
        wrong.ShouldBeEmpty();
        if (Environment.GetEnvironmentVariable("WRIT_TEST_REPORT") is { Length: > 0 } report)
            await File.AppendAllTextAsync(report, Text($"nmap: {ratios.Count} scans counted on the wire; the estimates were {ratios.Min():0.00} to {ratios.Max():0.00} of what was sent\n"), TestContext.Current.CancellationToken);
    }

    /// <summary>As the fence has it: every address at every port, ICMP by type, other protocols whole.</summary>
    private static bool Inside(Sent packet, NetworkScope scope) =>
        scope.Addresses.Contains(packet.To) && packet.Protocol switch
        {
            6 => scope.Tcp.Contains(packet.Port),
            17 => scope.Udp.Contains(packet.Port),
            132 => scope.Sctp.Contains(packet.Port),
            1 when packet.To.IsV4 => (scope.Icmp && packet.Port is 8 or 13) || scope.IcmpTypes.Contains(packet.Port),
            58 when !packet.To.IsV4 => (scope.Icmp && packet.Port is 128) || scope.IcmpTypes.Contains(packet.Port),
            _ => scope.Protocols.Contains(packet.Protocol),
        };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
