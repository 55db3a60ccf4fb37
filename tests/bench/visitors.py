"""Visitors who have written once each, for streams to follow."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256

from msgspec import Struct

from hub.auth import keys
from hub.contracts import Arrival, Caller, Message, Person, Visit
from tests.bench.load import Failed
from tests.support.client import services

ORIGIN = "http://localhost"
_TOGETHER = 100


class Visited(Struct, frozen=True):
    """A business with visitors."""

    organization: str
    server_key: str
    widget_key: str
    conversations: list[str]
    """By the visitors' numbers."""


def proof(number: int) -> str:
    """Return what the browser of a visitor sends as `X-Visitor`."""
    return f"v_{number:08}.{_secret(number)}"


async def visit(url: str, number: int) -> Visited:
    """Make a business to which so many visitors have written."""
    async with services(url) as hub:
        business = await hub.organizations.create("watched", "Watched")
        server = await hub.keys.create(business.id, "server", "bench")
        widget = await hub.keys.create(business.id, "widget", "bench", [ORIGIN])
        caller = Caller(
            kind="widget",
            organization_id=business.id,
            credential=keys.digest(widget.plaintext),
            key_id=widget.key.id,
        )

        async def come(one: int) -> str:
            (accepted,) = await hub.accept([_hello(one)], _arrival(caller, one))
            if accepted is None:
                raise Failed("A visitor's message was not taken")
            return accepted.conversation_id.hex

        found: list[str] = []
        for first in range(0, number, _TOGETHER):
            some = range(first, min(first + _TOGETHER, number))
            found += await asyncio.gather(*map(come, some))
        return Visited(business.id.hex, server.plaintext, widget.plaintext, found)


def _secret(number: int) -> str:
    return f"secret-of-visitor-{number:08}"


def _arrival(caller: Caller, number: int) -> Arrival:
    return Arrival(
        at=datetime.now(UTC),
        caller=caller,
        ip="127.0.0.1",
        visitor_id=f"v_{number:08}",
        secret_digest=sha256(_secret(number).encode()).digest(),
    )


def _hello(number: int) -> Message:
    name = f"v_{number:08}"
    return Message(
        channel="widget",
        source=f"widget:bench:{name}",
        person=Person(visitor_id=name),
        body="Hello, is anybody there?",
        visit=Visit(visitor_id=name, path="/"),
    )
