"""Which callers live: read before any refusal, and again by the transaction that writes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.contracts import Caller
from hub.store import blocks, rows, tables
from hub.store.blocks import Knock
from hub.store.questions import Question, ask
from hub.store.short import Record
from hub.store.tables import (
    api_key,
    api_key_secret,
    block,
    legacy_secret,
    milliseconds,
    organization,
)

LEGACY_OFF = ""
"""In place of a legacy secret's digest: switched off, until one is set."""

_NOW = sa.Column("now", sa.BigInteger)

KeyRow = Any
"""A row whose columns are named; SQLAlchemy types rows by position only."""


def alive(connection: sa.Connection, callers: Iterable[Caller], now: datetime) -> set[bytes]:
    """Return the credentials, of those of the callers, that still live."""
    callers = list(callers)
    (keys,) = ask(connection, live_keys(callers, now))
    return keys | live_others(connection, callers)


def live_others(connection: sa.Connection, callers: Iterable[Caller]) -> set[bytes]:
    """Return the credentials that still live of those callers who have no key."""
    others = [caller for caller in callers if not caller.key_id]
    found = set()
    if any(caller.kind == "legacy" for caller in others):
        organizations = [c.organization_id for c in others if c.kind == "legacy"]
        statement = sa.select(legacy_secret.c.digest).where(
            legacy_secret.c.organization_id.in_(organizations)
        )
        found |= {bytes.fromhex(row.digest) for row in connection.execute(statement)}
    if any(caller.kind == "connection" for caller in others):
        wanted = [c.connection_id for c in others if c.kind == "connection"]
        statement = sa.select(tables.connection.c.id).where(tables.connection.c.id.in_(wanted))
        found |= {row.id.bytes for row in connection.execute(statement)}
    return found


def live_keys(callers: Iterable[Caller], now: datetime) -> Question[set[bytes]]:
    """Ask for the credentials that still live of those callers who have a key."""
    digests = {caller.credential for caller in callers if caller.key_id}
    moment = milliseconds(now)

    def understand(found: Sequence[Record]) -> set[bytes]:
        return {
            bytes.fromhex(digest)
            for digest, revoked_at, *ends in found
            if revoked_at is None and all(end is None or end > moment for end in ends)
        }

    return Question(_ends, [{"digest": digest.hex()} for digest in digests], understand)


def lives(row: KeyRow, now: datetime) -> bool:
    """Tell whether a key's row, joined with its secret's, may be used now."""
    return row.revoked_at is None and all(
        moment is None or moment > now for moment in (row.expires_at, row.secret_expires_at)
    )


@cache
def _ends(way: rows.Way) -> sa.Select[Any]:
    secret, key = api_key_secret.c, api_key.c
    wanted = rows.incoming(way, secret.digest)
    ends = (secret.expires_at.label("secret_expires_at"), key.expires_at)
    found = (
        sa.select(secret.digest, *map(rows.plain, (key.revoked_at, *ends)))
        .join(api_key, key.id == secret.key_id)
        .where(secret.digest == wanted.c.digest)
    )
    return rows.for_each(way, wanted, found)


@cache
def _keys(way: rows.Way) -> sa.Select[Any]:
    wanted = rows.incoming(way, api_key_secret.c.digest)
    return rows.for_each(way, wanted, _opened(wanted))


@cache
def _knocked(way: rows.Way) -> sa.Select[Any]:
    wanted = rows.incoming(way, api_key_secret.c.digest, block.c.first, _NOW)
    kept_out = blocks.lies_in(wanted, _NOW.name).label("kept_out")
    return rows.for_each(way, wanted, _opened(wanted).add_columns(wanted.c.first, kept_out))


def _opened(wanted: sa.FromClause) -> sa.Select[Any]:
    """Return the key of a digest."""
    return (
        sa.select(
            api_key_secret.c.digest,
            api_key_secret.c.expires_at.label("secret_expires_at"),
            api_key.c.id,
            api_key.c.organization_id,
            api_key.c.kind,
            api_key.c.allowed_origins,
            api_key.c.revoked_at,
            api_key.c.expires_at,
            api_key.c.identity_mode,
            api_key.c.identity_secrets,
        )
        .join(api_key, api_key.c.id == api_key_secret.c.key_id)
        .where(api_key_secret.c.digest == wanted.c.digest)
    )


def find_keys(connection: sa.Connection, digests: Iterable[bytes]) -> dict[bytes, KeyRow]:
    """Return the keys that these digests open, dead or alive, many in one statement."""
    found = rows.run(connection, _keys, [{"digest": digest.hex()} for digest in digests])
    return {bytes.fromhex(row.digest): row for row in found}


def knocked(
    connection: sa.Connection, knocks: Iterable[Knock], now: datetime
) -> dict[Knock, KeyRow]:
    """Return likewise the keys that are presented at these places, and whether one is kept out."""
    moment = milliseconds(now)
    wanted = [{"digest": d.hex(), "first": place, _NOW.name: moment} for d, place in knocks]
    found = rows.run(connection, _knocked, wanted)
    return {(bytes.fromhex(row.digest), row.first): row for row in found}


def find_legacy(connection: sa.Connection, slug: str) -> KeyRow | None:
    """Return the digest of a business's legacy secret, unless it is switched off."""
    statement = (
        sa.select(legacy_secret.c.organization_id, legacy_secret.c.digest)
        .join(organization, organization.c.id == legacy_secret.c.organization_id)
        .where(organization.c.slug == slug, legacy_secret.c.digest != LEGACY_OFF)
    )
    return connection.execute(statement).first()


def organization_of(connection: sa.Connection, slug: str) -> UUID | None:
    """Return the business with this slug."""
    statement = sa.select(organization.c.id).where(organization.c.slug == slug)
    found: UUID | None = connection.execute(statement).scalar()
    return found


def live_widget_origins(connection: sa.Connection, now: datetime) -> set[str]:
    """Return every origin that any living widget key allows."""
    k = api_key.c
    living = sa.and_(
        k.kind == "widget",
        k.revoked_at.is_(None),
        sa.or_(k.expires_at.is_(None), k.expires_at > now),
    )
    lists = connection.execute(sa.select(k.allowed_origins).where(living)).scalars()
    return {origin for origins in lists for origin in origins}


def touch_keys(connection: sa.Connection, used: Iterable[UUID], now: datetime) -> None:
    """Note that keys were used."""
    rows.update(
        connection,
        api_key,
        [{"id": key, "last_used_at": milliseconds(now)} for key in used],
    )
