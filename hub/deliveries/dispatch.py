"""Takes due deliveries from the store, attempts them side by side, and writes what became of them.

One that is slow, endless or rude has a lane of its own, and delays nobody else.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from msgspec import Struct

from hub import ids, metrics
from hub.batching import Batcher, Full
from hub.deliveries import outcomes, parcels, signing
from hub.deliveries.courier import Courier, Header, Outcome
from hub.deliveries.lane import Lane
from hub.deliveries.outcomes import Ended
from hub.deliveries.parcels import Parcel
from hub.errors import Unavailable
from hub.store import deliveries, subscriptions
from hub.store.database import Contended, Database
from hub.store.read.records import EventRecord
from hub.store.subscriptions import Target

AT_ONCE = 8
"""Deliveries to one subscription that are under way, in one worker."""
LOOK_SECONDS = 1.0
"""Between looks at all subscriptions, for what is due again or was left by somebody else."""
IDLE_SECONDS = 60.0
"""A lane that was not used for so long is closed."""
MOST_LANES = 200
"""Of one claim."""
MOST_RECORDED = 200
ILL_SECONDS = 2.0
KEPT_FOR = timedelta(days=30)
FORGET_SECONDS, FORGET_LANES = 60.0, 100
"""How often something is forgotten, and of how many subscriptions."""
_JSON: list[Header] = [("content-type", "application/json"), ("user-agent", "Clonvo-Hub/1")]

Clock = Callable[[], datetime]
Render = Callable[[EventRecord, str], bytes]
"""Makes the body of an event in the shape of an adapter."""

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Means(Struct, frozen=True, kw_only=True):
    """What a dispatcher works with."""

    database: Database
    render: Render
    unseal: Callable[[str], str]
    courier: Callable[[], Courier]
    clock: Clock = utc_now


class Dispatcher:
    """Delivers until it is stopped."""

    def __init__(self, means: Means) -> None:
        """Prepare; nothing is under way yet."""
        self._means = means
        self._lanes: dict[Target, Lane] = {}
        self._woken = asyncio.Event()
        self._ready: set[Target] = set()
        self._living: set[Target] = set()
        self._looked_at = self._forgot_at = float("-inf")
        self._turn = 0
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._recorder: Batcher[Ended, None] = Batcher(self._record, most=MOST_RECORDED)

    def wake(self, targets: Iterable[Target]) -> None:
        """Look at these subscriptions at once: something waits for them."""
        self._ready.update(targets)
        self._woken.set()

    def look(self) -> None:
        """Look at all of them at once: something waits, and it is not said for whom."""
        self._looked_at = float("-inf")
        self._woken.set()

    @property
    def is_heard(self) -> bool:
        """Tell whether there is any subscription."""
        return bool(self._living)

    async def run(self) -> None:
        """Work until `stop`; while the database is away, wait and try again."""
        while not self._stopping:
            self._woken.clear()
            try:
                await self.step()
            except (Unavailable, Contended):
                # The store has told of it once, and tells when it is over.
                await asyncio.sleep(ILL_SECONDS)
            except Exception:
                log.exception("dispatch_failed")
                await asyncio.sleep(ILL_SECONDS)
            await self._rest()
        await self.close()

    async def step(self) -> int:
        """Claim what is due and begin to deliver it; return how many deliveries that were."""
        now = self._means.clock()
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            await self._look(now)
        wanted = [(target, room) for target in self._next() if (room := self._lane(target).room)]
        if not wanted:
            return 0
        found = await self._means.database.write(lambda c: parcels.claim(c, wanted, now))
        for parcel in found:
            self._lanes[parcel.target].hold(parcel)
        for target, room in wanted:
            lane = self._lanes[target]
            lane.has_more = sum(parcel.target == target for parcel in found) >= room
            self._begin(target)
        return len(found)

    def stop(self) -> None:
        """Let `run` return when what is under way is over."""
        self._stopping = True
        self._woken.set()

    async def settled(self) -> None:
        """Return when nothing is under way: for whoever works step by step."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def close(self) -> None:
        """End what is under way, write it down, and let the connections go."""
        await self.settled()
        await self._recorder.close()
        for lane in self._lanes.values():
            await lane.courier.close()
        self._lanes.clear()

    async def _rest(self) -> None:
        if not self._stopping:
            # Looking is the safety net; what is new here wakes us before.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)

    async def _look(self, now: datetime) -> None:
        """Find out who is told of events, and close the lanes of those who are not any more."""
        living = await self._means.database.read(lambda c: subscriptions.living(c, now))
        self._looked_at = time.monotonic()
        self._living = set(living)
        self._ready.update(living)
        if self._looked_at - self._forgot_at >= FORGET_SECONDS:
            self._forgot_at = self._looked_at
            await self._forget(now)
        old = self._looked_at - IDLE_SECONDS
        for target, lane in list(self._lanes.items()):
            if lane.is_idle and (lane.idle_since < old or target not in self._living):
                await self._lanes.pop(target).courier.close()

    async def _forget(self, now: datetime) -> None:
        """Delete what ended long ago, of some subscriptions; the others have their turn later."""
        targets = sorted(self._living)
        begin = self._turn % max(1, len(targets))
        self._turn = begin + FORGET_LANES
        for target in targets[begin : begin + FORGET_LANES]:
            work = partial(deliveries.forget, target=target, before=now - KEPT_FOR)
            await self._means.database.write(work)

    def _next(self) -> list[Target]:
        chosen = sorted(self._ready)[:MOST_LANES]
        self._ready.difference_update(chosen)
        if self._ready:
            self._woken.set()
        return chosen

    def _lane(self, target: Target) -> Lane:
        if target not in self._lanes:
            self._lanes[target] = Lane(self._means.courier(), AT_ONCE)
        return self._lanes[target]

    def _begin(self, target: Target) -> None:
        lane = self._lanes[target]
        while parcel := lane.begin():
            task = asyncio.create_task(self._attempt(target, parcel))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _attempt(self, target: Target, parcel: Parcel) -> None:
        lane = self._lanes[target]
        outcome = await self._bring(lane, parcel)
        metrics.delivery(arrived=outcome.arrived, seconds=outcome.milliseconds / 1000)
        try:
            await self._recorder.submit(Ended(parcel, outcome))
        except (Unavailable, Contended, Full):
            # Nobody knows of it: it is made again when the lease is over.
            log.warning("attempt_not_recorded", delivery=ids.wire("dlv", parcel.claimed.id))
        # Not before it is recorded: what is under way may come twice when a worker is killed.
        lane.end(outcome)
        self._begin(target)
        if lane.room and lane.has_more:
            self.wake([target])

    async def _bring(self, lane: Lane, parcel: Parcel) -> Outcome:
        if parcel.event is None:
            return Outcome(error="event_gone", milliseconds=0)
        subscription, now = parcel.subscription, self._means.clock()
        try:
            body = self._means.render(parcel.event, subscription.adapter)
        except Exception:
            log.exception("event_not_made", event_type=parcel.event.type)
            return Outcome(error="not_made", milliseconds=0)
        sealed = [subscription.secret]
        if subscription.previous_expires_at and subscription.previous_expires_at > now:
            sealed.append(subscription.previous_secret or "")
        keys = [self._means.unseal(one) for one in sealed]
        event_id = ids.wire("evt", parcel.event.id)
        signed = signing.headers(event_id, int(now.timestamp()), body, keys)
        return await lane.courier.bring(subscription.url, [*_JSON, *signed], body)

    async def _record(self, ended: Sequence[Ended]) -> list[None]:
        now = self._means.clock()
        switched = await self._means.database.write(lambda c: outcomes.record(c, ended, now))
        for one in switched:
            hook = ids.wire("hook", one.subscription.id)
            log.warning("hook_disabled", hook=hook, reason=one.reason)
        return [None] * len(ended)
