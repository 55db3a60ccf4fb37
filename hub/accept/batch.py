"""Group commit: the messages that wait together are stored in one transaction.

While one flush is in flight the next batch gathers, so a quiet hub answers after one commit and a
busy one shares each commit among many. Nobody is answered before the commit.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog

from hub import metrics
from hub.accept import steps
from hub.accept.draft import Entry, Traits
from hub.batching import Batcher, Full, Late, Waits
from hub.contracts import Accepted
from hub.errors import BadRequest, Unavailable
from hub.store.database import BatchDatabase, Contended, Rejected

MOST = 128
WAITING = 2048
RERUNS = 8
GATHER = 0.25
SECONDS = 2.0
"""No message waits longer; one that was in work by then may still be stored."""

Answer = Accepted | Exception

log = structlog.get_logger(__name__)


class Acceptor:
    """The one door through which messages get into the store of this process."""

    def __init__(self, database: BatchDatabase, traits: Callable[[], Traits]) -> None:
        """Store in this database, by the traits that its channels and plugins have by then."""
        self._database = database
        self._traits = traits
        self._batcher: Batcher[Entry, Accepted] = Batcher(
            self._flush, most=MOST, room=WAITING, waits=Waits(patience=SECONDS, gather=GATHER)
        )

    async def accept(self, entry: Entry) -> Accepted:
        """Store one message; return after its commit.

        Raises `HubError` when it is refused, `Unavailable` when the store does not answer.
        """
        if trouble := self._database.trouble:
            raise trouble.refusal()
        try:
            return await self._batcher.submit(entry)
        except (Full, Late, Contended) as error:
            raise Unavailable from error
        except Rejected as error:
            # Our own checks let it pass, so it is ours to know; the caller can only send less.
            log.exception("value_rejected", channel=entry.message.channel)
            raise BadRequest(form=["The store refuses a value of this message"]) from error

    async def close(self) -> None:
        """Store what is waiting, then take no more."""
        await self._batcher.close()

    async def _flush(self, entries: Sequence[Entry]) -> list[Answer]:
        try:
            return await self._store(entries)
        except Exception as error:  # noqa: BLE001 - every caller of the batch is told
            if len(entries) == 1 or not _may_be_one(error):
                return [error] * len(entries)
        # One bad row fails its whole batch: halve until it stands alone.
        middle = len(entries) // 2
        return await self._flush(entries[:middle]) + await self._flush(entries[middle:])

    async def _store(self, entries: Sequence[Entry]) -> list[Answer]:
        for attempt in range(RERUNS):
            work = partial(
                steps.accept, entries=entries, now=datetime.now(UTC), traits=self._traits()
            )
            try:
                # Who was not first tries again under locks.
                write = self._database.write if attempt else self._database.write_at_once
                answers = await write(work)
            except Contended:
                # The winner's rows are committed now or soon; losers come back one by one.
                await asyncio.sleep(random.uniform(0, 0.005) * attempt)  # noqa: S311
            else:
                _count(entries, answers)
                return list(answers)
        raise Contended


def _count(entries: Sequence[Entry], answers: Sequence[Answer]) -> None:
    metrics.batch(len(entries))
    stored = Counter(
        entry.message.channel
        for entry, answer in zip(entries, answers, strict=True)
        if isinstance(answer, Accepted) and not answer.duplicate
    )
    for channel, count in stored.items():
        metrics.accepted(channel, count)


def _may_be_one(error: Exception) -> bool:
    return isinstance(error, Contended | Rejected)
