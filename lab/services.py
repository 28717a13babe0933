#!/usr/bin/python3
"""The services of the pretend company: ssh, smtp, http and dns on every address of its networks.

lab/up starts one of these in the company's network namespace, where whole networks are local
(AnyIP), so each service is bound once, to the wildcard, and looks at the address that the client
asked for. They speak enough of each protocol for a scanner to recognise it, and no more: no one
can sign in, send mail or upload a file.

Every read has a limit and every connection a deadline. Nothing that a client sends ends the program.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import resource
import socket
import struct
import sys

SSH_PORT, SMTP_PORT, DNS_PORT = 22, 25, 53
HTTP_PORTS = {80: "home", 8080: "admin"}

NETWORKS = {
    ipaddress.ip_network("10.20.0.0/24"): "staging",
    ipaddress.ip_network("2001:db8:20::/64"): "staging",
    ipaddress.ip_network("10.30.0.0/24"): "production",
}
DOMAIN = "example.com"
# Last number of the address. Every other address N of a network is called host-N.
HOSTS = {"web1": 5, "web2": 6, "mail": 25, "db1": 40, "ns": 53}

READ_SECONDS = 15
CONNECTION_SECONDS = 60
MAX_CONNECTIONS = 8192
MAX_LINE = 8192

log = logging.getLogger("services")


def network_of(address):
    """The name of the network that holds the address; "lab" for the link between the two namespaces."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return next((name for net, name in NETWORKS.items() if ip in net), "lab")


# --- tcp -----------------------------------------------------------------------------------------


class Connection:
    """One client. Its reads raise TimeoutError after a silence and EOFError at the end of the stream."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.address, self.port = writer.get_extra_info("sockname")[:2]
        self.network = network_of(self.address)

    async def line(self):
        """One line without its end. A line over MAX_LINE raises ValueError."""
        data = await asyncio.wait_for(self._reader.readline(), READ_SECONDS)
        if not data:
            raise EOFError
        return data.rstrip(b"\r\n")

    async def exactly(self, count):
        return await asyncio.wait_for(self._reader.readexactly(count), READ_SECONDS)

    async def send(self, data):
        self._writer.write(data if isinstance(data, bytes) else data.encode("ascii"))
        await asyncio.wait_for(self._writer.drain(), READ_SECONDS)

    async def finish(self):
        """Ends our half, then takes what is still under way, so that the last answer is not lost to a reset."""
        self._writer.write_eof()
        for _ in range(64):
            if not await asyncio.wait_for(self._reader.read(MAX_LINE), 2):
                return


def guarded(service):
    """Wraps a service with what all share: the limit of connections, the deadline, and a quiet end."""

    async def serve(reader, writer):
        guarded.open += 1
        try:
            if guarded.open <= MAX_CONNECTIONS:
                connection = Connection(reader, writer)
                await asyncio.wait_for(service(connection), CONNECTION_SECONDS)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError, asyncio.LimitOverrunError):
            pass  # the client's doing: it left, fell silent, or spoke nonsense
        except Exception:  # pylint: disable=broad-except
            log.exception("%s", service.__name__)
        finally:
            guarded.open -= 1
            writer.close()

    return serve


guarded.open = 0


def ssh_packet(payload):
    """An unencrypted binary packet of RFC 4253, section 6."""
    padding = 8 - (5 + len(payload)) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + os.urandom(padding)


def ssh_string(text):
    data = text.encode("ascii")
    return struct.pack(">I", len(data)) + data


def ssh_kexinit():
    """The algorithms that Debian's OpenSSH 9.2 offers (RFC 4253, section 7.1)."""
    ciphers = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
    macs = "umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256"
    lists = [
        "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,diffie-hellman-group16-sha512",
        "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519",
        ciphers, ciphers, macs, macs, "none,zlib@openssh.com", "none,zlib@openssh.com", "", "",
    ]
    return b"\x14" + os.urandom(16) + b"".join(map(ssh_string, lists)) + b"\x00" + b"\x00" * 4


def ssh_disconnect():
    key_exchange_failed = 3
    return b"\x01" + struct.pack(">I", key_exchange_failed) + ssh_string("key exchange failed") + ssh_string("")


