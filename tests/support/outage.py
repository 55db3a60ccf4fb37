"""Good traffic while something fails: each answer with its time, and the book of what was sent."""

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import msgspec
import psutil
from msgspec import Struct

from hub import ids
from tests.support.app import Business
from tests.support.client import Line, Reply
from tests.support.databases import query
from tests.support.hubs import Hub
from tests.support.ledger import Found, Ledger

CLIENTS = 32
PAUSE_SECONDS = 0.1
WATCH_SECONDS = 0.1
SETTLE_SECONDS = 10.0
PHONES = 200
OK, UNAVAILABLE = 200, 503


class Answer(Struct, frozen=True):
    """One answer: when it was asked for and came (by the monotonic clock), and what it was."""

    asked: float
    came: float
    status: int
    retry_after: str | None

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.came - self.asked


class Look(Struct, frozen=True):
    """What a health check said, and how long it took."""

    at: float
    path: str
    status: int
    seconds: float


class Holdings(Struct, frozen=True):
    """What a hub process holds while nothing is asked of it."""

    descriptors: int
    tasks: int

    def like(self, other: "Holdings", most: int = 5) -> bool:
        """Tell whether it holds about as much as then."""
        return (
            abs(self.descriptors - other.descriptors) <= most
            and abs(self.tasks - other.tasks) <= most
        )


class Traffic:
    """Clients that send messages one after the other, each until it is acknowledged."""

    def __init__(
        self, hub: Hub, business: Business, *, ledger: Ledger | None = None, prefix: str = "t"
    ) -> None:
        """Send nothing yet; what two send to one business goes into one ledger by two prefixes."""
        self.hub = hub
        self.business = business
        self.ledger = ledger or Ledger()
        self.answers: list[Answer] = []
        self.broken = 0
        self._prefix = prefix
        self._numbers = itertools.count()
        self._ending = False

    @asynccontextmanager
    async def flowing(self, clients: int = CLIENTS) -> AsyncIterator[None]:
        """Send all the while; at the end every message that was begun is acknowledged."""
        self._ending = False
        flow = [asyncio.create_task(self._send_on()) for _ in range(clients)]
        try:
            yield
        finally:
            self._ending = True
            ends = await asyncio.gather(*flow, return_exceptions=True)
        for end in ends:
            if end:
                raise end

    def between(self, begin: float, end: float = float("inf")) -> list[Answer]:
        """Return the answers to what was asked in that time."""
        return [answer for answer in self.answers if begin <= answer.asked < end]

    async def _send_on(self) -> None:
        line = Line(self.hub, self.business.bearer)
        try:
            while not self._ending:
                await self._send(line, next(self._numbers))
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            line.close()

    async def _send(self, line: Line, number: int) -> None:
        name = f"{self._prefix}{number}"
        body = f"message {name}"
        self.ledger.attempt(name, body)
        content = {
            "body": body,
            "providerMessageId": name,
            "customer": {"phoneE164": f"+1555{number % PHONES:06}"},
        }
        reply = await self._post(line, content)
        while reply is None or reply.status == UNAVAILABLE:
            await asyncio.sleep(PAUSE_SECONDS)
            reply = await self._post(line, content)
        assert reply.status == OK, reply
        self.ledger.answer(name, reply.body["id"])

    async def _post(self, line: Line, content: dict[str, object]) -> Reply | None:
        asked = time.monotonic()
        try:
            reply = await line.post("/messages", content)
        except (OSError, TimeoutError):
            # The hub itself is never killed here: no connection may break.
            self.broken += 1
            return None
        came = time.monotonic()
        self.answers.append(Answer(asked, came, reply.status, reply.header("retry-after")))
        return reply


class Watch:
    """What the hub's health checks say, asked all the while."""

    def __init__(self, hub: Hub) -> None:
        """Ask nothing yet."""
        self._hub = hub
        self.looks: list[Look] = []

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Ask both checks ten times a second."""
        async with httpx.AsyncClient(base_url=self._hub.url, timeout=10) as client:
            asking = [
                asyncio.create_task(self._ask_on(client, f"/health/{name}"))
                for name in ("live", "ready")
            ]
            try:
                yield
            finally:
                for task in asking:
                    task.cancel()
                await asyncio.wait(asking)

    async def ready_since(self, moment: float) -> float:
        """Return how long after that moment the hub was ready again and is still."""
        while True:
            looks = [look for look in self.looks if look.path == "/health/ready"]
            good = list(itertools.takewhile(lambda look: look.status == OK, reversed(looks)))
            after = [look.at + look.seconds for look in good if look.at >= moment]
            if after:
                return min(after) - moment
            await asyncio.sleep(WATCH_SECONDS)

    def within(
        self, path: str, begin: float = 0, end: float = float("inf"), part: float = 1
    ) -> float:
        """Return the time within which that part of a check's answers came, in that time."""
        return quantile(
            [look.seconds for look in self.looks if look.path == path and begin <= look.at < end],
            part,
        )

    async def _ask_on(self, client: httpx.AsyncClient, path: str) -> None:
        while True:
            at = time.monotonic()
            reply = await client.get(path)
            self.looks.append(Look(at, path, reply.status_code, time.monotonic() - at))
            await asyncio.sleep(WATCH_SECONDS)


def stored(url: str) -> list[Found]:
    """Read every message straight from PostgreSQL, past the hub."""
    rows = query(url, "SELECT provider_message_id AS name, id, body FROM message")
    return [Found(row["name"], ids.wire("msg", UUID(str(row["id"]))), row["body"]) for row in rows]


def events(hub: Hub) -> Iterator[str]:
    """Yield the names of the hub's log lines, those about single requests left out."""
    for line in hub.process.log.read_text(encoding="utf-8").splitlines():
        # `serve` begins with some lines for people.
        event = msgspec.json.decode(line)["event"] if line.startswith("{") else "request"
        if event != "request":
            yield event


async def figures(hub: Hub) -> str:
    """Return what `/metrics` says."""
    async with httpx.AsyncClient(base_url=hub.url, timeout=10) as client:
        return (await client.get("/metrics")).text


def figure(text: str, name: str) -> float:
    """Return one figure of `/metrics`, 0 when it is not there."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def holdings(hub: Hub) -> Holdings:
    """Return what the hub's process holds now."""
    tasks = figure(await figures(hub), "hub_tasks")
    return Holdings(psutil.Process(hub.process.pid).num_fds(), int(tasks))


async def settled(hub: Hub, before: Holdings) -> Holdings:
    """Return what the hub holds once that is like before, or at the latest after ten seconds."""
    now = await holdings(hub)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while not now.like(before):
                await asyncio.sleep(WATCH_SECONDS)
                now = await holdings(hub)
    return now


def share(answers: Sequence[Answer], part: float) -> float:
    """Return the time within which that part of the answers came (0.99: all but one of 100)."""
    return quantile([answer.seconds for answer in answers], part)


def quantile(numbers: Sequence[float], part: float) -> float:
    """Return the number that this part of all numbers does not exceed; 0 when there is none."""
    ordered = sorted(numbers)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0
