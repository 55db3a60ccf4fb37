"""Ids: UUIDv7 inside, TypeIDs outside.

A TypeID is a kind, an underscore and the UUID in 26 characters of Crockford's base32
(https://github.com/jetify-com/typeid): `msg_01kb3...`. It sorts by time and cannot be mistaken
for an id of another kind.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

from asyncpg.pgproto import pgproto  # type: ignore[import-untyped]
from uuid_utils import uuid7

Kind = Literal["org", "usr", "key", "cus", "con", "vs", "msg", "evt", "hook", "dlv", "cnx", "blk"]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_LENGTH = 26
_BITS = 128
_LOW = (1 << 70) - 1

made: Callable[[str | bytes], UUID] = pgproto.UUID
"""Makes a UUID of its text or its 16 bytes: the one that PostgreSQL's driver makes.

It is a `UUID` like any other, written in C: made in a seventh of the time, compared in a third.
"""


def new() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562): its first 48 bits are the millisecond of its making."""
    return made(uuid7().bytes)


def fresh() -> str:
    """Return a fresh UUIDv7 as the hex text it is sent and stored as: a tenth of the work."""
    return uuid7().hex


def wire(kind: Kind, uuid: UUID) -> str:
    """Write an id as the outside sees it."""
    # Spelled out: every answer to a message holds four, and a loop takes twice as long.
    number, pair = uuid.int, _PAIRS
    high, low = number >> 70, number & _LOW
    return (
        f"{kind}_{pair[high >> 50]}{pair[high >> 40 & 1023]}{pair[high >> 30 & 1023]}"
        f"{pair[high >> 20 & 1023]}{pair[high >> 10 & 1023]}{pair[high & 1023]}{pair[low >> 60]}"
        f"{pair[low >> 50 & 1023]}{pair[low >> 40 & 1023]}{pair[low >> 30 & 1023]}"
        f"{pair[low >> 20 & 1023]}{pair[low >> 10 & 1023]}{pair[low & 1023]}"
    )


def parse(kind: Kind, text: str) -> UUID | None:
    """Read an id of this kind; None for any other text."""
    prefix, _, tail = text.rpartition("_")
    if prefix != kind or len(tail) != _LENGTH or tail[0] > "7":
        return None
    number = 0
    for character in tail:
        value = _VALUES.get(character)
        if value is None:
            return None
        number = number << 5 | value
    return UUID(int=number)


def earliest(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of a moment: ids not below it are of that moment or later."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=milliseconds << 80 & (1 << _BITS) - 1)
