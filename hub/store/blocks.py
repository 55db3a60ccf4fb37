"""Whom a business keeps out of the widget, and whether a call comes from one of those.

An address is a number: the first 64 bits of IPv6, and IPv4 as the 6to4 network that belongs to it
(RFC 3056). So a network is all numbers from a first to a last one, in either protocol.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from hub.store import rows
from hub.store.questions import Question
from hub.store.read.paging import Chunk, Paging, newest
from hub.store.short import Record
from hub.store.tables import api_key, block, milliseconds

Network = IPv4Network | IPv6Network
Visit = tuple[UUID, UUID, str]
"""A business, a key of it, and the name that a visitor has there."""
Knock = tuple[bytes, int | None]
"""The digest of a key, and the place that it is presented from; None has none."""

_6TO4, _6TO4_BITS = 0x2002 << 112, 16
_HALF, _SIGN = 64, 1 << 63
_LARGEST = 1 << 32
"""Numbers of a /32 of IPv6, which is a /16 of IPv4: nothing larger may be blocked."""
_VISIT = ("organization_id", "key_id", "visitor_id")


class Block(Struct, frozen=True, kw_only=True):
    """One visitor of a key, or one network, that a business keeps out."""

    id: UUID
    organization_id: UUID
    key_id: UUID | None = None
    visitor_id: str | None = None
    network: str | None = None
    reason: str
    created_at: datetime
    expires_at: datetime | None = None


_COLUMNS = [block.c[name] for name in Block.__struct_fields__]


def span(network: Network) -> tuple[int, int]:
    """Return the first and the last place of a network."""
    if isinstance(network, IPv4Network):
        first = _6TO4 | int(network.network_address) << (128 - _6TO4_BITS - 32)
        network = IPv6Network((first, _6TO4_BITS + network.prefixlen))
    first, last = int(network.network_address) >> _HALF, int(network.broadcast_address) >> _HALF
    return first - _SIGN, last - _SIGN


@lru_cache(4096)
def place(ip: str) -> int | None:
    """Return the place of a client's address; None for what has none, as a unix socket."""
    try:
        return span(ip_network(ip))[0]
    except ValueError:
        return None


def lies_in(wanted: sa.FromClause, now: str) -> sa.ColumnElement[bool]:
    """Return whether a place, `wanted.first`, lies in a network that a key's business keeps out.

    It is for a statement over `api_key`. `now` names the column of the moment in milliseconds.
    """
    b = block.c
    reached = sa.and_(
        b.organization_id == api_key.c.organization_id,
        # No network is larger than this part of the numbers, so none outside it is looked at.
        b.first >= wanted.c.first - wanted.c.first.op("&")(_LARGEST - 1),
        b.first <= wanted.c.first,
        b.last >= wanted.c.first,
        sa.or_(b.expires_at.is_(None), sa.type_coerce(b.expires_at, sa.BigInteger) > wanted.c[now]),
    )
    return sa.select(b.id).where(reached).correlate(wanted, api_key).exists()


def visitors_of(visits: Iterable[Visit], now: datetime) -> Question[set[Visit]]:
    """Ask which of these visitors their business keeps out."""
    wanted = [dict(zip(_VISIT, visit, strict=True)) for visit in visits]
    moment = milliseconds(now)

    def understand(found: Sequence[Record]) -> set[Visit]:
        return {
            (whose, key_id, visitor_id)
            for whose, key_id, visitor_id, ends in found
            if ends is None or ends > moment
        }

    return Question(_visitors, wanted, understand)


def recent(
    connection: sa.Connection, organizations: Iterable[UUID], since: datetime
) -> dict[UUID, set[UUID]]:
    """Return the blocks that these businesses have made since then, those that stand still."""
    moment = milliseconds(since)
    wanted = [{"organization_id": one, "created_at": moment} for one in organizations]
    found: dict[UUID, set[UUID]] = {}
    for whose, block_id in rows.read(connection, _recent, wanted):
        found.setdefault(whose, set()).add(block_id)
    return found


def put(connection: sa.Connection, new: Block, network: Network | None) -> Block:
    """Keep somebody out; who is kept out already gets the new reason and end. Return the row."""
    b = block.c
    if new.network:
        same = b.network == new.network
    else:
        same = sa.and_(b.key_id == new.key_id, b.visitor_id == new.visitor_id)
    mine = sa.and_(b.organization_id == new.organization_id, same)
    statement = sa.select(*_COLUMNS).where(mine).with_for_update()
    found = connection.execute(statement).mappings().first()
    values: dict[str, Any] = {"reason": new.reason, "expires_at": new.expires_at}
    if found is not None:
        connection.execute(sa.update(block).where(mine).values(values))
        return Block(**{**found, **values})
    values = {name: getattr(new, name) for name in Block.__struct_fields__}
    if network:
        values["first"], values["last"] = span(network)
    connection.execute(sa.insert(block).values(values))
    return new


def listed(
    connection: sa.Connection, organization_id: UUID, paging: Paging, now: datetime
) -> Chunk[Block]:
    """Return a page of whom the business keeps out now, the newest block first."""
    b = block.c
    lasting = sa.or_(b.expires_at.is_(None), b.expires_at > now)
    statement = sa.select(*_COLUMNS).where(b.organization_id == organization_id, lasting)
    found, last_id = newest(connection, statement, b.id, paging)
    return Chunk([Block(**row) for row in found], last_id)


def forget_ended(connection: sa.Connection, organization_id: UUID, now: datetime) -> None:
    """Delete the business's blocks that are over."""
    b = block.c
    over = sa.and_(b.organization_id == organization_id, b.expires_at <= now)
    connection.execute(sa.delete(block).where(over))


def networks(connection: sa.Connection, organization_id: UUID) -> int:
    """Return how many networks the business has blocked."""
    b = block.c
    mine = sa.and_(b.organization_id == organization_id, b.network.is_not(None))
    return connection.scalars(sa.select(sa.func.count()).select_from(block).where(mine)).one()


def owner(connection: sa.Connection, block_id: UUID) -> UUID | None:
    """Return whose block this is: for the operator, who names no business."""
    statement = sa.select(block.c.organization_id).where(block.c.id == block_id)
    return connection.execute(statement).scalar_one_or_none()


def delete(connection: sa.Connection, organization_id: UUID, block_id: UUID) -> bool:
    """Let somebody in again; tell whether there was such a block."""
    mine = sa.and_(block.c.organization_id == organization_id, block.c.id == block_id)
    return connection.execute(sa.delete(block).where(mine)).rowcount > 0


@cache
def _visitors(way: rows.Way) -> sa.Select[Any]:
    b = block.c
    wanted = rows.incoming(way, *(b[name] for name in _VISIT))
    found = sa.select(*(b[name] for name in _VISIT), rows.plain(b.expires_at)).where(
        *(b[name] == wanted.c[name] for name in _VISIT)
    )
    return rows.for_each(way, wanted, found)


@cache
def _recent(way: rows.Way) -> sa.Select[Any]:
    b = block.c
    wanted = rows.incoming(way, b.organization_id, b.created_at)
    found = sa.select(b.organization_id, b.id).where(
        b.organization_id == wanted.c.organization_id, b.created_at >= wanted.c.created_at
    )
    return rows.for_each(way, wanted, found)
