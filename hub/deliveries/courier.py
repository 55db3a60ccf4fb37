"""One attempt: a POST to an address that somebody else chose, bounded in every way.

No redirect is followed, no proxy asked, nothing unpacked. Whatever the receiver does, it is over
after fifteen seconds, and of its answer four kilobytes are kept.
"""

import asyncio
import ssl
import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import urlsplit

import httpcore
from msgspec import Struct

from hub.deliveries.guard import Guard
from hub.deliveries.network import Blocked, GuardedBackend

SECONDS = 15.0
ANSWER_SECONDS = 2.0
"""For the body of an answer whose status is known."""
ANSWER_BYTES = 4096
KEPT_SECONDS = 30.0
_UNREACHED = "unreachable"
"""Blocked, refused and away look the same: what is inside our network is nobody's business."""

Header = tuple[str, str]


class Outcome(Struct, frozen=True, kw_only=True):
    """What a receiver made of it."""

    status: int | None = None
    error: str | None = None
    milliseconds: int
    answer: str = ""
    retry_after: float | None = None
    """Seconds that it asked for."""

    @property
    def arrived(self) -> bool:
        """Tell whether it was taken: by a 2xx, and nothing else."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004

    @property
    def timed_out(self) -> bool:
        """Tell whether all the time that it had passed without an answer."""
        return self.error == "timeout"


class Courier:
    """Brings bodies to one address, over connections that are kept for a while."""

    def __init__(self, guard: Guard, seconds: float = SECONDS) -> None:
        """Go only where `guard` lets one."""
        self._guard = guard
        self._seconds = seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=None,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=GuardedBackend(guard),
        )

    async def bring(self, url: str, headers: Sequence[Header], body: bytes) -> Outcome:
        """Send it, and return what came of that; nothing is raised."""
        if self._guard.refusal(url):
            # Nothing that is wrong by now, as plain http, was wrong when the hook was made.
            return Outcome(error=_UNREACHED, milliseconds=0)
        began = time.monotonic()
        status, error, answer, asked = None, None, b"", None
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._pool.handle_async_request(_request(url, headers, body))
                status = response.status
                asked = _retry_after(response)
                answer = await _beginning(response)
        except TimeoutError:
            error = None if status else "timeout"
        except (Blocked, httpcore.NetworkError, httpcore.TimeoutException, OSError):
            error = None if status else _UNREACHED
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
            error = None if status else "no_http"
        return Outcome(
            status=status,
            error=error,
            milliseconds=round((time.monotonic() - began) * 1000),
            answer=_readable(answer),
            retry_after=asked,
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._pool.aclose()


def _request(url: str, headers: Sequence[Header], body: bytes) -> httpcore.Request:
    parts = urlsplit(url)
    # Put together here: read from the text, httpcore leaves out what follows a `;` in the path.
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = httpcore.URL(
        scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=path
    )
    host = parts.netloc.encode("ascii")
    raw = [(b"Host", host), (b"Content-Length", b"%d" % len(body))]
    raw += [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
    return httpcore.Request("POST", target, headers=raw, content=body)


async def _beginning(response: httpcore.Response) -> bytes:
    """Return the first bytes of an answer; one that is longer or late costs its connection."""
    found = bytearray()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async for chunk in response.aiter_stream():
                found += chunk
                if len(found) >= ANSWER_BYTES:
                    break
    except (TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        # The status has said it already.
        pass
    finally:
        await response.aclose()
    return bytes(found[:ANSWER_BYTES])


def _retry_after(response: httpcore.Response) -> float | None:
    """Read `Retry-After`: seconds or a date (RFC 9110, 10.2.3); anything else says nothing."""
    for name, value in response.headers:
        if name.lower() == b"retry-after":
            text = value.decode("latin-1").strip()
            if text.isdecimal() and len(text) < 12:  # noqa: PLR2004
                return float(text)
            try:
                return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
            except (ValueError, OverflowError):
                return None
    return None


def _readable(raw: bytes) -> str:
    # What no store keeps as text (PostgreSQL has no NUL) is shown as what it is: unreadable.
    return raw.decode("utf-8", "replace").replace("\x00", "\ufffd")


@cache
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()
