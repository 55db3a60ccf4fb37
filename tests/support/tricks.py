"""Addresses that lead, for somebody, to a place inside; and one that listens there."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from ipaddress import ip_address
from itertools import product

import httpcore

# Addresses of our own network, of the machine, and of clouds' secrets.
CLOUDS = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192"]
INSIDE = [
    *CLOUDS, "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
]  # fmt: skip
CLOUDS_V6 = ["fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::a9fe:a9fe"]
INSIDE_V6 = [
    *CLOUDS_V6, "::1", "::", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1",
    "5f00::1", "2001::1", "2001:10::1", "2002::1", "64:ff9b:1::1", "4000::1", "e000::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
LOOPBACKS = ("127.0.0.1", "::1")


def carried(address: str) -> list[str]:
    """Return what leads, in IPv6, to an address of IPv4."""
    number = int(ip_address(address))
    high, low = number >> 16, number & 0xFFFF
    return [
        f"::ffff:{address}",
        f"::ffff:{high:x}:{low:x}",
        f"::ffff:0:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        # The NAT64 of one's own network has it after 48 bits, with eight that are nothing.
        f"64:ff9b:1:{high:x}:{low >> 8:x}:{(low & 0xFF) << 8:x}::",
        f"2002:{high:x}:{low:x}::1",
        # Teredo, which turns each bit round.
        f"2001:0:808:808::{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}",
    ]


def written(address: str) -> set[str]:
    """Return an address of IPv4 as tricksters write it."""
    a, b, c, d = (int(part) for part in address.split("."))
    number = int(ip_address(address))
    return {
        address,
        f"{address}.",
        str(number),
        hex(number),
        hex(number).upper(),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a:#x}.{number & 0xFFFFFF:#x}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"0{a:o}.{b:#x}.{c}.{d}",
        *(f"[{one}]" for one in carried(address)),
    }


def literals(port: int) -> list[str]:
    """Return addresses of the web whose host is a place inside, in every notation."""
    hosts = {host for address in INSIDE for host in written(address)}
    hosts |= {f"[{address}]" for address in INSIDE_V6}
    hosts |= {"[0:0:0:0:0:0:0:1]", "[0000:0000::0001]", "[::1%25lo]", "[fe80::1%25lo]", "[::1%lo]"}
    hosts |= {
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "%31%32%37.0.0.1",
        "%6cocalhost",
    }
    hosts |= {"127.0.0.1..", "0x7f000001.", "1.2.3.4.5", "4294967297", "08.1.1.1", "127.0.0.256"}
    return [f"{scheme}://{host}:{port}/" for scheme, host in product(["http", "https"], hosts)]


def disguises(port: int) -> list[str]:
    """Return addresses that some readers take for a place inside, and some for another one."""
    near = f"127.0.0.1:{port}"
    return [
        f"http://example.com@{near}/",
        f"http://example.com:80@{near}/",
        f"http://{near}@example.com/",
        f"http://{near}\\@example.com/",
        f"http://example.com\\@{near}/",
        f"http://example.com#@{near}/",
        f"http://{near}#.example.com/",
        f"http://{near}/#",
        f"http://example.com%00@{near}/",
        f"http://example.com\t@{near}/",
        f"http://127.0.0.1\n:{port}/",
        f"http://\u0661\u0662\u0667.0.0.1:{port}/",
        f"http://\uff11\uff12\uff17.0.0.1:{port}/",
        f"http://127\u30020\u30020\u30021:{port}/",
        f"http://\u2460\u2461\u2466.0.0.1:{port}/",
        f"http://loc\u00adalhost:{port}/",
        f"http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{port}/",
        f"http://example.com[::1]:{port}/",
        f"http://[::1]example.com:{port}/",
        f"http://[::1]:{port}:{port}/",
        f"http://[::1:{port}/",
        f"http://::1:{port}/",
        f"http://[127.0.0.1]:{port}/",
        f"http:///{near}/",
        f"http:{near}/",
        f"//{near}/",
        f"HTTP://{near}/",
        f"ftp://{near}/",
        f"file://{near}/",
        f"gopher://{near}/",
        f"ws://{near}/",
        f" http://{near}/",
        f"http://{near}/\r\nHost: example.com",
    ]


class Canary:
    """Listens on loopback, and counts who comes; it answers nobody."""

    def __init__(self) -> None:
        """Nobody has come yet."""
        self.hits: dict[str, int] = {}
        self.ports: dict[str, int] = {}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Canary"]:
        """Listen on every loopback address that the machine has."""
        async with AsyncExitStack() as stack:
            for host in LOOPBACKS:
                if host == "::1" and not _has_ipv6():
                    continue
                server = await asyncio.start_server(partial(self._count, host), host, 0)
                await stack.enter_async_context(server)
                self.ports[host] = server.sockets[0].getsockname()[1]
                self.hits[host] = 0
            yield self

    async def knock(self) -> None:
        """Come once to each of its addresses, past every guard."""
        for host, port in self.ports.items():
            reader, writer = await asyncio.open_connection(host, port)
            await reader.read()
            writer.close()
            await writer.wait_closed()

    async def _count(
        self, host: str, _: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.hits[host] += 1
        writer.close()


class Near(httpcore.AnyIOBackend):
    """Connects to loopback for real; to anything else not at all, as if it were away."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.hosts: list[str] = []

    async def connect_tcp(
        self, host: str, port: int, **rest: object
    ) -> httpcore.AsyncNetworkStream:
        """Connect to where the system would, if that is near."""
        self.hosts.append(host)
        address = ip_address(host)
        plain = str(getattr(address, "ipv4_mapped", None) or address)
        found = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(plain, plain)
        if found not in LOOPBACKS:
            raise httpcore.ConnectError
        return await super().connect_tcp(found, port, **rest)  # type: ignore[arg-type]


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return what the system reads in a host; no name server is asked, names are outside."""
    if host.lower().rstrip(".").endswith("localhost"):
        return LOOPBACKS
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return OUTSIDE[:1]
    return [str(one[4][0]) for one in found]


def answering(
    *answers: Sequence[str],
) -> tuple[list[str], Callable[[str, int], object]]:
    """Return whom a resolver was asked about, and it: it answers so, one after the other."""
    asked: list[str] = []

    async def answer(host: str, port: int) -> Sequence[str]:
        del port
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return asked, answer


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True
