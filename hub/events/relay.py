"""Hints carried between processes by Redis: one channel, one subscription per process.

Whatever is told in one turn of the loop goes out as one message. Redis may be away or frozen:
then nothing waits for it, hints are lost, and `up` says so.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from hub.events.live import Hint

CHANNEL = "hub:live"
SECONDS = 1.0
"""In which Redis has to answer."""
PING_SECONDS = 2.0
PAUSE_SECONDS = 1.0
MOST = 1000
"""Hints that wait to be sent; the oldest are dropped."""

log = structlog.get_logger(__name__)


_SENDER_BYTES = 8
"""A message on the channel is who sent it, and then its hints."""
_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode = msgspec.msgpack.Decoder(list[Hint]).decode


class RedisRelay:
    """Carries hints to the processes that use the same Redis, and theirs to this one."""

    def __init__(self, url: str, hear: Callable[[Sequence[Hint]], None]) -> None:
        """Give what others tell to `hear`; send at once, listen from `start` on."""
        self._redis = Redis.from_url(
            url,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._hear = hear
        self._id = secrets.token_bytes(_SENDER_BYTES)
        self._waiting: deque[Hint] = deque(maxlen=MOST)
        self._sends = True
        self._subscribed = False
        self._sending: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Tell whether hints go out and come in, as far as one can know."""
        return self._subscribed and self._sends

    def start(self) -> None:
        """Listen from now on."""
        self._hearing = asyncio.create_task(self._hear_on())

    async def close(self) -> None:
        """Send what waits, if that is quick, and hang up."""
        for task in (self._hearing, self._sending):
            if task:
                done, _ = await asyncio.wait(
                    {task}, timeout=0 if task is self._hearing else SECONDS
                )
                if not done:
                    task.cancel()
                    await asyncio.wait({task})
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    def send(self, hints: Sequence[Hint]) -> None:
        """Carry these on at the end of this turn of the loop."""
        self._waiting.extend(hints)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        while self._waiting:
            letter = self._id + _encode(list(self._waiting))
            self._waiting.clear()
            try:
                async with asyncio.timeout(SECONDS):
                    await self._redis.publish(CHANNEL, letter)
            except (RedisError, OSError, TimeoutError) as error:
                self._lose(error)
            else:
                self._sends = True

    async def _hear_on(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await self._hear_from(channel)
            except (RedisError, OSError, TimeoutError) as error:
                self._lose(error)
                self._subscribed = False
            await asyncio.sleep(PAUSE_SECONDS)

    async def _hear_from(self, channel: PubSub) -> None:
        """Listen until the subscription breaks, which is asked about when nothing comes."""
        async with asyncio.timeout(SECONDS):
            await channel.subscribe(CHANNEL)
        asked = False
        while True:
            message = await channel.get_message(timeout=PING_SECONDS)
            if message is None:
                if asked:
                    raise TimeoutError
                async with asyncio.timeout(SECONDS):
                    await channel.ping()
            asked = message is None
            if message:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if not self._subscribed:
            self._subscribed = self._sends = True
            log.info("hints_shared")
        if message["type"] != "message":
            return
        letter: bytes = message["data"]
        if letter.startswith(self._id):
            return
        # Another version of the hub may write otherwise: those hints are lost, and made up for.
        with contextlib.suppress(msgspec.MsgspecError):
            self._hear(_decode(letter[_SENDER_BYTES:]))

    def _lose(self, error: BaseException) -> None:
        if self.up:
            log.warning("hints_alone", reason=f"{type(error).__name__}: {error}")
        self._sends = False
