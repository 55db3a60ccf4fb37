"""A new version comes in while the old one serves: no client notices."""

import asyncio
import contextlib
import json
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest
from msgspec import Struct, field

from hub import handover
from tests.support.client import UNLIMITED, connected, everything, new_business, until
from tests.support.hubs import Hub

KEPT, FRESH = 14, 4
"""Clients that keep their connection as long as they may, and such that never do."""
ANSWER_SECONDS = 20
RESTART_SECONDS = 60
DRAIN_SECONDS = 10.0
MakeHub = Callable[..., Hub]
Record = Callable[[str, object], None]


class Traffic(Struct):
    """What the clients met."""

    answers: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    told_to_close: int = 0
    done: bool = False


class Client:
    """One after the other, on one connection until the server says that it was the last."""

    def __init__(self, hub: Hub, head: str, *, keep: bool) -> None:
        self._hub = hub
        self._head = f"{head}{'' if keep else 'Connection: close' + chr(13) + chr(10)}"
        self._keep = keep
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def go_on(self, traffic: Traffic) -> None:
        """Send until it is enough; whatever is not an answer is noted, nothing is tried again."""
        while not traffic.done:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._send(traffic)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                traffic.broken.append(f"{type(error).__name__}: {error}")
                await self._hang_up()
        await self._hang_up()

    async def _send(self, traffic: Traffic) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._hub.host, self._hub.port)
        reader, writer = self._streams
        body = msgspec.json.encode({"body": "hi", "customer": {"phoneE164": "+15551234567"}})
        lines = (
            f"POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n{self._head}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(lines.encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
        traffic.answers[int(head.split(b" ", 2)[1])] += 1
        if b"\r\nconnection: close" in head:
            traffic.told_to_close += self._keep
            await self._hang_up()

    async def _hang_up(self) -> None:
        if self._streams:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None


async def restart(hub: Hub, number: int) -> tuple[float, float]:
    """Restart once; return how long it took, and the last of the old processes to go."""
    parent = psutil.Process(hub.process.pid)
    before, began = parent.children(), time.monotonic()
    hub.process.send(signal.SIGHUP)
    await until(lambda: told(hub, "restarted") == number, RESTART_SECONDS)
    took, restarted = time.monotonic() - began, time.monotonic()
    await until(lambda: not any(child in parent.children() for child in before), RESTART_SECONDS)
    return took, time.monotonic() - restarted


def told(hub: Hub, event: str) -> int:
    """Return how often the hub logged this."""
    lines = hub.process.log.read_text(encoding="utf-8").splitlines()
    return sum(json.loads(line)["event"] == event for line in lines if f'"{event}"' in line)


async def restarted(make_hub: MakeHub, url: str, times: int, record: Record) -> None:
    """Restart under load so often, and judge what the clients met."""
    hub = make_hub(DATABASE_URL=url, LOG_LEVEL="info", **UNLIMITED)
    business = await new_business(url, "acme")
    hub.start("--workers", "2")
    head = "".join(f"{name}: {value}\r\n" for name, value in business.bearer.items())
    traffic = Traffic()
    clients = [Client(hub, head, keep=number < KEPT) for number in range(KEPT + FRESH)]
    sending = [asyncio.create_task(client.go_on(traffic)) for client in clients]
    try:
        took = [await restart(hub, number + 1) for number in range(times)]
    finally:
        traffic.done = True
        await asyncio.gather(*sending)
    drains = max(drain for _, drain in took)
    figures = (
        f"{times} restarts under {sum(traffic.answers.values())} requests: "
        f"{len(traffic.broken)} broken, {traffic.told_to_close} told to close, slowest restart "
        f"{max(whole for whole, _ in took):.1f} s, slowest drain {drains:.1f} s"
    )
    record("restarts", figures)
    print(figures)  # noqa: T201 - the figure
    assert traffic.broken == []
    assert set(traffic.answers) == {200}
    assert traffic.told_to_close >= times
    assert drains <= DRAIN_SECONDS
    async with connected(hub, business.bearer) as client:
        assert len(await everything(client, "/messages")) == traffic.answers[200]


async def test_restarts_are_not_noticed(
    make_hub: MakeHub, postgres_database_url: str, record_property: Record
) -> None:
    """Two restarts of two processes: every request is answered, none is refused or broken off."""
    await restarted(make_hub, postgres_database_url, 2, record_property)


async def test_a_hangup_in_the_middle_of_a_start_ends_nothing(
    make_hub: MakeHub, postgres_database_url: str, tmp_path: Path
) -> None:
    """It waits until there is something to restart."""
    figures = tmp_path / "figures"
    figures.mkdir()
    hub = make_hub(DATABASE_URL=postgres_database_url, LOG_LEVEL="info", TMPDIR=str(figures))
    starting = asyncio.create_task(asyncio.to_thread(hub.start, "--workers", "2"))
    # Made before the imports, which are most of a start.
    await until(lambda: any(figures.iterdir()), ANSWER_SECONDS)

    hub.process.send(signal.SIGHUP)

    await starting
    await until(lambda: told(hub, "restarted") == 1, RESTART_SECONDS)
    assert hub.process.stop() == 0


def test_one_process_stops_on_a_hangup(make_hub: MakeHub, sqlite_url: str) -> None:
    """A single one cannot be replaced while it serves: SIGHUP is an orderly stop."""
    hub = make_hub(DATABASE_URL=sqlite_url)
    hub.start()

    assert hub.process.stop(signal.SIGHUP) == 0


def test_signals_are_heeded_whoever_started_it(make_hub: MakeHub, sqlite_url: str) -> None:
    """What was blocked when a process began is inherited."""
    hub = make_hub(DATABASE_URL=sqlite_url)
    with handover.held():
        hub.start()

    assert hub.process.stop(signal.SIGHUP) == 0


@pytest.mark.heavy
@pytest.mark.timeout(600)
async def test_twenty_restarts_are_not_noticed(
    make_hub: MakeHub, postgres_database_url: str, record_property: Record
) -> None:
    """The same twenty times."""
    await restarted(make_hub, postgres_database_url, 20, record_property)
