"""Processes that share a socket share its connections, and leave none waiting for another."""

import asyncio
import errno
import mmap
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from structlog.testing import capture_logs

from hub.http import listener
from hub.http.listener import ALONE_SECONDS, Door, Listener
from hub.http.tally import Tally
from tests.support.processes import wait_for

MANY = 40


class Taken(asyncio.Protocol):
    """A connection of one side; it notes its number, as ours do."""

    def __init__(self, side: "Side") -> None:
        self._side = side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._side.transports.append(transport)
        self._side.tally.note(len(self._side.transports))


class Side:
    """What stands for a process: its own look at a shared tally, and a listener."""

    def __init__(self, own: socket.socket, tally: Tally, place: int) -> None:
        self.tally = Tally(1)
        self.tally._numbers, self.tally._mine = tally._numbers, place
        self.transports: list[asyncio.BaseTransport] = []
        self.listener = Listener(Door(own, self.tally), lambda: Taken(self))

    def close(self) -> None:
        self.listener.close()
        self.listener._listening.close()
        for transport in self.transports:
            transport.close()


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A socket on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def clients(door: socket.socket, ends: ExitStack, number: int) -> None:
    """Connect so many times at once."""
    for _ in range(number):
        ends.enter_context(socket.create_connection(door.getsockname(), timeout=5))


async def until_all_are_taken(*sides: Side) -> None:
    """Return when every connection has a protocol."""
    async with asyncio.timeout(10):
        while sum(len(side.transports) for side in sides) < MANY:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_connections_that_come_at_once_are_shared(door: socket.socket) -> None:
    """Of forty each of two takes twenty, whoever looked first."""
    tally = Tally(2)
    with ExitStack() as ends:
        sides = [Side(door.dup(), tally, place) for place in range(2)]
        for side in sides:
            ends.callback(side.close)
        clients(door, ends, MANY)
        await until_all_are_taken(*sides)

        counts = sorted(len(side.transports) for side in sides)
    assert counts[0] >= MANY // 2 - 2


async def test_nobody_waits_for_a_process_that_takes_none(door: socket.socket) -> None:
    """The other's place stays at nothing: all are taken, and the wait is paid once."""
    tally = Tally(2)
    loop = asyncio.get_running_loop()
    with ExitStack() as ends:
        alone = Side(door.dup(), tally, 0)
        ends.callback(alone.close)
        clients(door, ends, MANY)
        began = loop.time()
        await until_all_are_taken(alone)
        took = loop.time() - began

    # Two milliseconds for each would be more, so would none of a window that is never opened.
    assert len(alone.transports) == MANY
    assert took < max(ALONE_SECONDS, MANY * listener.YIELD_SECONDS)


async def test_a_process_without_files_tries_again(
    door: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so in one line, pauses, and takes what waited when there is room."""
    monkeypatch.setattr(listener, "FULL_SECONDS", 0.05)
    with ExitStack() as ends, capture_logs() as lines:
        side = Side(Full(door.dup()), Tally(1), 0)
        ends.callback(side.close)
        clients(door, ends, 1)
        async with asyncio.timeout(5):
            while not side.transports:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    assert [line["event"] for line in lines] == ["no_room_for_connections"]


class Full(socket.socket):
    """A socket whose process has no file left, the first time."""

    def __init__(self, other: socket.socket) -> None:
        super().__init__(fileno=other.detach())
        self._refusals = [OSError(errno.EMFILE, "Too many open files")]

    def accept(self):
        if self._refusals:
            raise self._refusals.pop()
        return super().accept()


def test_places_are_for_living_processes() -> None:
    """Each process has a place of its own; that of one which was killed is given again."""
    tally = Tally(2)
    with mmap.mmap(-1, 2) as joined:
        first, second = (_child(tally, joined, number) for number in range(2))
        assert wait_for(lambda: joined[:2] == b"\1\1", 10)
        places = sorted(tally._numbers)
        _end(first)
        third = _child(tally, joined, 0, value=7)
        assert wait_for(lambda: 7 in tally._numbers, 10)
        after = sorted(tally._numbers)
        _end(second)
        _end(third)

    assert places == [3, 3]
    assert after == [3, 7]


def _child(tally: Tally, joined: mmap.mmap, number: int, value: int = 3) -> int:
    """Fork a process that takes a place and stays."""
    joined[number] = 0
    pid = os.fork()
    if pid == 0:
        tally.join()
        tally.note(value)
        joined[number] = 1
        os.read(os.pipe()[0], 1)
    return pid


def _end(pid: int) -> None:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
