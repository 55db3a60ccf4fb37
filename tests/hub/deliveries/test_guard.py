"""No trick of an address makes the hub connect to a place that is not the receiver's to choose."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from itertools import product

import httpcore
import pytest

from hub.deliveries.courier import Courier
from hub.deliveries.guard import Guard
from hub.deliveries.network import Blocked, GuardedBackend
from tests.support.receiver import Receiver, reply

CLOSED = Guard(allow_http=True, allowed=[])
OPEN = Guard(allow_http=True, allowed=["0.0.0.0/0", "::/0"])
LOOPBACK = Guard(allow_http=True, allowed=["127.0.0.1/32"])

_NEVER = (httpcore.ConnectError, httpcore.UnsupportedProtocol, ValueError, TypeError)
# Addresses of our own network, of the machine, and of clouds' secrets.
INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1",
    "192.88.99.1", "168.63.129.16",
]  # fmt: skip
INSIDE_V6 = [
    "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
    "3fff::1", "100::1", "5f00::1", "2001::1", "2001:10::1", "64:ff9b:1::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]


def written(address: str) -> set[str]:
    """Return an address of IPv4 as tricksters write it."""
    a, b, c, d = (int(part) for part in address.split("."))
    number = int(ip_address(address))
    return {
        address,
        f"{address}.",
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"0{a:o}.{b:#x}.{c}.{d}",
        f"{a:03d}.{b:03d}.{c:03d}.{d:03d}" if max(a, b, c, d) < 8 else address,
        f"[::ffff:{address}]",
        f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
        f"[::{address}]",
        f"[64:ff9b::{address}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]",
    }


def tricks(port: int) -> list[str]:
    """Return addresses that lead, for somebody, to a place inside."""
    hosts = {host for address in INSIDE for host in written(address)}
    hosts |= {f"[{address}]" for address in INSIDE_V6}
    hosts |= {"localhost", "LOCALHOST", "localhost.", "a.localhost", "[::1%25lo]", "[fe80::1%25lo]"}
    found = [f"{scheme}://{host}:{port}/" for scheme, host in product(["http", "https"], hosts)]
    near = f"127.0.0.1:{port}"
    found += [
        f"http://example.com@{near}/",
        f"http://example.com:80@{near}/",
        f"http://{near}\\@example.com/",
        f"http://example.com\\@{near}/",
        f"http://example.com#@{near}/",
        f"http://{near}#.example.com/",
        f"http://example.com%00@{near}/",
        f"http://example.com\t@{near}/",
        f"http://\u0661\u0662\u0667.0.0.1:{port}/",
        f"http://\uff11\uff12\uff17.0.0.1:{port}/",
        f"http://127\u30020\u30020\u30021:{port}/",
        f"http://loc\u00adalhost:{port}/",
        f"http://%31%32%37.0.0.1:{port}/",
        f"http:///{near}/",
        f"http:{near}/",
        f"//{near}/",
        f"HTTP://{near}/",
        f"ftp://{near}/",
        f"file://{near}/",
        f"gopher://{near}/",
        f" http://{near}/",
        f"http://{near}/\r\nHost: example.com",
    ]
    return found


@asynccontextmanager
async def canary() -> AsyncIterator[Receiver]:
    """Serve on loopback, where nothing may ever come."""
    async with Receiver().serving() as receiver:
        yield receiver


def resolving(*answers: Sequence[str]) -> tuple[list[str], object]:
    """Return a resolver that answers so, one after the other, and what it was asked."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        del port
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return asked, resolve


