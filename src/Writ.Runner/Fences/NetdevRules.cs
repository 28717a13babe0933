using System.Globalization;
using Writ.Proof.Statements;

namespace Writ.Runner.Fences;

/// <summary>
/// The rules of one run as text for <c>nft</c>: one table at the netdev hooks of both ends, so that a packet is either handed
/// to a device or dropped, and never enters the host's stack. Everything is closed: the sets are empty, there is no next hop,
/// and the clock drops. <see cref="NetdevFence"/> fills in what a run may reach.
/// </summary>
internal static class NetdevRules
{
    /// <summary>The permanent drop: whatever a link of this prefix says, the host itself does not hear, and says nothing to it.</summary>
    public static string Guard(string prefix) => $$"""
        add table inet {{prefix}}
        delete table inet {{prefix}}
        table inet {{prefix}} {
          chain in { type filter hook prerouting priority -400; policy accept;
            iifname "{{prefix}}-*" drop
          }
          chain out { type filter hook output priority -400; policy accept;
            oifname "{{prefix}}-*" drop
          }
        }

        """;

    /// <summary>The rules of a place, to be loaded before its link comes up.</summary>
    public static string Of(FencePlace place)
    {
        var own4 = place.Address4 ?? "0.0.0.0";
        var own6 = place.Address6 ?? "::";
        // Where the address is the uplink's own: what the run has sent from says which answers are its own; all else is the host's.
        var (shared, apart) = place.IsShared ? ("", "#") : ("#", "");
        string Mine(string protocol) => place.IsShared ? $"{protocol} . th dport @own_ports " : "";
        string Asked(string family) => place.IsShared ? $"@th,32,16 @own_asks{family} " : "";
        return $$"""
            table netdev {{place.Name}} {
              set to4 { type ipv4_addr; flags interval,timeout; }
              set to6 { type ipv6_addr; flags interval,timeout; }
              set ports_tcp { type inet_service; flags interval,timeout; }
              set ports_udp { type inet_service; flags interval,timeout; }
              set ports_sctp { type inet_service; flags interval,timeout; }
              set protocols { type inet_proto; flags interval,timeout; }
              set ask4 { type icmp_type; flags timeout; }
              set ask6 { type icmpv6_type; flags timeout; }
              map hop4 { type ipv4_addr : verdict; flags interval; }
              map hop6 { type ipv6_addr : verdict; flags interval; }
              map zone_passed4 { type ipv4_addr : counter; flags interval; }
              map zone_passed6 { type ipv6_addr : counter; flags interval; }
              map zone_dropped4 { type ipv4_addr : counter; flags interval; }
              map zone_dropped6 { type ipv6_addr : counter; flags interval; }
              set last { type ether_type; flags dynamic,timeout; size 4; }
              set spent { type ether_type; flags dynamic,timeout; size 4; }
              set over { type ether_type; flags dynamic,timeout; size 4; }
              set refused4 { type ipv4_addr . inet_proto . inet_service; flags dynamic; size 4096; }
              set refused6 { type ipv6_addr . inet_proto . inet_service; flags dynamic; size 4096; }
              set portless4 { type ipv4_addr . inet_proto; flags dynamic; size 1024; }
              set portless6 { type ipv6_addr . inet_proto; flags dynamic; size 1024; }
              {{shared}}set own_ports { type inet_proto . inet_service; flags dynamic,timeout; size 131072; timeout 2m; }
              {{shared}}set own_asks4 { typeof udp length; flags dynamic,timeout; size 65536; timeout 2m; }
              {{shared}}set own_asks6 { typeof udp length; flags dynamic,timeout; size 65536; timeout 2m; }
              counter passed { }
              counter unrouted { }
              counter refused { }
              counter unlisted { }
              counter over_budget { }
              counter late { }
              counter noise { }
              counter returned { }
              counter refused_back { }

              chain clock {
                drop
              }
              chain late {
                counter name late drop
              }

              chain sent4 {
                counter name ip daddr map @zone_passed4
                counter name passed update @last { meta protocol timeout 30d }
              }
              chain sent6 {
                counter name ip6 daddr map @zone_passed6
                counter name passed update @last { meta protocol timeout 30d }
              }
              chain dropped {
                counter name ip daddr map @zone_dropped4
                counter name ip6 daddr map @zone_dropped6
              }

              chain over {
                jump dropped
                add @over { meta protocol timeout 30d }
                counter name over_budget drop
              }
              chain spent {
                add @spent { meta protocol timeout 30d }
                goto over
              }
              chain spend {
              }

              chain pass4 {
                jump spend
                {{shared}}ip protocol { tcp, udp, sctp } update @own_ports { ip protocol . th sport }
                {{shared}}ip protocol icmp update @own_asks4 { @th,32,16 }
                ip daddr vmap @hop4
                jump dropped
                counter name unrouted drop
              }
              chain scoped4 {
                ip protocol tcp th dport @ports_tcp goto pass4
                ip protocol udp th dport @ports_udp goto pass4
                ip protocol sctp th dport @ports_sctp goto pass4
                ip protocol icmp icmp type @ask4 goto pass4
                ip protocol icmp icmp type destination-unreachable counter name noise drop
                ip protocol @protocols goto pass4
                goto refuse4
              }
              chain refuse4 {
                jump dropped
                ip frag-off & 0x1fff == 0 ip protocol { tcp, udp, sctp } update @refused4 { ip daddr . ip protocol . th dport counter } counter name refused drop
                update @portless4 { ip daddr . ip protocol counter } counter name refused drop
                counter name refused counter name unlisted drop
              }
              chain out4 {
                @nh,0,8 0x45 ip frag-off & 0x3fff == 0 ip saddr {{own4}} ip daddr @to4 goto scoped4
                goto refuse4
              }

              chain pass6 {
                jump spend
                {{shared}}ip6 nexthdr { tcp, udp, sctp } update @own_ports { ip6 nexthdr . th sport }
                {{shared}}ip6 nexthdr ipv6-icmp update @own_asks6 { @th,32,16 }
                ip6 daddr vmap @hop6
                jump dropped
                counter name unrouted drop
              }
              chain scoped6 {
                ip6 nexthdr tcp th dport @ports_tcp goto pass6
                ip6 nexthdr udp th dport @ports_udp goto pass6
                ip6 nexthdr sctp th dport @ports_sctp goto pass6
                ip6 nexthdr ipv6-icmp icmpv6 type @ask6 goto pass6
                ip6 nexthdr ipv6-icmp icmpv6 type destination-unreachable counter name noise drop
                ip6 nexthdr { 0, 43, 44, 60 } goto refuse6
                ip6 nexthdr @protocols goto pass6
                goto refuse6
              }
              chain refuse6 {
                ip6 daddr ff02::/16 icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } counter name noise drop
                jump dropped
                ip6 nexthdr { tcp, udp, sctp } update @refused6 { ip6 daddr . ip6 nexthdr . th dport counter } counter name refused drop
                update @portless6 { ip6 daddr . ip6 nexthdr counter } counter name refused drop
                counter name refused counter name unlisted drop
              }
              chain out6 {
                ip6 version 6 ip6 saddr {{own6}} ip6 daddr @to6 goto scoped6
                goto refuse6
              }

              chain out { type filter hook ingress device "{{place.Name}}" priority -500; policy drop;
                jump late
                ether type ip jump out4
                ether type ip6 jump out6
                counter name refused counter name unlisted drop
              }

              chain errors4 {
              }
              chain errors6 {
              }
              chain give4 {
                {{shared}}jump clock
                counter name returned fwd ip to {{own4}} device "{{place.Name}}"
              }
              chain back4 {
                {{apart}}jump clock
                ip protocol tcp ip saddr @to4 th sport @ports_tcp {{Mine("ip protocol")}}goto give4
                ip protocol udp ip saddr @to4 th sport @ports_udp {{Mine("ip protocol")}}goto give4
                ip protocol sctp ip saddr @to4 th sport @ports_sctp {{Mine("ip protocol")}}goto give4
                ip protocol icmp ip saddr @to4 icmp type { echo-reply, timestamp-reply, address-mask-reply } {{Asked("4")}}goto give4
                ip protocol @protocols ip saddr @to4 goto give4
                ip protocol icmp icmp type { destination-unreachable, time-exceeded, parameter-problem } @th,160,32 {{Hex(own4)}} {{(place.IsShared ? "jump errors4" : "goto give4")}}
                {{apart}}counter name refused_back drop
              }
              chain give6 {
                {{shared}}jump clock
                counter name returned fwd ip6 to {{own6}} device "{{place.Name}}"
              }
              chain back6 {
                ip6 nexthdr ipv6-icmp icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } return
                {{apart}}jump clock
                ip6 nexthdr tcp ip6 saddr @to6 th sport @ports_tcp {{Mine("ip6 nexthdr")}}goto give6
                ip6 nexthdr udp ip6 saddr @to6 th sport @ports_udp {{Mine("ip6 nexthdr")}}goto give6
                ip6 nexthdr sctp ip6 saddr @to6 th sport @ports_sctp {{Mine("ip6 nexthdr")}}goto give6
                ip6 nexthdr ipv6-icmp ip6 saddr @to6 icmpv6 type { echo-reply, 140 } {{Asked("6")}}goto give6
                ip6 nexthdr @protocols ip6 saddr @to6 goto give6
                ip6 nexthdr ipv6-icmp icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } @th,128,128 {{Hex(own6)}} {{(place.IsShared ? "jump errors6" : "goto give6")}}
                {{apart}}counter name refused_back drop
              }
              chain back {
                ip daddr {{own4}} goto back4
                ip6 daddr {{own6}} goto back6
              }
            }

            """;
    }

