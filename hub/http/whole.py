"""A body that has arrived, and an answer in one piece: past uvicorn's messages and their looks.

An app finds both among the scope's extensions (ASGI: "Extensions"): `hub.api.body.ARRIVED` and
`hub.api.exchange.WHOLE`. They are the same for every request and find theirs by the `receive` and
`send` that it came with: bound to the request, they would keep it until the collector comes. The
headers of an answer are the app's own work, so that only the number of their lines is looked at.
"""

from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from hub.api.body import ARRIVED
from hub.api.exchange import WHOLE

Header = tuple[bytes, bytes]

_CLOSE: Header = (b"connection", b"close")


def arrived(receive: Any) -> bytearray | None:
    """Return the whole body, when nothing of it is missing; it stays where it is."""
    cycle = _cycle_of(receive)
    if cycle is None or cycle.more_body or cycle.disconnected or cycle.flow.read_paused:
        return None
    return cycle.body


def write(send: Any, status: int, headers: Sequence[Header], body: bytes) -> bool:
    """Write a whole answer, its length among the headers; False when it has to go the long way.

    That is so when the client does not keep up with reading: somebody has to wait for it. And when
    it asked for the headers alone. An answer may end its connection before the body has come.
    """
    cycle = _cycle_of(send)
    if cycle is None or cycle.flow.write_paused or cycle.response_started:
        return False
    if cycle.scope["method"] == "HEAD":
        return False
    if cycle.disconnected:
        return True
    told = [*cycle.default_headers, *headers]
    if cycle.more_body and _CLOSE in headers:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        told.append(_CLOSE)
    head = STATUS_LINE[status] + b"\r\n".join([b": ".join(header) for header in told])
    if head.count(b"\n") != len(told):
        raise ValueError("A header holds a line break")
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"%b\r\n\r\n%b" % (head, body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


def _cycle_of(method: Any) -> RequestResponseCycle | None:
    """Return the request whose `receive` or `send` this is; None when somebody stands between."""
    cycle = getattr(method, "__self__", None)
    return cycle if isinstance(cycle, RequestResponseCycle) else None


EXTENSIONS: Any = {WHOLE: write, ARRIVED: arrived}
