"""One connection: uvicorn's protocol, and what it does not do.

It has deadlines for headers and for readers, a most of header bytes, and says what is wrong in our
own words. On the way of an ordinary request it does next to nothing.
"""

import asyncio
import contextlib
import fcntl
import http
import socket
import struct
import termios
from array import array
from collections import deque
from typing import Any
from uuid import uuid4

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub.api import problems
from hub.errors import BadRequest, HubError, Timeout, TooLarge, Unavailable
from hub.http.watch import MOST_LEAVING, NEVER, Watch

SLICE = 16 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)
_TRAILERS: Any = deque(maxlen=0)
"""Where headers go that come after the body: away. Nobody has asked for them."""
_METHOD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-")


class HeadTooLarge(TooLarge):
    """The headers are more than the server reads."""

    status = 431
    text = "The request's headers are too large"


class UnknownMethod(BadRequest):
    """No method of HTTP."""

    status = 405
    text = "Method not allowed"


class Connection(HttpToolsProtocol):
    """uvicorn's connection under a watch."""

    # On the class, so that the many that never need them pay nothing.
    write_due = NEVER
    left = False
    _deaf = False
    _group: str | None = None
    _served: Any = None
    _pieces_of: Any = None
    _received = 0
    _body_bytes = 0
    _unread = 0

    def __init__(self, watch: Watch, **of_uvicorn: Any) -> None:
        """`of_uvicorn` is what uvicorn gives each of its protocols."""
        super().__init__(**of_uvicorn)
        self._watch = watch
        self.due = NEVER

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the client in, or tell it why not."""
        super().connection_made(transport)
        watch = self._watch
        self.due = watch.now + watch.limits.head_seconds
        if len(self.connections) > watch.limits.connections:
            self.dismiss(Unavailable(retry_after=2), "full")
            return
        if self.client:
            try:
                self._group = watch.admit(self.client[0])
            except LookupError:
                self.dismiss(Unavailable("Too many connections", retry_after=2), "address")
                return
        if watch.going:
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what was counted."""
        super().connection_lost(exc)
        if self._group is not None:
            self._watch.release(self._group)
            self._group = None
        if self.left:
            self._watch.leaving -= 1
            self.left = False

    def data_received(self, data: bytes) -> None:
        """Read on; a large piece in slices, so that what is too large is seen in time."""
        if len(data) <= SLICE:
            self._read(data)
            return
        for start in range(0, len(data), SLICE):
            self._read(data[start : start + SLICE])

    def _read(self, data: bytes) -> None:
        if self._deaf:
            return
        served = self._served
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.dismiss(_what_is_wrong(error, data), "garbled")
        except httptools.HttpParserUpgrade:
            # Served as if it had not asked; what follows would be of the other protocol.
            self.cycle.keep_alive = False
            self._deaf = True
        else:
            if self.scope is not self._served or self._lacks_body():
                self._goes_on(0 if self._served is not served else len(data))

    def _lacks_body(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.more_body

    def _answering(self) -> RequestResponseCycle | None:
        """Return what is being answered, or was read last of what will be."""
        cycle: RequestResponseCycle | None = self.cycle
        return None if cycle is None or cycle.response_complete else cycle

    def _goes_on(self, size: int) -> None:
        """Note that a request is not complete yet, after so many bytes of it."""
        limits = self._watch.limits
        if self.scope is not self._pieces_of:
            self._pieces_of = self.scope
            self._received = 0
            if self.scope is not self._served:
                self._body_bytes = 0
                self.due = self._watch.now + limits.head_seconds
        self._received += size
        if self._received - self._body_bytes > limits.head_bytes:
            text = f"The request's headers may have {limits.head_bytes} bytes"
            self.dismiss(HeadTooLarge(text), "head_size")

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        super().on_headers_complete()
        self._served = self.scope
        self.headers = _TRAILERS
        self.due = NEVER
        if self._watch.going:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        watch = self._watch
        if self.transport.is_closing():
            self.due = watch.now + watch.limits.write_seconds
            super().on_response_complete()
        elif self.pipeline:
            super().on_response_complete()
        else:
            self.server_state.total_requests += 1
            self.flow.resume_reading()
            if self.scope is self._served:
                self.due = watch.now + watch.limits.keep_alive_seconds

    def pause_writing(self) -> None:
        """Note that the client does not keep up with reading."""
        super().pause_writing()
        self._unread = self._count_unread()
        self.write_due = self._watch.now + self._watch.limits.write_seconds

    def resume_writing(self) -> None:
        """Note that it does again."""
        super().resume_writing()
        self.write_due = NEVER

    def shutdown(self) -> None:
        """Go, when what is under way is done; a request that is on the wire already is heard."""
        cycle = self._answering()
        if cycle:
            cycle.keep_alive = False
        elif not self.left and self.scope is self._served:
            self.due = min(self.due, self._watch.now + self._watch.limits.linger_seconds)

    def is_leaving(self) -> bool:
        """Tell whether nothing more is expected of it than to go."""
        return self.transport.is_closing()

    def overdue(self, now: float) -> None:
        """Part with a client that is late."""
        limits = self._watch.limits
        if self.write_due <= now:
            self._judge_reader(now)
        elif self.left or self.transport.is_closing():
            # It does not even take the rest.
            self._reset()
        elif self.flow.read_paused:
            # We do not listen: that nothing comes is not the client's doing.
            self.due = now + limits.head_seconds
        elif self.scope is not self._served:
            self.dismiss(Timeout("The request's headers did not arrive in time"), "head_time")
        else:
            self.transport.close()
            self.due = now + limits.write_seconds

    def _judge_reader(self, now: float) -> None:
        limits, unread = self._watch.limits, self._count_unread()
        if self._unread - unread < limits.write_bytes:
            self._watch.cut("reader", self._address())
            self._reset()
        else:
            self._unread = unread
            self.write_due = now + limits.write_seconds

    def _reset(self) -> None:
        """Close at once, and let the kernel drop what it would try for minutes to deliver."""
        with contextlib.suppress(OSError):
            plain = self.transport.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _count_unread(self) -> int:
        """Return how many bytes the client's machine has not taken yet."""
        unread = array("i", [0])
        with contextlib.suppress(OSError):
            # The kernel's own share, which it takes from us in pieces of a megabyte.
            fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, unread)
        return unread[0] + self.transport.get_write_buffer_size()

    def dismiss(self, error: HubError, reason: str) -> None:
        """Tell the client what is wrong, when it can be told, and listen no more."""
        self._watch.cut(reason, self._address())
        self._deaf = True
        self.due = NEVER
        cycle = self._answering()
        if cycle is None:
            self._leave(error)
        elif not cycle.more_body:
            # A whole request is being answered; what came after it is what is wrong.
            cycle.keep_alive = False
        elif cycle.response_started or self.pipeline:
            self.transport.close()
        else:
            cycle.disconnected = True
            cycle.message_event.set()
            self._leave(error)

    def send_400_response(self, msg: str) -> None:
        """Answer what uvicorn itself finds wrong in our own shape."""
        self.dismiss(BadRequest(msg), "garbled")

    def _leave(self, error: HubError) -> None:
        """Say the last word, and give the client a moment to read it."""
        self.transport.write(_last_word(error, self.server_state.default_headers))
        if self._watch.leaving >= MOST_LEAVING:
            self.transport.close()
            return
        # Closed at once, with bytes that nobody read, the answer would be lost on its way.
        self._watch.leaving += 1
        self.left = True
        self.transport.write_eof()
        self.due = self._watch.now + self._watch.limits.linger_seconds

    def _address(self) -> str:
        return self.client[0] if self.client else ""


def _last_word(error: HubError, general: list[tuple[bytes, bytes]]) -> bytes:
    request_id = f"req_{uuid4().hex}"
    status, headers, body = problems.render(error, request_id)
    phrase = http.HTTPStatus(status).phrase
    named = {
        **headers,
        "x-request-id": request_id,
        "content-length": str(len(body)),
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in named.items())]
    head = "\r\n".join(lines).encode()
    dated = b"".join(b"\r\n" + name + b": " + value for name, value in general)
    return head + dated + b"\r\n\r\n" + body


def _what_is_wrong(error: httptools.HttpParserError, data: bytes) -> HubError:
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        word = data.partition(b" ")[0]
        if word and _METHOD.issuperset(word):
            return UnknownMethod()
    return BadRequest("This is not HTTP as the hub understands it")
