"""What the server says itself, because no request came as far as the app."""

import http
from uuid import uuid4

import httptools

from hub.api import problems
from hub.errors import BadRequest, HubError, TooLarge

_METHOD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-")


class HeadTooLarge(TooLarge):
    """The headers are more than the server reads."""

    status = 431
    text = "The request's headers are too large"


class UnknownMethod(BadRequest):
    """No method of HTTP."""

    status = 405
    text = "Method not allowed"


def last_word(error: HubError, general: list[tuple[bytes, bytes]]) -> bytes:
    """Return a whole answer, which is the last of its connection; `general` headers have all."""
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


def what_is_wrong(error: httptools.HttpParserError, data: bytes) -> HubError:
    """Return what to tell a client whose bytes the parser did not understand."""
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        word = data.partition(b" ")[0]
        if word and _METHOD.issuperset(word):
            return UnknownMethod()
    return BadRequest("This is not HTTP as the hub understands it")
