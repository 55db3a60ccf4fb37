"""Whom a business keeps out of its widgets: visitors of a key, and networks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, ip_network
from typing import Any
from uuid import UUID

from hub import ids
from hub.errors import NotFound
from hub.services.forms import Form, now, whole
from hub.store import blocks as store
from hub.store.admin import keys
from hub.store.blocks import Block, Network
from hub.store.database import Connection, Contended, Database, Work
from hub.store.front import Front
from hub.store.read.paging import Chunk, Paging

MOST_NETWORKS = 1_000
"""Of one business: every call of its widgets is compared with them."""
_TEXT, _NAME = 200, 255
_V4, _V6 = (16, 32), (32, 64)
_FULL = f"At most {MOST_NETWORKS:,} networks: remove some, or block larger ones"
_FORMS = (
    "Use an IPv4 network from /16 to /32 or an IPv6 network from /32 to /64, like 203.0.113.0/24"
)


class Blocks:
    """Makes, lists and ends blocks."""

    def __init__(self, database: Database | Front) -> None:
        """Keep blocks in this database."""
        self._database = database

    async def visitor(
        self,
        organization_id: UUID,
        key_id: UUID | None,
        visitor_id: str,
        reason: str,
        expires_at: datetime | None = None,
    ) -> Block:
        """Keep out a visitor of a widget key, from its next call on.

        Raises `BadRequest` naming `keyId`, `visitorId`, `reason` or `expiresAt`. The same visitor
        again: the same block with the new reason and end.
        """
        form = Form()
        if not 0 < len(visitor_id) <= _NAME:
            form.wrong("visitorId", f"Send 1 to {_NAME} characters")
        visitor = {"key_id": key_id, "visitor_id": visitor_id}
        new = _block(form, organization_id, reason, expires_at, visitor)

        def work(connection: Connection) -> Block:
            key = keys.find(connection, organization_id, key_id) if key_id else None
            if key is None or key.kind != "widget":
                form.wrong("keyId", "Send the id of a widget key of this business")
            form.check()
            store.forget_ended(connection, organization_id, new.created_at)
            return store.put(connection, new, None)

        return await self._once_more(work)

    async def network(
        self,
        organization_id: UUID,
        network: str,
        reason: str,
        expires_at: datetime | None = None,
    ) -> Block:
        """Keep out everybody who calls from a network, from their next call on.

        Raises `BadRequest` naming `network`, `reason` or `expiresAt`. The same network again is the
        same block; beyond `MOST_NETWORKS` of them there is none.
        """
        form = Form()
        wanted = _network(form, network)
        new = _block(form, organization_id, reason, expires_at, {"network": str(wanted)})
        form.check()

        def work(connection: Connection) -> Block:
            store.forget_ended(connection, organization_id, new.created_at)
            made = store.put(connection, new, wanted)
            if store.networks(connection, organization_id) > MOST_NETWORKS:
                form.wrong("network", _FULL)
                form.check()
            return made

        return await self._once_more(work)

    async def all(self, organization_id: UUID, paging: Paging) -> Chunk[Block]:
        """Return a page of whom the business keeps out now, the newest block first."""
        at = datetime.now(UTC)
        return await self._database.read(lambda c: store.listed(c, organization_id, paging, at))

    async def owner(self, block_id: UUID) -> UUID:
        """Return whose block this is, for the operator at a terminal; `NotFound` otherwise."""
        owner = await self._database.read(lambda c: store.owner(c, block_id))
        if owner is None:
            raise NotFound("There is no such block")
        return owner

    async def remove(self, organization_id: UUID, block_id: UUID) -> None:
        """Let somebody in again; `NotFound` when there is no such block."""
        if not await self._database.write(lambda c: store.delete(c, organization_id, block_id)):
            raise NotFound

    async def _once_more(self, work: Work[Block]) -> Block:
        try:
            return await self._database.write(work)
        except Contended:
            # Another call has just blocked the same.
            return await self._database.write(work)


def _block(
    form: Form,
    organization_id: UUID,
    reason: str,
    expires_at: datetime | None,
    target: Mapping[str, Any],
) -> Block:
    at = now()
    if expires_at is not None and expires_at <= at:
        form.wrong("expiresAt", "Must be in the future")
    return Block(
        id=ids.new(),
        organization_id=organization_id,
        reason=form.line("reason", reason, _TEXT),
        created_at=at,
        expires_at=expires_at and whole(expires_at),
        **target,
    )


def _network(form: Form, text: str) -> Network | None:
    text = text.strip()
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        form.wrong("network", _FORMS)
        return None
    v4 = isinstance(found, IPv4Network)
    if not v4 and "/" not in text:
        # One client of IPv6 has all of its network.
        found = found.supernet(new_prefix=_V6[1])
    least, most = _V4 if v4 else _V6
    # A zone is a network card of one machine, and IPv4 in IPv6 form comes to us as IPv4.
    if "%" in text or ("." in text and not v4) or not least <= found.prefixlen <= most:
        form.wrong("network", _FORMS)
        return None
    return found