async def ssh(client):
    await client.send("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
    hello = await client.line()
    if not hello.startswith((b"SSH-2.0-", b"SSH-1.99-")):
        await client.send("Protocol major versions differ.\r\n" if hello.startswith(b"SSH-")
                          else "Invalid SSH identification string.\r\n")
        return await client.finish()
    await client.send(ssh_packet(ssh_kexinit()))
    # The client's own KEXINIT, and the first message of the exchange, which is as far as it goes.
    for _ in range(2):
        (length,) = struct.unpack(">I", await client.exactly(4))
        if not 1 <= length <= 35000:
            return await client.send("Packet corrupt\r\n")
        await client.exactly(length)
    await client.send(ssh_packet(ssh_disconnect()))
    return await client.finish()


async def smtp(client):
    name = f"mail.{client.network}.{DOMAIN}"
    await client.send(f"220 {name} ESMTP Postfix (Debian/GNU)\r\n")
    mail = False
    for _ in range(1000):
        words = (await client.line()).split(None, 1)
        verb = words[0].upper() if words else b""
        argument = words[1].upper() if len(words) > 1 else b""
        if verb == b"QUIT":
            await client.send("221 2.0.0 Bye\r\n")
            return await client.finish()
        if verb == b"EHLO":
            await client.send(f"250-{name}\r\n250-PIPELINING\r\n250-SIZE 1048576\r\n250-VRFY\r\n"
                              "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n")
        elif verb == b"HELO":
            await client.send(f"250 {name}\r\n")
        elif verb == b"MAIL" and argument.startswith(b"FROM:"):
            mail = True
            await client.send("250 2.1.0 Ok\r\n")
        elif verb == b"RCPT" and argument.startswith(b"TO:"):
            # Nobody lives here: a mail is refused before it is sent.
            await client.send("550 5.1.1 Recipient address rejected: User unknown\r\n" if mail
                              else "503 5.5.1 Error: need MAIL command\r\n")
        elif verb == b"DATA":
            await client.send("503 5.5.1 Error: need RCPT command\r\n")
        elif verb == b"VRFY":
            await client.send("252 2.0.0 Cannot verify the user\r\n")
        elif verb == b"RSET":
            mail = False
            await client.send("250 2.0.0 Ok\r\n")
        elif verb == b"NOOP":
            await client.send("250 2.0.0 Ok\r\n")
        else:
            await client.send("502 5.5.2 Error: command not recognized\r\n")
    return None


def page(network, role):
    title = {"staging": "Staging", "production": "Production"}.get(network, "Lab") + " " + role
    return (f"<!doctype html>\n<html lang=\"en\">\n<head><title>{title}</title></head>\n"
            f"<body><h1>{title}</h1><p>One of the pretend company's sites.</p></body>\n</html>\n")


async def http(client):
    first = await client.exactly(1)
    # A TLS greeting or other binary gets its answer at once: there is no line to wait for.
    text = first.isalpha() or first in b"\r\n"
    request = (first + await client.line()).split() if text else []
    headers = 0
    while text and await client.line():
        headers += 1
        if headers > 100:
            raise ValueError("too many headers")
    well_formed = len(request) == 3 and request[2].startswith(b"HTTP/")
    if not well_formed:
        status, body = "400 Bad Request", "<html><head><title>400 Bad Request</title></head></html>\n"
    elif request[0] == b"OPTIONS":
        status, body = "204 No Content", ""
    elif request[0] not in (b"GET", b"HEAD"):
        status, body = "405 Not Allowed", "<html><head><title>405 Not Allowed</title></head></html>\n"
    elif request[1].split(b"?")[0] in (b"/", b"/index.html"):
        status, body = "200 OK", page(client.network, HTTP_PORTS.get(client.port, "site"))
    else:
        status, body = "404 Not Found", "<html><head><title>404 Not Found</title></head></html>\n"
    await client.send(f"HTTP/1.1 {status}\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n"
                      f"Content-Length: {len(body)}\r\nAllow: GET, HEAD, OPTIONS\r\nConnection: close\r\n\r\n"
                      + ("" if request[:1] == [b"HEAD"] else body))
    await client.finish()


# --- dns (RFC 1035) -------------------------------------------------------------------------------

TYPE_A, TYPE_SOA, TYPE_PTR, TYPE_TXT, TYPE_AAAA, TYPE_ANY = 1, 6, 12, 16, 28, 255
CLASS_IN, CLASS_CHAOS = 1, 3
NOERROR, FORMERR, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 3, 4, 5


def dns_name(name):
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".")) + b"\x00"


def dns_records(name, qclass):
    """(answer code, {type: data}) for a name in lower case without its last dot."""
    if qclass == CLASS_CHAOS:
        texts = {"version.bind": "9.18.24-1-Debian", "hostname.bind": "ns"}
        text = texts.get(name, "").encode("ascii")
        return (NOERROR, {TYPE_TXT: bytes([len(text)]) + text}) if text else (REFUSED, {})
    if name.endswith((".in-addr.arpa", ".ip6.arpa")):
        return dns_reverse(name)
    short = name.removesuffix("." + DOMAIN)
    host, _, network = short.rpartition(".")
    if network not in NETWORKS.values():
        return REFUSED, {}
    if not host:
        return NOERROR, {}
    digits = host.removeprefix("host-")
    number = int(digits) if digits != host and digits.isascii() and digits.isdigit() and len(digits) <= 3 else HOSTS.get(host)
    if number is None or number > 255:
        return NXDOMAIN, {}
    addresses = [net[number] for net, owner in NETWORKS.items() if owner == network]
    return NOERROR, {TYPE_A if ip.version == 4 else TYPE_AAAA: ip.packed for ip in addresses}


