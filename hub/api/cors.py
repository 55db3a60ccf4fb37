"""What browsers ask before and after a widget's request (Fetch standard, CORS protocol).

A preflight carries no key, so it is answered from the origins of all living widget keys; the real
request is decided by its own key. Never `*`, never credentials.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from hub.auth import origins
from hub.auth.headers import Headers
from hub.batching import Batcher, Full, Late, Waits
from hub.errors import Forbidden, Unavailable
from hub.store.database import Database
from hub.store.front import LOOKUP_SECONDS
from hub.store.write import credentials

_EXPOSED = b"Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": (
        "authorization, content-type, x-visitor, x-identity, x-challenge, last-event-id"
    ),
    "access-control-max-age": "7200",
}


class LiveOrigins:
    """The origins that any living widget key allows, read anew for each loop turn."""

    def __init__(self, database: Database) -> None:
        """Read from this database."""
        self._database = database
        self._reads: Batcher[Headers, str | None] = Batcher(
            self._read, most=256, waits=Waits(patience=LOOKUP_SECONDS)
        )

    async def match(self, headers: Headers) -> str | None:
        """Return the request's origin as it wrote it, when some living key allows it."""
        try:
            return await self._reads.submit(headers)
        except (Full, Late) as error:
            raise Unavailable from error

    async def _read(self, asked: list[Headers]) -> Sequence[str | None]:
        now = datetime.now(UTC)
        texts = await self._database.read(lambda c: credentials.live_widget_origins(c, now))
        live = {origins.parse_allowed(text) for text in texts}
        return [_matching(live, headers.all("origin")) for headers in asked]


async def preflight(live: LiveOrigins, headers: Headers) -> dict[str, str]:
    """Return the headers of a 204; an origin that no living key allows is 403."""
    origin = await live.match(headers)
    if origin is None:
        raise Forbidden("Origin not allowed", code="origin_not_allowed")
    return {"access-control-allow-origin": origin, **_PREFLIGHT}


def readable_by(origin: str) -> list[tuple[bytes, bytes]]:
    """Return the headers that let the page of this origin read the answer."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED),
    ]


def _matching(live: set[origins.Origin], sent: list[str]) -> str | None:
    origin = origins.parse_request(sent)
    return sent[0] if origin is not None and origin in live else None
