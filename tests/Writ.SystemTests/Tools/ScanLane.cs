using System.Diagnostics;
using Writ.SystemTests.Databases;

namespace Writ.SystemTests.Tools;

/// <summary>
/// Two network namespaces for one scan at a time, joined by one link and by nothing else: Nmap runs in the near one, the
/// far one holds the hosts and counts what arrives.
/// <list type="bullet">
/// <item><c>10.20.0.0/24</c> and <c>2001:db8:20::/64</c>: every host is up with ssh 22, smtp 25, dns 53, http 80 and 8080;</item>
/// <item><c>10.21.0.0/24</c> and <c>2001:db8:21::/64</c>: nobody answers;</item>
/// <item><c>10.22.0.0/24</c>: hosts behind a filter that lets ping, 22 and 80 through;</item>
/// <item><c>10.23.0.0/24</c>: the router says that there is no such host;</item>
/// <item><c>10.24.0.0/24</c>: up, without a service, and sparing with ICMP errors as Linux hosts are.</item>
/// </list>
/// </summary>
internal sealed class ScanLane : IAsyncDisposable
{
    private readonly string _near;
    private readonly string _far;
    private Process? _services;

    private ScanLane(int number)
    {
        var lab = Environment.GetEnvironmentVariable("WRIT_LAB") is { Length: > 0 } name ? name : "test";
        (_near, _far) = ($"writ-{lab}-near{number}", $"writ-{lab}-far{number}");
    }

    /// <summary>Raises one; what a crashed run left of it is removed first.</summary>
    public static async Task<ScanLane> Raise(int number)
    {
        var lane = new ScanLane(number);
        await lane.Remove();
        await Shell($"""
            set -e
            ip netns add {lane._near}
            ip netns add {lane._far}
            for ns in {lane._near} {lane._far}; do
              ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0
              ip -n $ns link set lo up
            done
            ip -n {lane._near} link add far type veth peer name near netns {lane._far}
            ip -n {lane._near} address add 10.99.0.1/24 dev far
            ip -n {lane._near} address add fd99::1/64 dev far nodad
            ip -n {lane._near} link set far up
            ip -n {lane._far} address add 10.99.0.2/24 dev near
            ip -n {lane._far} address add fd99::2/64 dev near nodad
            ip -n {lane._far} link set near up
            ip -n {lane._near} route add 10.16.0.0/12 via 10.99.0.2
            ip -n {lane._near} -6 route add 2001:db8::/32 via fd99::2 dev far
            ip netns exec {lane._far} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0 net.core.somaxconn=4096 net.ipv4.tcp_max_syn_backlog=4096
            for net in 10.20.0.0/24 10.22.0.0/24 10.24.0.0/24; do ip -n {lane._far} route add local $net dev lo; done
            ip -n {lane._far} -6 route add local 2001:db8:20::/64 dev lo
            ip -n {lane._far} route add blackhole 10.21.0.0/24
            ip -n {lane._far} -6 route add blackhole 2001:db8:21::/64
            ip -n {lane._far} route add unreachable 10.23.0.0/24
            ip netns exec {lane._far} nft -f - <<'END'
            table ip lane {"{"}
              chain in {"{"}
                type filter hook input priority 0
                ip daddr 10.22.0.0/24 tcp dport != {"{"} 22, 80 {"}"} drop
                ip daddr 10.22.0.0/24 udp dport != 53 drop
                ip daddr 10.24.0.0/24 tcp dport {"{"} 22, 25, 53, 80, 8080 {"}"} reject with tcp reset
                ip daddr 10.24.0.0/24 udp dport != 53 limit rate over 1/second burst 6 packets drop
              {"}"}
            {"}"}
            END
            """);
        lane._services = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", lane._far, "/usr/bin/python3", "-I", "-u", Services()]) { RedirectStandardOutput = true })!;
        (await lane._services.StandardOutput.ReadLineAsync()).ShouldBe("ready");
        return lane;
    }

    /// <summary>Runs an argv as the runner would, and counts what left for the far side.</summary>
    public async Task<(IReadOnlyDictionary<Sent, int> Packets, string Output)> Scan(IReadOnlyList<string> argv)
    {
        using var capture = await PacketCapture.Start(_far, "near");
        var start = new ProcessStartInfo("ip", ["netns", "exec", _near, "/usr/bin/nmap", .. argv.Skip(1)]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        using var nmap = Process.Start(start)!;
        var errors = nmap.StandardError.ReadToEndAsync();
        var output = await nmap.StandardOutput.ReadToEndAsync();
        await nmap.WaitForExitAsync();
        return (capture.Stop(), output + await errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is { } services)
        {
            services.Kill(entireProcessTree: true);
            await services.WaitForExitAsync();
            services.Dispose();
        }

        await Remove();
    }

    private Task<string> Remove() => Shell($"for ns in {_near} {_far}; do ! [ -e /run/netns/$ns ] || ip netns delete $ns; done");

    private static Task<string> Shell(string script) => Commands.Run("bash", "-c", script);

    private static string Services()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "lab", "services.py")))
            folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? throw new InvalidOperationException("lab/services.py is not above the tests"), "lab", "services.py");
    }
}