    /// <summary>
    /// What a budget adds to the rules of a place; once, while they are closed, as the kernel counts in them. What is spent stays
    /// spent. The rate is a wall behind the shaper: a little wider, and not met by what has passed that.
    /// </summary>
    public static string Spend(FencePlace place, Budget budget)
    {
        var rules = new List<string>();
        if (budget.PacketsPerSecond is { } rate)
            rules.Add(Number($"limit rate over {rate + (rate / 10) + 1}/second burst {(rate / 4) + 20} packets goto over"));
        if (budget.Packets is { } packets)
            rules.AddRange(["meta protocol @spent goto spent", Number($"numgen inc mod {uint.MaxValue} >= {packets} goto spent")]);
        if (budget.Bytes is { } bytes)
            rules.Add(Number($"quota over {bytes} bytes goto spent"));
        return $$"""
            table netdev {{place.Name}} {
              chain spend {
                {{string.Join("\n    ", rules)}}
              }
            }

            """;
    }

    /// <summary>
    /// What a place has that captures: on each of these devices, both ways, what comes from or goes to the scope is copied to the run's link, and
    /// passes on as if nobody looked. Nothing is copied until <see cref="NetdevFence"/> has filled the sets and <c>copying</c>.
    /// </summary>
    public static string Capture(FencePlace place, IEnumerable<string> devices) => $$"""
        table netdev {{place.Name}} {
          chain nothing {
          }
          chain copy {
            counter name returned dup to "{{place.Name}}"
            return
          }
          chain look {
            {{string.Join("\n    ", Looks("ip", "ip protocol", "4").Concat(Looks("ip6", "ip6 nexthdr", "6")))}}
          }
          chain copying {
          }
          {{string.Join("\n  ", devices.SelectMany((device, at) => (string[])
            [
                $"chain seen-in-{at} {{ type filter hook ingress device \"{device}\" priority -600; policy accept; jump copying; }}",
                $"chain seen-out-{at} {{ type filter hook egress device \"{device}\" priority 600; policy accept; jump copying; }}",
            ]))}}
        }

        """;

    private static IEnumerable<string> Looks(string family, string protocol, string number) =>
        from way in ((string End, string Port)[])[("saddr", "sport"), ("daddr", "dport")]
        from rule in (string[])[.. ((string[])["tcp", "udp", "sctp"]).Select(kind => $"{protocol} {kind} th {way.Port} @ports_{kind}"), $"{protocol} @protocols"]
        select $"{family} {way.End} @to{number} {rule} goto copy";

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Hex(string address) =>
        "0x" + Convert.ToHexStringLower(System.Net.IPAddress.Parse(address).GetAddressBytes());
}
