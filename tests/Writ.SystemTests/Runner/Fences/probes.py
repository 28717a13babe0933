"""Crafted frames, each with its name in it, sent from one network device.

usage: probes.py DEVICE DESTINATION-MAC IPV4-SOURCE IPV6-SOURCE MARK [NAME...]

The scope that they are about: 10.20.0.8/30 and 2001:db8:20::8/126, tcp 22 and 80, udp 53, sctp 2905, ICMP.
A name that begins with "in-" is in scope. Sends each frame twice, once past the queueing discipline; prints the names. The mark tells them from those of others.
"""

import socket
import struct
import sys

DEVICE, MAC, SOURCE4, SOURCE6, MARK = sys.argv[1:6]
INSIDE4, OUTSIDE4 = "10.20.0.9", "10.20.0.77"
INSIDE6, OUTSIDE6 = "2001:db8:20::9", "2001:db8:20::77"
TCP, UDP, SCTP, ICMP, ICMP6 = 6, 17, 132, 1, 58


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def raw4(text):
    return socket.inet_pton(socket.AF_INET, text)


def raw6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def tcp(port, source, target, name, sport=40000):
    body = struct.pack("!HHIIBBHHH", sport, port, 1, 0, 5 << 4, 2, 1024, 0, 0) + name
    return body[:16] + struct.pack("!H", checksum(pseudo(source, target, TCP, body) + body)) + body[18:]


def udp(port, source, target, name, sport=40000, protocol=UDP):
    body = struct.pack("!HHHH", sport, port, 8 + len(name), 0) + name
    return body[:6] + struct.pack("!H", checksum(pseudo(source, target, protocol, body) + body)) + body[8:]


def sctp(port, name):
    return struct.pack("!HHII", 40000, port, 0, 0) + struct.pack("!BBH", 1, 0, 4 + len(name)) + name


def icmp(kind, code, name):
    body = struct.pack("!BBHHH", kind, code, 0, 1, 1) + name
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def icmp6(kind, source, target, name, rest=b"\0\1\0\1"):
    body = struct.pack("!BBH", kind, 0, 0) + rest + name
    return body[:2] + struct.pack("!H", checksum(pseudo(source, target, ICMP6, body) + body)) + body[4:]


def pseudo(source, target, protocol, body):
    if ":" in source:
        return raw6(source) + raw6(target) + struct.pack("!II", len(body), protocol)
    return raw4(source) + raw4(target) + struct.pack("!HH", protocol, len(body))