def dns_reverse(name):
    if name.endswith(".in-addr.arpa"):
        text = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
    else:
        digits = "".join(reversed(name.removesuffix(".ip6.arpa").split(".")))
        text = ":".join(digits[i:i + 4] for i in range(0, len(digits), 4))
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return NXDOMAIN, {}
    for net, owner in NETWORKS.items():
        number = int(ip) - int(net.network_address)
        if ip.version == net.version and 0 <= number <= 255:
            host = next((host for host, n in HOSTS.items() if n == number), f"host-{number}")
            return NOERROR, {TYPE_PTR: dns_name(f"{host}.{owner}.{DOMAIN}")}
    return NXDOMAIN, {}


def dns_answer(query):
    """The reply to one message, or None where there must be none: to fragments and to replies."""
    if len(query) < 12:
        return None
    ident, flags, questions = struct.unpack(">HHH", query[:6])
    if flags & 0x8000:
        return None

    def reply(code, question=b"", answers=b"", count=0):
        authoritative = 0x0400
        kept = flags & 0x7900  # operation code and "recursion desired"
        return struct.pack(">HHHHHH", ident, 0x8000 | authoritative | kept | code,
                           1 if question else 0, count, 0, 0) + question + answers

    if flags & 0x7800:
        return reply(NOTIMP)
    try:
        if questions != 1:
            raise ValueError("one question at a time")
        labels, at = [], 12
        while length := query[at]:
            if length > 63 or at + length > 267:
                raise ValueError("bad label")
            labels.append(query[at + 1:at + 1 + length].decode("ascii").lower())
            at += 1 + length
        qtype, qclass = struct.unpack(">HH", query[at + 1:at + 5])
    except (ValueError, IndexError, struct.error):
        return reply(FORMERR)
    question = query[12:at + 5]
    if qclass not in (CLASS_IN, CLASS_CHAOS) or not labels:
        return reply(REFUSED, question)
    code, records = dns_records(".".join(labels), qclass)
    pointer_to_question, ttl = b"\xc0\x0c", 60
    answers = [pointer_to_question + struct.pack(">HHIH", rtype, qclass, ttl, len(data)) + data
               for rtype, data in records.items() if qtype in (rtype, TYPE_ANY)]
    return reply(code, question, b"".join(answers), len(answers))


async def dns_tcp(client):
    for _ in range(100):
        (length,) = struct.unpack(">H", await client.exactly(2))
        answer = dns_answer(await client.exactly(length))
        if answer is None:
            return
        await client.send(struct.pack(">H", len(answer)) + answer)


# Linux values that Python's socket module does not name.
IP_FREEBIND, IP_PKTINFO, IPV6_FREEBIND = 15, 8, 78


def dns_udp_socket(family):
    """A wildcard socket that tells for each datagram which of the many local addresses was asked."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        # The kernel refuses a source that it only knows by AnyIP, unless told otherwise.
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("", DNS_PORT))
    return sock


def reply_source(ancillary):
    """Turns a datagram's packet information round: the address it was sent to becomes the reply's source."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            return [(level, kind, struct.pack("=i4s4s", 0, data[8:12], bytes(4)))]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, data[:16] + struct.pack("=I", 0))]
    return []


def dns_udp_ready(sock):
    for _ in range(64):  # then give the other sockets a turn
        try:
            query, ancillary, _, client = sock.recvmsg(4096, 256)
        except OSError:  # nothing more, or an ICMP error about an earlier reply
            return
        answer = dns_answer(query)
        if answer:
            with contextlib.suppress(OSError):
                sock.sendmsg([answer], reply_source(ancillary), 0, client)


# --- start ----------------------------------------------------------------------------------------


async def main():
    services = {SSH_PORT: ssh, SMTP_PORT: smtp, DNS_PORT: dns_tcp} | dict.fromkeys(HTTP_PORTS, http)
    servers = [await asyncio.start_server(guarded(service), host, port, limit=MAX_LINE, backlog=4096)
               for port, service in services.items() for host in ("0.0.0.0", "::")]
    loop = asyncio.get_running_loop()
    for family in (socket.AF_INET, socket.AF_INET6):
        sock = dns_udp_socket(family)
        loop.add_reader(sock, dns_udp_ready, sock)
    # lab/up waits for this line.
    print("ready", flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    log.info("serving %d tcp sockets, udp on %d", len(servers), DNS_PORT)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
