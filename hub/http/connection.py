"""One connection: uvicorn's protocol, and what it does not do.

It has deadlines for headers and for readers, a most of header bytes, and says what is wrong in our
own words. On the way of an ordinary request it does next to nothing.
"""

import asyncio
from collections import deque
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub.errors import BadRequest, HubError, Timeout, Unavailable
from hub.http.refusals import HeadTooLarge, last_word, what_is_wrong
from hub.http.sockets import count_unread, reset
from hub.http.targets import target_of
from hub.http.upgrades import parser_of_body
from hub.http.watch import MOST_LEAVING, NEVER, Watch
from hub.http.whole import EXTENSIONS

SLICE = 16 * 1024
_TRAILERS: Any = deque(maxlen=0)
"""Where headers go that come after the body: away. Nobody has asked for them."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection under a watch."""

    # Beside uvicorn's own attributes, which are just so many that objects share their names.
    __slots__ = (
        *("_body_bytes", "_deaf", "_group", "_pieces_of", "_received", "_served", "_unread"),
        *("_watch", "due", "left", "write_due"),
    )

    def __init__(self, watch: Watch, **of_uvicorn: Any) -> None:
        """`of_uvicorn` is what uvicorn gives each of its protocols."""
        super().__init__(**of_uvicorn)
        self._watch = watch
        self.due = self.write_due = NEVER
        self.left = self._deaf = False
        self._group: str | None = None
        self._served: Any = None
        self._pieces_of: Any = None
        self._received = self._body_bytes = self._unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the client in, or tell it why not."""
        super().connection_made(transport)
        watch = self._watch
        watch.tally.note(len(self.connections))
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
        self._watch.tally.note(len(self.connections))
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
            self.dismiss(what_is_wrong(error, data), "garbled")
        except httptools.HttpParserUpgrade as asked:
            self._read_on(data[asked.args[0] :])
        else:
            if self.scope is not self._served or self._lacks_body():
                self._goes_on(0 if self._served is not served else len(data))

    def _read_on(self, rest: bytes) -> None:
        """Serve what asked for another protocol as if it had not, and nothing after it."""
        cycle = self.cycle
        cycle.keep_alive = False
        parser = parser_of_body(self.scope["headers"], self)
        if parser is None:
            self._deaf = True
            return
        cycle.more_body = True
        self.parser = parser
        self._read(rest)

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
        """Begin to answer, or to wait for one's turn."""
        # uvicorn's own step, without what this server has not: a root path, a most of requests.
        scope, parser = self.scope, self.parser
        version = parser.get_http_version()
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = target_of(self.url)
        scope["extensions"] = EXTENSIONS
        before = self._answering()
        self.cycle = RequestResponseCycle(
            scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            version != "1.0" and parser.should_keep_alive() and not self._watch.going,
            self.on_response_complete,
        )
        self._served = scope
        self.headers = _TRAILERS
        self.due = NEVER
        if before is None:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        watch = self._watch
        if self.transport.is_closing():
            self._expect_end(watch.now)
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
        self._unread = count_unread(self.transport)
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

    def look_for_end(self, now: float) -> None:
        """Notice that it was closed by whoever answers, while something is left to be taken."""
        if self.transport.is_closing():
            self._expect_end(now)

    def overdue(self, now: float) -> None:
        """Part with a client that is late."""
        limits = self._watch.limits
        if self.write_due <= now:
            self.write_due = now + limits.write_seconds
            self._judge_reader()
        elif self.write_due < NEVER:
            # It still takes what it was answered: it is not silent.
            self.due = now + limits.keep_alive_seconds
        elif self.left:
            reset(self.transport)
        elif self.transport.is_closing():
            self.due = now + limits.write_seconds
            self._judge_reader()
        elif self.flow.read_paused:
            # We do not listen: that nothing comes is not the client's doing.
            self.due = now + limits.head_seconds
        elif self.scope is not self._served:
            self.dismiss(Timeout("The request's headers did not arrive in time"), "head_time")
        else:
            self.transport.close()
            self._expect_end(now)

    def _expect_end(self, now: float) -> None:
        """Give the client its time to take what is left, after which the connection is closed."""
        self.due = now + self._watch.limits.write_seconds
        self._unread = count_unread(self.transport) if self.transport.get_write_buffer_size() else 0

    def _judge_reader(self) -> None:
        before, self._unread = self._unread, count_unread(self.transport)
        if before - self._unread < self._watch.limits.write_bytes:
            self._watch.cut("reader", self._address())
            reset(self.transport)

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
        self.transport.write(last_word(error, self.server_state.default_headers))
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
