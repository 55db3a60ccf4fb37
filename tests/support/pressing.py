"""Pressing a limit: many times as many calls as it allows, and what must be true of the answers.

When a call was counted only the limiter knows, and a client knows between which two moments. Two
claims follow. *Sure*: no window of 60 s holds more calls than the limit of which even the sending
and the receiving lie in it; that needs nobody's word. *Exact*: the instants that Redis noted are,
one to one, the calls that were answered 200, each between its sending and its receiving, by the
one clock of the machine; so they are the true instants, and no window of 60 s that slides over
them holds more than the limit.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from tests.support.client import Line, Reply
from tests.support.counted import WINDOW_SECONDS, Counted, Span, fit, fullest, surely

TIMES = 10
LOOK_SECONDS = 5.0
Record = Callable[[str, object], None]


class Run(Struct, frozen=True):
    """How long so many times the limit are sent."""

    limit: int
    seconds: float


class Told(Struct, frozen=True):
    """One call: its span, its status, and what its headers said of the limit."""

    span: Span
    status: int
    limit: int
    remaining: int
    reset: int
    retry_after: int | None


class Report(Struct, frozen=True):
    """What a run came to."""

    told: Sequence[Told]
    counted: Sequence[int]

    @property
    def admitted(self) -> list[Span]:
        """Return the calls that were let in."""
        return [told.span for told in self.told if told.status == 200]


async def call(line: Line, number: int) -> Told:
    """Post one message and read the limit's headers, which every answer has."""
    body = {"body": "hi", "visitor": {"visitorId": f"v_{number % 100}"}}
    sent = time.time()
    reply: Reply = await line.post("/messages", body)
    span = Span(sent, time.time())
    limit, remaining, reset = (
        int(reply.header(f"X-RateLimit-{name}") or "none")
        for name in ("Limit", "Remaining", "Reset")
    )
    after = reply.header("Retry-After")
    return Told(span, reply.status, limit, remaining, reset, int(after) if after else None)


async def press(lines: Sequence[Line], run: Run, counted: Counted) -> list[Told]:
    """Send ten times the limit, on all lines in step, so that calls meet; look at the count."""
    told: list[Told] = []
    pause = WINDOW_SECONDS * len(lines) / (run.limit * TIMES)
    begin = time.monotonic()
    end = begin + run.seconds

    async def go_on(line: Line) -> None:
        due = begin
        while due < end:
            await asyncio.sleep(due - time.monotonic())
            told.append(await call(line, len(told)))
            due += pause

    async def watch() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(counted.look)

    await asyncio.gather(watch(), *(go_on(line) for line in lines))
    await asyncio.to_thread(counted.look)
    return told


def judge(report: Report, run: Run, record: Record, way: str) -> None:
    """Hold the run against the promise, and leave its figures."""
    sure, exact = surely(report.admitted), fullest(report.counted)
    figures = (
        f"{len(report.told)} calls, {len(report.admitted)} let in, fullest window {exact}"
        f" of {run.limit} (surely {sure})"
    )
    record(way, figures)
    print(f"{way}: {figures}")  # noqa: T201 - the figure

    assert sure <= run.limit
    assert fit(report.counted, report.admitted)
    assert exact == run.limit
    assert {told.status for told in report.told} == {200, 429}
    assert {told.limit for told in report.told} == {run.limit}
    for told in report.told:
        assert 0 <= told.remaining < run.limit
        assert told.span.sent <= told.reset <= told.span.received + WINDOW_SECONDS + 1
        refused = told.status == 429
        assert (told.retry_after is not None) is refused
        assert not refused or 1 <= (told.retry_after or 0) <= WINDOW_SECONDS
