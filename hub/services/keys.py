"""The keys of a business: create, list, rotate, expire, revoke.

A plaintext leaves this module once, in the answer to `create` or `rotate`; only its sha256 and its
first characters are stored.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from hub import ids
from hub.auth import keys as secret
from hub.auth.origins import parse_allowed
from hub.errors import Conflict, NotFound
from hub.services.forms import Form, now, whole
from hub.store.admin import keys as store
from hub.store.admin.records import ApiKey, KeyKind
from hub.store.database import Connection, Contended, Database
from hub.store.write import credentials

OVERLAP = timedelta(hours=24)
MAX_ORIGINS = 50
_LABEL = 200


class NewKey(Struct, frozen=True):
    """A key and its plaintext, which cannot be had again."""

    key: ApiKey
    plaintext: str


class Keys:
    """Makes, lists and ends keys."""

    def __init__(self, database: Database) -> None:
        """Keep keys in this database."""
        self._database = database

    async def create(
        self,
        organization_id: UUID,
        kind: KeyKind,
        label: str,
        origins: Iterable[str] = (),
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Make a key; a widget key needs at least one origin, a server key has none.

        Raises `BadRequest` naming `label`, `allowedOrigins` or `expiresAt`; `NotFound` when there
        is no such organization.
        """
        at = now()
        form = Form()
        label = form.line("label", label, _LABEL)
        allowed = _origins(form, kind, list(origins))
        expires_at = _future(form, expires_at)
        form.check()
        plaintext = secret.mint(kind)
        key = ApiKey(
            id=ids.new(),
            organization_id=organization_id,
            kind=kind,
            label=label,
            prefix=secret.display(plaintext),
            allowed_origins=allowed,
            created_at=at,
            expires_at=expires_at,
        )
        digest = secret.digest(plaintext).hex()
        try:
            await self._database.write(lambda c: store.add(c, key, digest))
        except Contended as error:
            raise NotFound("There is no such organization") from error
        return NewKey(key, plaintext)

    async def all(self, organization_id: UUID) -> list[ApiKey]:
        """Return every key of the organization, the newest first; dead ones are among them."""
        return await self._database.read(lambda c: store.listed(c, organization_id))

    async def get(self, organization_id: UUID, key_id: UUID) -> ApiKey:
        """Return a key of the organization, or raise `NotFound`."""
        return await self._database.read(lambda c: _found(c, organization_id, key_id))

    async def by_plaintext(self, organization_id: UUID, plaintext: str) -> ApiKey | None:
        """Return the living key of the organization that this text is; None when it is none."""
        digest = secret.digest(plaintext)

        def work(connection: Connection) -> ApiKey | None:
            row = credentials.find_keys(connection, [digest]).get(digest)
            if row is None or not credentials.lives(row, now()):
                return None
            return store.find(connection, organization_id, row.id)

        return await self._database.read(work)

    async def owner(self, key_id: UUID) -> UUID:
        """Return whose key this is, for the operator at a terminal; `NotFound` otherwise."""
        owner = await self._database.read(lambda c: store.owner(c, key_id))
        if owner is None:
            raise NotFound("There is no such key")
        return owner

    async def revoke(self, organization_id: UUID, key_id: UUID) -> ApiKey:
        """End a key for every request that starts after this returns; again is the same."""

        def work(connection: Connection) -> ApiKey:
            key = _found(connection, organization_id, key_id)
            if key.revoked_at is not None:
                return key
            at = now()
            store.update(connection, organization_id, key_id, revoked_at=at)
            return msgspec.structs.replace(key, revoked_at=at)

        return await self._database.write(work)

    async def rotate(self, organization_id: UUID, key_id: UUID, *, overlap: bool = False) -> NewKey:
        """Give a key a new secret under the same id; with `overlap` the old one lives 24 h more.

        Raises `Conflict` for a key that is revoked or expired.
        """

        def work(connection: Connection) -> NewKey:
            key = _found(connection, organization_id, key_id)
            at = now()
            if not key.lives(at):
                raise Conflict("The key is revoked or expired: create a new one")
            plaintext = secret.mint(key.kind)
            prefix, digest = secret.display(plaintext), secret.digest(plaintext).hex()
            store.update(connection, organization_id, key_id, prefix=prefix)
            store.replace_secret(connection, key, digest, at, at + OVERLAP if overlap else None)
            return NewKey(msgspec.structs.replace(key, prefix=prefix), plaintext)

        return await self._database.write(work)

    async def allow(self, organization_id: UUID, key_id: UUID, origins: Iterable[str]) -> ApiKey:
        """Replace the origins of a widget key; the next request is decided by the new ones.

        Raises `BadRequest` naming `allowedOrigins`, as for a new key.
        """

        def work(connection: Connection) -> ApiKey:
            key = _found(connection, organization_id, key_id)
            form = Form()
            allowed = _origins(form, key.kind, list(origins))
            form.check()
            store.update(connection, organization_id, key_id, allowed_origins=allowed)
            return msgspec.structs.replace(key, allowed_origins=allowed)

        return await self._database.write(work)

    async def expire(
        self, organization_id: UUID, key_id: UUID, expires_at: datetime | None
    ) -> ApiKey:
        """Set when a key ends by itself; None lets it live. `Conflict` for a revoked key."""
        form = Form()
        expires_at = _future(form, expires_at)
        form.check()

        def work(connection: Connection) -> ApiKey:
            key = _found(connection, organization_id, key_id)
            if key.revoked_at is not None:
                raise Conflict("The key is revoked: create a new one")
            store.update(connection, organization_id, key_id, expires_at=expires_at)
            return msgspec.structs.replace(key, expires_at=expires_at)

        return await self._database.write(work)


def _found(connection: Connection, organization_id: UUID, key_id: UUID) -> ApiKey:
    key = store.locked(connection, organization_id, key_id)
    if key is None:
        raise NotFound("There is no such key")
    return key


def _origins(form: Form, kind: KeyKind, origins: list[str]) -> tuple[str, ...]:
    field = "allowedOrigins"
    if kind == "server" and origins:
        form.wrong(field, "A server key has no origins: it never runs in a browser")
    if kind == "widget" and not origins:
        form.wrong(field, "A widget key needs at least one origin, such as https://www.example.com")
    if len(origins) > MAX_ORIGINS:
        form.wrong(field, f"At most {MAX_ORIGINS} origins")
        return ()
    allowed: dict[str, None] = {}
    for text in origins:
        try:
            allowed[parse_allowed(text).text] = None
        except ValueError as error:
            form.wrong(field, f"{text[:80]!r}: {error}")
    return tuple(allowed)


def _future(form: Form, moment: datetime | None) -> datetime | None:
    if moment is not None and moment <= datetime.now(UTC):
        form.wrong("expiresAt", "Must be in the future")
    return moment and whole(moment)
