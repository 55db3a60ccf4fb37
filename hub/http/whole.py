"""A body that has arrived, and an answer in one piece: past uvicorn's messages and their looks.

An app finds both among the scope's extensions (ASGI: "Extensions"): `hub.api.body.ARRIVED` and
`hub.api.exchange.WHOLE`. The headers of an answer are the app's own work, so that only the number
of their lines is looked at.
"""

from collections.abc import Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

Header = tuple[bytes, bytes]

_CLOSE: Header = (b"connection", b"close")


def arrived(cycle: RequestResponseCycle) -> bytearray | None:
    """Return the whole body, when nothing of it is missing; it stays where it is."""
    if cycle.more_body or cycle.disconnected or cycle.flow.read_paused:
        return None
    return cycle.body


def write(cycle: RequestResponseCycle, status: int, headers: Sequence[Header], body: bytes) -> bool:
    """Write a whole answer, its length among the headers; False when it has to go the long way.

    That is so when the client does not keep up with reading: somebody has to wait for it. And when
    it asked for the headers alone. An answer may end its connection before the body has come.
    """
    if cycle.flow.write_paused or cycle.response_started or cycle.scope["method"] == "HEAD":
        return False
    if cycle.disconnected:
        return True
    told = [*cycle.default_headers, *headers]
    if cycle.more_body and _CLOSE in headers:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        told.append(_CLOSE)
    lines = [b"%b: %b\r\n" % header for header in told]
    head = b"".join([STATUS_LINE[status], *lines, b"\r\n"])
    if head.count(b"\n") != len(lines) + 2:
        raise ValueError("A header holds a line break")
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(head + body)
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
