"""Clients that are slow on purpose: they are cut off, and nobody else waits for them."""

import asyncio
import contextlib
import gc
import select
import socket
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from msgspec import Struct, field

from tests.support.app import Business
from tests.support.client import UNLIMITED, Line, new_business
from tests.support.hubs import Hub

PER_ADDRESS = 200
TRICKLE_SECONDS = 5.0
PAUSE_SECONDS = 0.02
GOOD_LINES = 8
QUIET_SECONDS = 5.0
SLOWER, ANYWAY_SECONDS = 3.0, 0.05
"""How many times slower the slowest of a hundred may be; and what nobody would call slow."""
CUT_SECONDS = {"headers": 15.0, "bodies": 22.0, "readers": 22.0}
BETWEEN_SECONDS = 0.006
MakeHub = Callable[..., Hub]
Record = Callable[[str, object], None]
T = TypeVar("T")
Slow = Callable[[Hub, int], Awaitable[float]]


class Traffic(Struct):
    """What good clients met: how long each answer took, and what was not one."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def slowest_of_a_hundred(self) -> float:
        """Return the 99th percentile."""
        return statistics.quantiles(self.seconds, n=100)[-1]

    @property
    def success(self) -> float:
        """Return which part was answered."""
        return len(self.seconds) / (len(self.seconds) + len(self.failed))


async def good_traffic(hub: Hub, headers: dict[str, str], until: asyncio.Event) -> Traffic:
    """Send messages at a steady pace until it is enough."""
    traffic = Traffic()

    async def go_on() -> None:
        line = Line(hub, headers)
        while not until.is_set():
            began = time.perf_counter()
            try:
                reply = await line.post("/messages", {"body": "hi", "visitor": {"visitorId": "v"}})
                assert reply.status == 200, reply
                traffic.seconds.append(time.perf_counter() - began)
            except (OSError, TimeoutError, AssertionError) as error:
                traffic.failed.append(repr(error))
            await asyncio.sleep(PAUSE_SECONDS)
        line.close()

    await asyncio.gather(*(go_on() for _ in range(GOOD_LINES)))
    return traffic


async def connect(hub: Hub, number: int, receive_buffer: int = 0) -> socket.socket:
    """Connect from one of many addresses of this machine."""
    plain = socket.socket()
    plain.setblocking(False)  # noqa: FBT003
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.bind((f"127.0.1.{number // PER_ADDRESS + 1}", 0))
    await asyncio.get_running_loop().sock_connect(plain, (hub.host, hub.port))
    return plain


async def trickle(plain: socket.socket, start: bytes, piece: bytes) -> float:
    """Send a byte or two now and then; return after how many seconds the server had enough."""
    loop, began = asyncio.get_running_loop(), time.monotonic()
    with plain:
        await loop.sock_sendall(plain, start)
        ended = asyncio.create_task(read_to_the_end(plain))
        while not ended.done():
            await asyncio.wait({ended}, timeout=TRICKLE_SECONDS)
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(plain, piece)
    return time.monotonic() - began


async def read_to_the_end(plain: socket.socket) -> None:
    """Read until the server hangs up."""
    with contextlib.suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(plain, 65_536):
            continue


async def slow_headers(hub: Hub, number: int) -> float:
    """Never finish the headers."""
    return await trickle(
        await connect(hub, number), b"POST /api/v1/messages HTTP/1.1\r\n", b"X: y\r\n"
    )


def slow_bodies(key: str) -> Slow:
    """Never finish a body that was announced."""
    head = (
        f"POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
    )

    async def run(hub: Hub, number: int) -> float:
        return await trickle(await connect(hub, number), head.encode(), b" ")

    return run


async def slow_readers(hub: Hub, number: int) -> float:
    """Ask for more than any buffer holds, and read nothing of it."""
    asked = b"GET /schema/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 40
    with await connect(hub, number, receive_buffer=4096) as plain:
        await asyncio.get_running_loop().sock_sendall(plain, asked)
        began = time.monotonic()
        # Only whether it was reset is asked of the socket, not what there is to read.
        watched = select.poll()
        watched.register(plain, 0)
        while not watched.poll(0):  # noqa: ASYNC110 - a socket that is not read sets no event
            await asyncio.sleep(0.5)
        return time.monotonic() - began


async def beside(hub: Hub, business: Business, other: Awaitable[T]) -> tuple[Traffic, T]:
    """Let good traffic flow while something else goes on; return what came of both."""
    enough = asyncio.Event()
    flowing = asyncio.create_task(good_traffic(hub, business.bearer, enough))
    result = await other
    enough.set()
    return await flowing, result


async def attack(hub: Hub, business: Business, count: int) -> dict[str, float]:
    """Let so many clients of each kind come; return when the last of each kind was cut off."""
    kinds = {
        "headers": slow_headers,
        "bodies": slow_bodies(business.server_key),
        "readers": slow_readers,
    }

    async def begin(run: Slow, number: int) -> float:
        # One after the other: their slowness is judged, not that a thousand ask at once.
        await asyncio.sleep(number * BETWEEN_SECONDS)
        return await run(hub, number)

    slow = {
        kind: [
            asyncio.create_task(begin(run, len(kinds) * number + place)) for number in range(count)
        ]
        for place, (kind, run) in enumerate(kinds.items())
    }
    return {kind: max(await asyncio.gather(*tasks)) for kind, tasks in slow.items()}


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Keep this process's collector from what is here already: its pauses are not the hub's."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def attacked(make_hub: MakeHub, url: str, count: int, record: Record) -> None:
    """Let so many clients of each kind be slow while good ones send, and judge what all met."""
    hub = make_hub(DATABASE_URL=url, **UNLIMITED)
    business = await new_business(url, "acme")
    hub.start()
    with undisturbed():
        before, _ = await beside(hub, business, asyncio.sleep(QUIET_SECONDS))
        traffic, longest = await beside(hub, business, attack(hub, business, count))
    figures = (
        f"{count} of each kind; good traffic {traffic.success:.2%} of {len(traffic.seconds)}, "
        f"p99 {traffic.slowest_of_a_hundred * 1000:.1f} ms beside "
        f"{before.slowest_of_a_hundred * 1000:.1f} ms without; cut off after at most "
        + ", ".join(f"{kind} {seconds:.1f} s" for kind, seconds in longest.items())
    )
    record("slow clients", figures)
    print(figures)  # noqa: T201 - the figure
    # As figures of their own: what fails shows a figure, not thousands of them.
    success, slowest = traffic.success, traffic.slowest_of_a_hundred
    assert success >= 0.999, Counter(traffic.failed)
    assert slowest <= max(SLOWER * before.slowest_of_a_hundred, ANYWAY_SECONDS)
    assert all(seconds <= CUT_SECONDS[kind] for kind, seconds in longest.items())


@pytest.mark.heavy
async def test_slow_clients_are_cut_off_and_nobody_waits(
    make_hub: MakeHub, sqlite_url: str, record_property: Record
) -> None:
    """50 that trickle headers, 50 that trickle bodies, 50 that do not read."""
    await attacked(make_hub, sqlite_url, 50, record_property)


@pytest.mark.heavy
@pytest.mark.timeout(180)
async def test_a_thousand_of_each_kind_are_cut_off_and_nobody_waits(
    make_hub: MakeHub, sqlite_url: str, record_property: Record
) -> None:
    """The same with a thousand of each."""
    await attacked(make_hub, sqlite_url, 1_000, record_property)


def answers(hub: Hub, source: str, count: int) -> Iterator[tuple[socket.socket, bytes]]:
    """Open connections from one address and ask on each; yield them with what they were told."""
    for _ in range(count):
        plain = socket.create_connection((hub.host, hub.port), 10, (source, 0))
        plain.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        yield plain, plain.recv(65_536)


def served_again(hub: Hub, source: str) -> bool:
    """Tell whether one more connection from this address is answered."""
    plain, told = next(answers(hub, source, 1))
    plain.close()
    return told.startswith(b"HTTP/1.1 200")


async def test_one_address_cannot_have_all_connections(make_hub: MakeHub, sqlite_url: str) -> None:
    """Its next connection is told to come back, others are served; and so is it, once it let go."""
    hub = make_hub(DATABASE_URL=sqlite_url, HUB_CONNECTIONS_PER_ADDRESS="20")
    hub.start()

    with contextlib.ExitStack() as stack:
        for number, (plain, told) in enumerate(answers(hub, "127.0.0.2", 25)):
            stack.enter_context(plain)
            assert told.startswith(b"HTTP/1.1 200" if number < 20 else b"HTTP/1.1 503"), number
            assert b"retry-after: 2" in told or number < 20
        for plain, told in answers(hub, "127.0.0.3", 20):
            stack.enter_context(plain)
            assert told.startswith(b"HTTP/1.1 200")
    async with asyncio.timeout(10):
        while not served_again(hub, "127.0.0.2"):  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.05)
