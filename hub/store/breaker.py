"""Asks nothing of a database that does not answer, and notices by itself when it does again."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextvars import Context

import structlog

from hub import metrics
from hub.errors import Unavailable

PART = "database"
FAILURES = 5
SILENT_SECONDS = 1.5
PAUSE_SECONDS = (0.25, 1.0)
RETRY_AFTER_SECONDS = 1

log = structlog.get_logger(__name__)


class Breaker:
    """Opens when a server has failed five times in a row, or was silent to everybody for long.

    While it is open every call is refused at once, and one probe at a time asks the server, after
    pauses that differ from process to process. The first probe that is answered closes it.
    """

    def __init__(self, probe: Callable[[], Awaitable[object]], lost: Callable[[], None]) -> None:
        """`lost` is called when it opens, and lets the old connections go."""
        self._probe = probe
        self._lost = lost
        self._failures = 0
        self._heard_at = float("-inf")
        self._opened_at = 0.0
        self._back_at = float("-inf")
        self._probing: asyncio.Task[None] | None = None
        metrics.part(PART, up=True)

    @property
    def is_open(self) -> bool:
        """Tell whether calls are refused."""
        return self._probing is not None

    def returned_within(self, seconds: float) -> bool:
        """Tell whether the server came back so lately that others are coming back to it too."""
        return time.monotonic() < self._back_at + seconds

    def check(self) -> None:
        """Raise `Unavailable` while it is open."""
        if self._probing:
            raise Unavailable(
                "The database does not answer, try again", retry_after=RETRY_AFTER_SECONDS
            )

    def answered(self) -> None:
        """Note that the server answered."""
        self._failures = 0
        self._heard_at = time.monotonic()

    def failed(self, began: float, error: BaseException) -> None:
        """Note that what began then (`time.monotonic`) found no server."""
        now = time.monotonic()
        self._failures += 1
        # One long piece of work says little; one during which nobody got an answer says enough.
        silent = now - began >= SILENT_SECONDS and self._heard_at < began
        if not self._probing and (silent or self._failures >= FAILURES):
            self._open(now, error)

    def close(self) -> None:
        """Ask no more."""
        if self._probing:
            self._probing.cancel()

    def _open(self, now: float, error: BaseException) -> None:
        self._opened_at = now
        metrics.part(PART, up=False)
        metrics.breaker_opened(PART)
        log.warning("database_lost", reason=_first_line(error))
        # A context of its own: that the database is back is not news of one request.
        probing = self._probe_until_answered()
        self._probing = asyncio.get_running_loop().create_task(probing, context=Context())
        self._lost()

    async def _probe_until_answered(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - no secret
            try:
                await self._probe()
            except Exception:  # noqa: BLE001, S112 - whatever it is, the server is not back
                continue
            break
        self._probing = None
        self.answered()
        self._back_at = self._heard_at
        metrics.part(PART, up=True)
        log.info("database_back", seconds=round(self._back_at - self._opened_at, 1))


def _first_line(error: BaseException) -> str:
    return repr(error).partition("\\n")[0]
