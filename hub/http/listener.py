"""Takes connections one by one, so that processes that share a socket share its connections.

uvloop's own server takes all that wait at once: of 64 connections whichever process woke first had
as many as 61, and the other nothing to do for as long as they lasted.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

import structlog
from msgspec import Struct

from hub.http.tally import Tally

WAITING = 2048
YIELD_SECONDS = 0.002
"""So long a connection is left to a process that has fewer."""
ALONE_SECONDS = 0.1
"""So long nothing is left to others after nobody wanted what was."""
FULL_SECONDS = 1.0
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = structlog.get_logger(__name__)


class Door(Struct, frozen=True):
    """A socket that processes share, and how many of its connections each has."""

    listening: socket.socket
    tally: Tally


class Listener:
    """Listens on a socket; each connection gets a protocol of its own."""

    def __init__(self, door: Door, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Listen from now on, within the running loop; each protocol notes itself in the tally."""
        self._listening = door.listening
        self._tally = door.tally
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._beginning: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._alone_until = 0.0
        door.listening.setblocking(False)  # noqa: FBT003
        door.listening.listen(WAITING)
        self._loop.add_reader(door.listening, self._heed)

    def close(self) -> None:
        """Take no more; what waits is for the other processes."""
        self._loop.remove_reader(self._listening)
        if self._pause:
            self._pause.cancel()

    def _heed(self) -> None:
        if self._tally.is_ahead() and self._loop.time() >= self._alone_until:
            self._rest(YIELD_SECONDS)
        else:
            self._take_one()

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._pause = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listening, self._heed)
        if self._take_one():
            self._alone_until = self._loop.time() + ALONE_SECONDS

    def _take_one(self) -> bool:
        """Take a connection; False when there was none."""
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # Another process was faster, or the client has gone again.
            return False
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            log.warning("no_room_for_connections", reason=error.strerror)
            self._rest(FULL_SECONDS)
            return False
        connection.setblocking(False)  # noqa: FBT003
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        beginning = self._loop.connect_accepted_socket(self._protocol, connection)
        task: asyncio.Task[object] = self._loop.create_task(beginning)
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)
        return True
