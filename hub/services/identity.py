"""How the visitors of a widget key prove who they are: a mode, and a secret that the site shares.

A secret leaves this module once, in the answer to `rotate`; it is sealed at rest.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from hub.errors import Conflict, NotFound
from hub.services.forms import now
from hub.store.admin import identity as store
from hub.store.admin import keys
from hub.store.admin.identity import Mode, Rule, Sealed
from hub.store.admin.records import ApiKey
from hub.store.database import Connection, Database
from hub.store.tables import milliseconds

OVERLAP = timedelta(hours=24)
_BYTES = 32


class Vault(Protocol):
    """What is needed of the hub's secrets; `hub.sealing.Sealer` is one."""

    def seal(self, text: str) -> str:
        """Encrypt a secret."""


class Asked(Struct, frozen=True, kw_only=True):
    """What a key asks of its visitors."""

    mode: Mode
    has_secret: bool
    old_until: datetime | None = None
    """Until when tokens of an old secret count; None when there is none."""


class Rotated(Struct, frozen=True):
    """What a key asks from now on, and its new secret, which cannot be had again."""

    asked: Asked
    secret: str


class Identity:
    """Makes the secrets of widget keys, and says what these ask of visitors."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Keep secrets in this database, sealed by this vault."""
        self._database = database
        self._vault = vault

    async def get(self, organization_id: UUID, key_id: UUID) -> Asked:
        """Return what a key asks; `NotFound` when there is no such key."""

        def work(connection: Connection) -> Asked:
            _key(connection, organization_id, key_id)
            return _asked(store.find(connection, organization_id, key_id))

        return await self._database.read(work)

    async def set_mode(self, organization_id: UUID, key_id: UUID, mode: Mode) -> Asked:
        """Ask this of every visitor whose call begins after this returns.

        Raises `Conflict` for a key without a secret, which nobody could satisfy.
        """

        def change(rule: Rule) -> Rule:
            if mode != "off" and not rule.secrets:
                raise Conflict("The key has no identity secret yet: make one with --rotate")
            return replace(rule, mode=mode)

        return _asked(await self._changed(organization_id, key_id, change))

    async def rotate(
        self,
        organization_id: UUID,
        key_id: UUID,
        *,
        overlap: bool = False,
        mode: Mode | None = None,
    ) -> Rotated:
        """Give a key a new secret; with `overlap` tokens of the old one count for 24 h more.

        The mode is `optional` from the first secret on, unless another one is named.
        """
        secret = secrets.token_urlsafe(_BYTES)
        new = Sealed(self._vault.seal(secret))

        def change(rule: Rule) -> Rule:
            old = _ending(rule, milliseconds(now())) if overlap else ()
            first = "optional" if not rule.secrets else rule.mode
            return Rule(mode or first, (new, *old))

        return Rotated(_asked(await self._changed(organization_id, key_id, change)), secret)

    async def _changed(
        self, organization_id: UUID, key_id: UUID, change: Callable[[Rule], Rule]
    ) -> Rule:
        def work(connection: Connection) -> Rule:
            key = _key(connection, organization_id, key_id)
            if key.kind != "widget":
                raise Conflict("Only visitors prove who they are: name a widget key")
            if not key.lives(now()):
                raise Conflict("The key is revoked or expired: create a new one")
            rule = change(store.find(connection, organization_id, key_id))
            store.keep(connection, organization_id, key_id, rule)
            return rule

        return await self._database.write(work)


def _key(connection: Connection, organization_id: UUID, key_id: UUID) -> ApiKey:
    key = keys.locked(connection, organization_id, key_id)
    if key is None:
        raise NotFound("There is no such key")
    return key


def _ending(rule: Rule, at: int) -> tuple[Sealed, ...]:
    """Return the secrets that live on for a while, none of them longer than it was to."""
    end = at + int(OVERLAP.total_seconds() * 1000)
    return tuple(Sealed(one.text, one.until or end) for one in rule.secrets if one.lives(at))


def _asked(rule: Rule) -> Asked:
    at = milliseconds(now())
    ends = [one.until for one in rule.secrets if one.until and one.lives(at)]
    return Asked(
        mode=rule.mode,
        has_secret=bool(rule.secrets),
        old_until=datetime.fromtimestamp(max(ends) / 1000, UTC) if ends else None,
    )