def ip4(target, protocol, body, source=None, options=b"", fragment=0, ttl=60, first=None, length=None):
    head = struct.pack(
        "!BBHHHBBH", first or (4 << 4 | (5 + len(options) // 4)), 0, length or 20 + len(options) + len(body), 7, fragment, ttl, protocol, 0
    )
    head += raw4(source or SOURCE4) + raw4(target) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def ip6(target, header, body, source=None, hops=60):
    return struct.pack("!IHBB", 6 << 28, len(body), header, hops) + raw6(source or SOURCE6) + raw6(target) + body


def frame(kind, payload, target=None):
    return mac(target or MAC) + mac("02:00:00:00:00:77") + struct.pack("!H", kind) + payload


def v4(payload, target=None):
    return frame(0x0800, payload, target)


def v6(payload, target=None):
    return frame(0x86DD, payload, target)


def tcp4(target, port, name, **more):
    return ip4(target, TCP, tcp(port, more.get("source") or SOURCE4, target, name), **more)


def tcp6(target, port, name, source=None):
    return ip6(target, TCP, tcp(port, source or SOURCE6, target, name), source)


def udp4(target, port, name):
    return ip4(target, UDP, udp(port, SOURCE4, target, name))


def extended(header, name, rest=b"\0" * 6):
    """An extension header in front of TCP to a host in scope."""
    return ip6(INSIDE6, header, struct.pack("!BB", TCP, 0) + rest + tcp(22, SOURCE6, INSIDE6, name))


def route(kind, hop):
    return struct.pack("!BBB", kind, 7, 4) + raw4(hop) + b"\0"


BROADCAST = "ff:ff:ff:ff:ff:ff"
INNER4 = ip4(OUTSIDE4, TCP, tcp(22, SOURCE4, OUTSIDE4, b"inner"))

PROBES = {
    "in-tcp4": lambda n: v4(tcp4(INSIDE4, 22, n)),
    "in-udp4": lambda n: v4(udp4(INSIDE4, 53, n)),
    "in-sctp4": lambda n: v4(ip4(INSIDE4, SCTP, sctp(2905, n))),
    "in-echo4": lambda n: v4(ip4(INSIDE4, ICMP, icmp(8, 0, n))),
    "in-timestamp4": lambda n: v4(ip4(INSIDE4, ICMP, icmp(13, 0, n + b"\0" * 12))),
    "in-tcp6": lambda n: v6(tcp6(INSIDE6, 80, n)),
    "in-udp6": lambda n: v6(ip6(INSIDE6, UDP, udp(53, SOURCE6, INSIDE6, n))),
    "in-echo6": lambda n: v6(ip6(INSIDE6, ICMP6, icmp6(128, SOURCE6, INSIDE6, n))),
    "in-forged-link-addresses": lambda n: v4(tcp4(INSIDE4, 22, n), "02:de:ad:be:ef:01"),
    # Other addresses and ports.
    "address": lambda n: v4(tcp4(OUTSIDE4, 22, n)),
    "address-below": lambda n: v4(tcp4("10.20.0.7", 22, n)),
    "address-above": lambda n: v4(tcp4("10.20.0.12", 22, n)),
    "network": lambda n: v4(tcp4("10.30.0.9", 22, n)),
    "port": lambda n: v4(tcp4(INSIDE4, 23, n)),
    "port-0": lambda n: v4(tcp4(INSIDE4, 0, n)),
    "port-of-another-protocol": lambda n: v4(tcp4(INSIDE4, 53, n)),
    "udp-to-a-tcp-port": lambda n: v4(udp4(INSIDE4, 22, n)),
    "sctp-to-a-tcp-port": lambda n: v4(ip4(INSIDE4, SCTP, sctp(22, n))),
    "udp-elsewhere": lambda n: v4(udp4(OUTSIDE4, 53, n)),
    "broadcast-of-the-network": lambda n: v4(udp4("10.20.0.255", 53, n), BROADCAST),
    "broadcast-of-all": lambda n: v4(udp4("255.255.255.255", 53, n), BROADCAST),
    "multicast": lambda n: v4(udp4("224.0.0.251", 5353, n), "01:00:5e:00:00:fb"),
    "broadcast-frame": lambda n: v4(tcp4(OUTSIDE4, 22, n), BROADCAST),
    # The host's own addresses and what is beside it.
    "host": lambda n: v4(tcp4("10.99.0.1", 22, n)),
    "gateway": lambda n: v4(tcp4("10.99.0.2", 22, n)),
    "link-local": lambda n: v4(tcp4("169.254.1.1", 22, n)),
    "loopback": lambda n: v4(tcp4("127.0.0.1", 22, n)),
    # Sources that are not the run's.
    "decoy": lambda n: v4(tcp4(INSIDE4, 22, n, source="10.20.0.200")),
    "source-of-the-host": lambda n: v4(tcp4(INSIDE4, 22, n, source="10.99.0.1")),
    "source-of-the-gateway": lambda n: v4(tcp4(INSIDE4, 22, n, source="10.99.0.2")),
    "source-of-nobody": lambda n: v4(tcp4(INSIDE4, 22, n, source="0.0.0.0")),
    "source-of-the-target": lambda n: v4(tcp4(INSIDE4, 22, n, source=INSIDE4)),
    "source-of-another-run": lambda n: v4(tcp4(INSIDE4, 22, n, source="10.99.255.254")),
    # ICMP beyond echo and timestamp.
    "echo-elsewhere": lambda n: v4(ip4(OUTSIDE4, ICMP, icmp(8, 0, n))),
    "echo-reply": lambda n: v4(ip4(INSIDE4, ICMP, icmp(0, 0, n))),
    "redirect": lambda n: v4(ip4(INSIDE4, ICMP, icmp(5, 1, n + INNER4))),
    "unreachable": lambda n: v4(ip4(INSIDE4, ICMP, icmp(3, 3, n + INNER4))),
    "address-mask": lambda n: v4(ip4(INSIDE4, ICMP, icmp(17, 0, n))),
    "router-solicitation": lambda n: v4(ip4(INSIDE4, ICMP, icmp(10, 0, n))),
    # Options.
    "loose-route": lambda n: v4(tcp4(INSIDE4, 22, n, options=route(131, OUTSIDE4))),
    "strict-route": lambda n: v4(tcp4(INSIDE4, 22, n, options=route(137, OUTSIDE4))),
    "record-route": lambda n: v4(tcp4(INSIDE4, 22, n, options=route(7, "0.0.0.0"))),
    "empty-options": lambda n: v4(tcp4(INSIDE4, 22, n, options=b"\1\1\1\1")),
    "most-options": lambda n: v4(tcp4(INSIDE4, 22, n, options=b"\1" * 40)),
    # Fragments.
    "first-fragment": lambda n: v4(tcp4(INSIDE4, 22, n, fragment=0x2000)),
    "later-fragment": lambda n: v4(tcp4(INSIDE4, 22, n, fragment=0x0003)),
    "last-fragment-of-nothing": lambda n: v4(tcp4(INSIDE4, 22, n, fragment=0x1FFF)),
    "overwriting-fragment": lambda n: v4(ip4(INSIDE4, TCP, b"\0\x17" + n, fragment=0x0001)),
    "tiny-fragment": lambda n: v4(ip4(INSIDE4, TCP, tcp(22, SOURCE4, INSIDE4, b"")[:8] + n, fragment=0x2000)),
    # Tags and other ways to wrap a frame.
    "vlan": lambda n: frame(0x8100, struct.pack("!HH", 5, 0x0800) + tcp4(INSIDE4, 22, n)),
    "vlan-0": lambda n: frame(0x8100, struct.pack("!HH", 0, 0x0800) + tcp4(INSIDE4, 22, n)),
    "vlan-elsewhere": lambda n: frame(0x8100, struct.pack("!HH", 5, 0x0800) + tcp4(OUTSIDE4, 22, n)),
    "vlan6": lambda n: frame(0x8100, struct.pack("!HH", 5, 0x86DD) + tcp6(INSIDE6, 80, n)),
    "qinq": lambda n: frame(0x88A8, struct.pack("!HHHH", 5, 0x8100, 6, 0x0800) + tcp4(INSIDE4, 22, n)),
    "double-vlan": lambda n: frame(0x8100, struct.pack("!HHHH", 5, 0x8100, 6, 0x0800) + tcp4(INSIDE4, 22, n)),
    "mpls": lambda n: frame(0x8847, struct.pack("!I", 16 << 12 | 1 << 8 | 60) + tcp4(OUTSIDE4, 22, n)),
    "pppoe": lambda n: frame(0x8864, struct.pack("!BBHHH", 0x11, 0, 1, 60, 0x21) + tcp4(OUTSIDE4, 22, n)),
    "snap": lambda n: (lambda p: frame(len(p), p))(b"\xaa\xaa\3\0\0\0\x08\0" + tcp4(INSIDE4, 22, n)),
    "ethertype-of-nobody": lambda n: frame(0x9999, tcp4(INSIDE4, 22, n)),
    "lldp": lambda n: frame(0x88CC, n, "01:80:c2:00:00:0e"),
    "rarp": lambda n: frame(0x8035, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 3) + n * 2),
    "wake-on-lan": lambda n: frame(0x0842, b"\xff" * 6 + n, BROADCAST),
    # Tunnels to a host in scope.
    "ipip": lambda n: v4(ip4(INSIDE4, 4, INNER4 + n)),
    "gre": lambda n: v4(ip4(INSIDE4, 47, struct.pack("!HH", 0, 0x0800) + INNER4 + n)),
    "six-in-four": lambda n: v4(ip4(INSIDE4, 41, tcp6(OUTSIDE6, 22, n))),
    "esp": lambda n: v4(ip4(INSIDE4, 50, struct.pack("!II", 1, 1) + n)),
    "ah": lambda n: v4(ip4(INSIDE4, 51, struct.pack("!BBHII", TCP, 1, 0, 1, 1) + tcp(22, SOURCE4, INSIDE4, n))),
    "udp-lite": lambda n: v4(ip4(INSIDE4, 136, udp(53, SOURCE4, INSIDE4, n, protocol=136))),
    "dccp": lambda n: v4(ip4(INSIDE4, 33, struct.pack("!HH", 40000, 22) + b"\0" * 12 + n)),
    "igmp": lambda n: v4(ip4(INSIDE4, 2, struct.pack("!BBHI", 0x16, 0, 0, 0) + n)),
    "ospf": lambda n: v4(ip4(INSIDE4, 89, n)),
    "protocol-0": lambda n: v4(ip4(INSIDE4, 0, n)),
    "protocol-255": lambda n: v4(ip4(INSIDE4, 255, n)),
    # Packets that are not what they say.
    "version-6-in-an-ip-frame": lambda n: v4(tcp6(INSIDE6, 80, n)),
    "version-4-in-an-ipv6-frame": lambda n: v6(tcp4(INSIDE4, 22, n)),
    "version-0": lambda n: v4(tcp4(INSIDE4, 22, n, first=0x05)),
    "short-header": lambda n: v4(tcp4(INSIDE4, 22, n, first=0x44)),
    "long-header": lambda n: v4(tcp4(INSIDE4, 22, n, first=0x4F)),
    "header-alone": lambda n: v4(ip4(INSIDE4, TCP, b"") + n),
    "length-beyond-the-frame": lambda n: v4(tcp4(INSIDE4, 22, n, length=1400)),
    "length-within-the-header": lambda n: v4(tcp4(INSIDE4, 22, n, length=8)),
    # IPv6.
    "address6": lambda n: v6(tcp6(OUTSIDE6, 80, n)),
    "address6-above": lambda n: v6(tcp6("2001:db8:20::c", 80, n)),
    "port6": lambda n: v6(tcp6(INSIDE6, 81, n)),
    "udp6-to-a-tcp-port": lambda n: v6(ip6(INSIDE6, UDP, udp(80, SOURCE6, INSIDE6, n))),
    "source6": lambda n: v6(tcp6(INSIDE6, 80, n, source="2001:db8:20::200")),
    "source6-of-the-host": lambda n: v6(tcp6(INSIDE6, 80, n, source="fd99::1")),
    "source6-of-the-link": lambda n: v6(tcp6(INSIDE6, 80, n, source="fe80::2")),
    "host6": lambda n: v6(tcp6("fd99::1", 22, n)),
    "gateway6": lambda n: v6(tcp6("fd99::2", 22, n)),
    "link-local6": lambda n: v6(tcp6("fe80::1", 22, n)),
    "mapped6": lambda n: v6(tcp6("::ffff:10.20.0.77", 80, n)),
    "all-nodes6": lambda n: v6(ip6("ff02::1", ICMP6, icmp6(128, SOURCE6, "ff02::1", n)), "33:33:00:00:00:01"),
    "hop-by-hop": lambda n: v6(extended(0, n, b"\1\4\0\0\0\0")),
    "destination-options": lambda n: v6(extended(60, n, b"\1\4\0\0\0\0")),
    "routing-header": lambda n: v6(ip6(INSIDE6, 43, struct.pack("!BBBBI", TCP, 2, 0, 1, 0) + raw6(OUTSIDE6) + tcp(80, SOURCE6, OUTSIDE6, n))),
    "segment-routing": lambda n: v6(ip6(INSIDE6, 43, struct.pack("!BBBBBBH", TCP, 2, 4, 1, 0, 0, 0) + raw6(OUTSIDE6) + tcp(80, SOURCE6, OUTSIDE6, n))),
    "fragment6": lambda n: v6(ip6(INSIDE6, 44, struct.pack("!BBHI", TCP, 0, 1, 7) + tcp(80, SOURCE6, INSIDE6, n))),
    "atomic-fragment6": lambda n: v6(ip6(INSIDE6, 44, struct.pack("!BBHI", TCP, 0, 0, 7) + tcp(80, SOURCE6, INSIDE6, n))),
    "authentication6": lambda n: v6(ip6(INSIDE6, 51, struct.pack("!BBHII", TCP, 1, 0, 1, 1) + tcp(80, SOURCE6, INSIDE6, n))),
    "no-next-header": lambda n: v6(ip6(INSIDE6, 59, n)),
    "four-in-six": lambda n: v6(ip6(INSIDE6, 4, INNER4 + n)),
    "six-in-six": lambda n: v6(ip6(INSIDE6, 41, tcp6(OUTSIDE6, 80, n))),
    "gre6": lambda n: v6(ip6(INSIDE6, 47, struct.pack("!HH", 0, 0x86DD) + tcp6(OUTSIDE6, 80, n))),
    "echo6-elsewhere": lambda n: v6(ip6(OUTSIDE6, ICMP6, icmp6(128, SOURCE6, OUTSIDE6, n))),
    "echo-reply6": lambda n: v6(ip6(INSIDE6, ICMP6, icmp6(129, SOURCE6, INSIDE6, n))),
    "node-information": lambda n: v6(ip6(INSIDE6, ICMP6, icmp6(139, SOURCE6, INSIDE6, n))),
    "packet-too-big": lambda n: v6(ip6(INSIDE6, ICMP6, icmp6(2, SOURCE6, INSIDE6, n))),
    # What links say to each other.
    "arp-question": lambda n: frame(0x0806, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac("02:00:00:00:00:77") + raw4(SOURCE4) + b"\0" * 6 + raw4("10.99.0.2") + n, BROADCAST),
    "arp-forgery": lambda n: frame(0x0806, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + mac("02:00:00:00:00:77") + raw4("10.99.0.2") + mac(MAC) + raw4("10.99.0.1") + n),
    "router-advertisement": lambda n: v6(ip6("ff02::1", ICMP6, icmp6(134, "fe80::77", "ff02::1", n, b"\x40\0\7\x08" + b"\0" * 8), "fe80::77", 255), "33:33:00:00:00:01"),
    "neighbour-solicitation": lambda n: v6(ip6("ff02::1:ff00:2", ICMP6, icmp6(135, SOURCE6, "ff02::1:ff00:2", n, b"\0" * 4 + raw6("fd99::2")), None, 255), "33:33:ff:00:00:02"),
    "neighbour-advertisement": lambda n: v6(ip6("fd99::1", ICMP6, icmp6(136, "fd99::2", "fd99::1", n, b"\x20\0\0\0" + raw6("fd99::2")), "fd99::2", 255)),
    "redirect6": lambda n: v6(ip6(INSIDE6, ICMP6, icmp6(137, "fe80::77", INSIDE6, n, b"\0" * 4 + raw6(OUTSIDE6) * 2), "fe80::77", 255)),
    "listener-report": lambda n: v6(ip6("ff02::16", ICMP6, icmp6(143, SOURCE6, "ff02::16", n)), "33:33:00:00:00:16"),
}


def main():
    plain = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    plain.bind((DEVICE, 0))
    bypass = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    bypass.setsockopt(socket.SOL_PACKET if hasattr(socket, "SOL_PACKET") else 263, 20, 1)
    bypass.bind((DEVICE, 0))
    for name in sys.argv[6:] or PROBES:
        made = PROBES[name](f"<probe:{name}@{MARK}>".encode())
        for way in (plain, bypass):
            way.send(made)
        print(name)


if __name__ == "__main__":
    main()
