"""The background work: whatever follows a commit. The other composition root.

Events are claimed from the outbox, told to the plugins, and finished. A worker that dies leaves
its claim to the next one when the lease ends; a plugin that fails or sleeps delays no answer.
"""

import asyncio
import contextlib
import signal
from datetime import UTC, datetime
from functools import lru_cache

import structlog

from hub.accept import statuses
from hub.api.shapes import body_of
from hub.contracts import Event, Sent
from hub.deliveries.courier import Courier
from hub.deliveries.dispatch import Dispatcher, Means
from hub.deliveries.fan_out import fan_out
from hub.errors import SettingError, Unavailable
from hub.events.live import Hint
from hub.services.hub import Hub
from hub.services.open import carry_hints, open_hub
from hub.settings import Settings
from hub.store import outbox
from hub.store.database import Connection
from hub.store.subscriptions import Target
from hub.store.write import messages

MOST = 100
UNSEALED = 1000
"""Secrets that a process remembers."""
IDLE_SECONDS = 1.0
HEARD_SECONDS = 0.05
"""The same while somebody is told of events that other processes leave."""
ILL_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Worker:
    """Takes events from the outbox until it is stopped."""

    def __init__(self, hub: Hub) -> None:
        """Work for this hub; a commit in the same process wakes it at once."""
        self._hub = hub
        self._woken = asyncio.Event()
        self._stopping = False
        self.dispatcher = Dispatcher(means(hub))
        hub.on_accepted = self._woken.set
        hub.on_delivery = self.dispatcher.look

    async def run(self) -> None:
        """Work until `stop`; what is under way by then is finished."""
        delivering = asyncio.create_task(self.dispatcher.run())
        try:
            await self._run()
        finally:
            self.dispatcher.stop()
            await delivering

    async def _run(self) -> None:
        """While the database is away, wait and try again."""
        while not self._stopping:
            try:
                worked = await self.step()
            except Unavailable:
                # The store has told of it once, and tells when it is over.
                await asyncio.sleep(ILL_SECONDS)
                continue
            except Exception:
                log.exception("worker_failed")
                await asyncio.sleep(ILL_SECONDS)
                continue
            if not worked:
                await self._rest()

    async def step(self) -> int:
        """Claim events, have them delivered, tell the plugins, and finish; return how many."""
        self._woken.clear()
        claimed, targets = await self._hub.database.write(self._claim)
        self.dispatcher.wake(targets)
        left = [event for event in claimed.events if self._concerns(event)]
        # Side by side, so that a slow plugin cannot hold a claim longer than its lease.
        ends = await asyncio.gather(*map(self._handle, left), return_exceptions=True)
        done = [e for e, end in zip(left, ends, strict=True) if not _failed(e, end)]
        if done:
            mine = outbox.Claim(claimed.token, done)
            await self._hub.database.write(lambda c: outbox.finish(c, mine))
        return len(claimed.events)

    def stop(self) -> None:
        """Let `run` return after the step it is in."""
        self._stopping = True
        self._woken.set()

    def _claim(self, connection: Connection) -> tuple[outbox.Claim, set[Target]]:
        """Claim events, and leave the deliveries that follow; what then is done is finished."""
        now = datetime.now(UTC)
        claimed = outbox.claim(connection, now, MOST)
        targets = fan_out(connection, claimed.events, now) if claimed.events else set()
        done = [event for event in claimed.events if not self._concerns(event)]
        outbox.finish(connection, outbox.Claim(claimed.token, done))
        return claimed, targets

    def _concerns(self, event: Event) -> bool:
        """Tell whether somebody in this process has something to do because of it."""
        if event.type != "message.created":
            return False
        queued = event.details.get("status") == "queued"
        return queued or self._hub.hooks.has("message_accepted")

    async def _rest(self) -> None:
        # On SQLite this is the safety net: each commit is of our own process, and wakes us before.
        apart = not self._hub.settings.embedded and self.dispatcher.is_heard
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), HEARD_SECONDS if apart else IDLE_SECONDS)

    async def _handle(self, event: Event) -> None:
        if event.type != "message.created":
            return
        await self._hub.hooks.notify("message_accepted", event=event)
        if event.details.get("status") == "queued":
            await self._send(event)

    async def _send(self, event: Event) -> None:
        outbound = await self._hub.database.read(
            lambda c: messages.outbound(c, event.organization_id, event.subject_id)
        )
        if outbound is None:
            return
        answer = await self._hub.hooks.first("send", outbound=outbound)
        sent = answer or Sent(
            status="failed", error_code="not_sent", error_text="No plugin sent it"
        )
        await self._hub.database.write(
            lambda c: statuses.sent(c, outbound, sent, datetime.now(UTC))
        )
        self._hub.live.tell([Hint("status", outbound.organization_id, outbound.conversation_id)])


def means(hub: Hub) -> Means:
    """Return what a hub delivers with."""
    return Means(
        database=hub.database,
        render=lambda record, name: body_of(record, hub.adapters.get(name)),
        unseal=lru_cache(UNSEALED)(hub.sealer.unseal),
        courier=lambda: Courier(hub.guard),
    )


def _failed(event: Event, end: BaseException | None) -> bool:
    """Tell whether an event has to be tried again, when its lease ends."""
    if end is not None:
        log.error("event_failed", event_type=event.type, exc_info=end)
    return end is not None


async def run_worker(settings: Settings) -> None:
    """Run a worker alone until SIGTERM or SIGINT."""
    hub = await open_hub(settings)
    worker = Worker(hub)
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, worker.stop)
    try:
        async with carry_hints(settings, hub, hears=False):
            await worker.run()
    finally:
        await hub.close()


def run(settings: Settings) -> None:
    """Run a worker in this process; the embedded default has it inside `serve`."""
    if settings.embedded:
        raise SettingError("database_url: on SQLite `clonvo serve` does the background work itself")
    asyncio.run(run_worker(settings))