class Dialled(httpcore.AnyIOBackend):
    """Connects nowhere, and says where it would have."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.hosts: list[str] = []

    async def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        """Refuse as a host that is away."""
        self.hosts.append(host)
        raise httpcore.ConnectError


async def test_no_trick_reaches_the_canary(record_property) -> None:
    """Hundreds of addresses, each both looked at and really tried: nothing comes."""
    async with canary() as near:
        found = tricks(near.port)
        courier = Courier(CLOSED, seconds=2)
        pool = httpcore.AsyncConnectionPool(network_backend=GuardedBackend(CLOSED))
        for url in found:
            assert CLOSED.refusal(url), url
            outcome = await courier.bring(url, [], b"{}")
            assert (outcome.status, outcome.error) == (None, "unreachable"), url
            # Also when nobody has looked at what is written.
            with pytest.raises(_NEVER):
                await pool.request("POST", url, content=b"{}")
        await pool.aclose()
        await courier.close()

    record_property("tricks", len(found))
    assert len(found) >= 500
    assert near.connections == 0


async def test_the_canary_would_have_sung() -> None:
    """The same ways with a guard that lets everything pass do reach it."""

    class Asleep(Guard):
        """Lets everything pass."""

        def allows(self, address: str) -> bool:
            del address
            return True

        def refusal(self, url: str) -> str | None:
            del url
            return None

    guard = Asleep(allow_http=True, allowed=[])
    async with canary() as near:
        for host in ("127.0.0.1", "2130706433", "0x7f.1", "localhost"):
            courier = Courier(guard, seconds=2)
            assert (await courier.bring(f"http://{host}:{near.port}/", [], b"{}")).arrived
            await courier.close()

    assert near.connections == 4


@pytest.mark.parametrize("address", [*INSIDE, *INSIDE_V6])
def test_what_is_inside_is_not_allowed(address: str) -> None:
    """Nor in a form of IPv6 that carries it."""
    assert not CLOSED.allows(address)
    if "." in address:
        assert not CLOSED.allows(f"::ffff:{address}")
        assert not CLOSED.allows(f"64:ff9b::{address}")


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_outside_is_allowed(address: str) -> None:
    """As an address, and written in an address of the web."""
    host = f"[{address}]" if ":" in address else address

    assert CLOSED.allows(address)
    assert CLOSED.refusal(f"https://{host}/hook") is None


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
     "fd00:ec2::254", "fe80::a9fe:a9fe", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"],
)  # fmt: skip
def test_no_setting_opens_what_clouds_keep_secrets_at(address: str) -> None:
    """Not even one that opens everything."""
    assert OPEN.allows("127.0.0.1")
    assert not OPEN.allows(address)


async def test_an_operator_opens_a_network() -> None:
    """Then it is reached, by name too, and nothing beside it."""
    async with canary() as near:
        courier = Courier(LOOPBACK)
        assert (await courier.bring(f"http://127.0.0.1:{near.port}/", [], b"{}")).arrived
        await courier.close()

    assert not LOOPBACK.allows("127.0.0.2")
    assert LOOPBACK.refusal("https://localhost:8443/") is None


def test_plain_http_is_the_operators_to_allow() -> None:
    """It is refused where a hook is made, and at each delivery."""
    strict = Guard(allow_http=False, allowed=[])

    assert strict.refusal("http://example.com/") == "Begin it with https://"
    assert strict.refusal("https://example.com/") is None


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("https://user:word@example.com/", "user name"),
        ("https://example.com/#part", "#"),
        ("https://example.com:22/", "port"),
        ("https://example.com:99999/", "like https://"),
        ("https://-/", "name of a host"),
        ("https://a..b/", "name of a host"),
        ("https://b\u00fccher.example/", "xn--"),
        ("https://example.com/a b", "percent-encode"),
        ("https://example.com/" + "a" * 2048, "2048"),
    ],
)
def test_a_refusal_names_the_cure(url: str, cure: str) -> None:
    """Whoever reads it knows what to write instead."""
    assert cure in (CLOSED.refusal(url) or "")


async def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    """It is resolved once for a connection, and what was looked at is what is connected to."""
    asked, resolve = resolving(["8.8.8.8"], ["127.0.0.1"])
    dialled = Dialled()
    network = GuardedBackend(CLOSED, resolve, dialled)  # type: ignore[arg-type]

    with pytest.raises(httpcore.ConnectError):
        await network.connect_tcp("rebind.example.com", 443, timeout=2)
    assert (asked, dialled.hosts) == (["rebind.example.com"], ["8.8.8.8"])
    with pytest.raises(Blocked):
        await network.connect_tcp("rebind.example.com", 443, timeout=2)
    assert dialled.hosts == ["8.8.8.8"]


@pytest.mark.parametrize("inside", [*INSIDE, *INSIDE_V6])
async def test_one_bad_address_of_a_name_refuses_all(inside: str) -> None:
    """A name with a good and a bad one is nobody's that means well."""
    _, resolve = resolving(["8.8.8.8", inside])
    dialled = Dialled()
    network = GuardedBackend(CLOSED, resolve, dialled)  # type: ignore[arg-type]

    with pytest.raises(Blocked):
        await network.connect_tcp("two.example.com", 443, timeout=2)
    assert dialled.hosts == []


async def test_the_next_address_is_tried_within_the_time() -> None:
    """A host that is away costs no more than it has."""
    _, resolve = resolving(["8.8.8.8", "1.1.1.1"])
    dialled = Dialled()

    with pytest.raises(httpcore.ConnectError):
        await GuardedBackend(CLOSED, resolve, dialled).connect_tcp("a.example.com", 443)  # type: ignore[arg-type]
    assert dialled.hosts == ["8.8.8.8", "1.1.1.1"]

    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return [host, str(port)]

    with pytest.raises(httpcore.ConnectTimeout):
        await GuardedBackend(CLOSED, never).connect_tcp("a.example.com", 443, timeout=0.05)


async def test_a_redirect_to_the_canary_is_an_answer_like_any_other() -> None:
    """It is not followed."""
    async with canary() as near, canary() as door:
        door.answer = lambda _: reply(302, location=f"http://127.0.0.2:{near.port}/")
        courier = Courier(LOOPBACK)
        outcome = await courier.bring(door.url, [], b"{}")
        await courier.close()

    assert (outcome.status, near.connections) == (302, 0)
