"""Who is calling: a key, a legacy secret, or a provider's signature.

Every credential is read from the database, many in one statement, before anything is refused or
shown. A server key that was read once is remembered for storing messages alone, where the memory
only saves work: the transaction that stores reads the key again (docs/decisions/0018).
"""

import hmac
from collections.abc import Awaitable, Collection, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from hub.auth import keys
from hub.auth.headers import Headers
from hub.batching import Batcher, Full, Late, Waits
from hub.contracts import Caller, Connection, Signature
from hub.errors import Forbidden, NotFound, Unauthorized, Unavailable
from hub.store.admin.identity import OFF, Rule, rule_of
from hub.store.blocks import Knock, place
from hub.store.database import Database
from hub.store.front import LOOKUP_SECONDS, Front
from hub.store.write import credentials

REMEMBERED = 10_000
SERVER_ONLY = "This endpoint requires a server key"
WIDGET_ONLY = "This endpoint requires a widget key"


class Key(Struct, frozen=True):
    """A living key: who calls with it, and what it asks of browsers and their visitors."""

    caller: Caller
    allowed_origins: tuple[str, ...]
    kept_out: bool = False
    """Its business takes nothing from the network that it was presented from."""
    identity: Rule = OFF


class Vault(Protocol):
    """What a caller needs to know of the hub's secrets; `hub.sealing.Sealer` is one."""

    def fingerprint(self, text: str) -> str:
        """Return the keyed digest under which a legacy secret is kept."""


class Callers:
    """Finds out who is calling. Every failure is the same 401."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Read from this database, through one statement per loop turn."""
        self._database = database
        self._vault = vault
        self._used: set[UUID] = set()
        self._remembered: dict[bytes, Caller] = {}
        self._front = Front(database, LOOKUP_SECONDS)
        waits = Waits(patience=LOOKUP_SECONDS)
        self._reads: Batcher[bytes, Key | None] = Batcher(
            self._read_keys, most=256, flights=4, waits=waits
        )
        self._knocks: Batcher[Knock, Key | None] = Batcher(
            self._read_knocks, most=256, flights=4, waits=waits
        )

    async def by_key(self, headers: Headers) -> Key:
        """Return the living key that `Authorization: Bearer` names."""
        digest = _presented(headers)
        return await self._alive(self._reads.submit(digest), digest)

    async def _alive(self, reading: Awaitable[Key | None], digest: bytes) -> Key:
        try:
            key = await reading
        except (Full, Late) as error:
            raise Unavailable from error
        if key is None or not hmac.compare_digest(key.caller.credential, digest):
            self._remembered.pop(digest, None)
            raise Unauthorized
        self._note(key.caller)
        return key

    async def server(self, headers: Headers) -> Caller:
        """Return the caller of a living server key; another kind of key is 403."""
        key = await self.by_key(headers)
        if key.caller.kind != "server":
            raise Forbidden(SERVER_ONLY, code="wrong_key_kind")
        return key.caller

    def remembered(self, headers: Headers) -> Caller | None:
        """Return the server key's caller as it was read before; None when it was not.

        It may be dead by now: whoever uses this confirms it, or stores in a transaction that does.
        """
        plaintext = bearer(headers)
        caller = self._remembered.get(keys.digest(plaintext)) if plaintext else None
        if caller:
            self._note(caller)
        return caller

    def remember(self, caller: Caller) -> None:
        """Keep a caller for `remembered`, in the place of the one that was read longest ago."""
        if len(self._remembered) >= REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[caller.credential] = caller

    async def widget(self, headers: Headers, ip: str) -> Key:
        """Return a living widget key; another kind of key is 403. The origin is not looked at.

        Whether its business keeps out the network of `ip` is read with it.
        """
        digest = _presented(headers)
        key = await self._alive(self._knocks.submit((digest, place(ip))), digest)
        if key.caller.kind != "widget":
            raise Forbidden(WIDGET_ONLY, code="wrong_key_kind")
        return key

    async def key_or_legacy_secret(self, headers: Headers) -> Caller:
        """Return the caller of a server key, else of `X-ChatHub-Org` and `X-ChatHub-Secret`.

        When both are sent the key decides, and an organization that is not the key's is 403.
        """
        slug, secret = headers.get("x-chathub-org"), headers.get("x-chathub-secret")
        if headers.get("authorization") is None:
            return await self._legacy(slug, secret)
        caller = await self.server(headers)
        if slug is not None and await self._organization(slug) != caller.organization_id:
            raise Forbidden(
                "X-ChatHub-Org is not the API key's business", code="wrong_organization"
            )
        return caller

    async def signer(
        self, connection: Connection | None, signature: Signature, headers: Headers, raw: bytes
    ) -> Caller:
        """Return the connection that signed these bytes; an unknown connection is 404."""
        if connection is None:
            raise NotFound
        given = (headers.get(signature.header.lower()) or "").removeprefix(signature.prefix)
        secret = connection.secrets.get(signature.secret, "")
        expected = hmac.new(secret.encode(), raw, sha256).hexdigest()
        if not secret or not hmac.compare_digest(expected.encode(), given.encode()):
            raise Unauthorized("Missing or wrong signature", code="wrong_signature")
        return Caller(
            kind="connection",
            organization_id=connection.organization_id,
            credential=connection.id.bytes,
            connection_id=connection.id,
        )

    async def living(self, digests: Collection[bytes]) -> dict[bytes, Key]:
        """Return those of these keys that live, read now, and note that they are used."""
        wanted = list(digests)
        found = dict(zip(wanted, await self._read_keys(wanted), strict=True)) if wanted else {}
        for key in found.values():
            if key:
                self._note(key.caller)
        return {digest: key for digest, key in found.items() if key}

    async def note_uses(self) -> None:
        """Write when keys were last used; called now and then, off the path of requests."""
        used, self._used = self._used, set()
        if used:
            now = datetime.now(UTC)
            await self._database.write(lambda c: credentials.touch_keys(c, used, now))

    def _note(self, caller: Caller) -> None:
        if caller.key_id:
            self._used.add(caller.key_id)

    async def _legacy(self, slug: str | None, secret: str | None) -> Caller:
        if not slug or not secret:
            raise Unauthorized
        fingerprint = self._vault.fingerprint(secret)
        row = await self._front.read(lambda c: credentials.find_legacy(c, slug))
        # An unknown business costs the same comparison as a wrong secret.
        if not hmac.compare_digest(row.digest if row else "0" * 64, fingerprint) or row is None:
            raise Unauthorized
        return Caller(
            kind="legacy",
            organization_id=row.organization_id,
            credential=bytes.fromhex(row.digest),
        )

    async def _organization(self, slug: str) -> UUID | None:
        return await self._front.read(lambda c: credentials.organization_of(c, slug))

    async def _read_keys(self, digests: Sequence[bytes]) -> Sequence[Key | None]:
        rows = await self._database.read(lambda c: credentials.find_keys(c, set(digests)))
        now = datetime.now(UTC)
        living = {d: _key(d, row) for d, row in rows.items() if credentials.lives(row, now)}
        return [living.get(digest) for digest in digests]

    async def _read_knocks(self, knocks: Sequence[Knock]) -> Sequence[Key | None]:
        now = datetime.now(UTC)
        rows = await self._database.read(lambda c: credentials.knocked(c, set(knocks), now))
        living = {
            knock: replace(_key(knock[0], row), kept_out=bool(row.kept_out))
            for knock, row in rows.items()
            if credentials.lives(row, now)
        }
        return [living.get(knock) for knock in knocks]


def bearer(headers: Headers) -> str | None:
    """Return the token of `Authorization: Bearer` (RFC 6750); None when there is no single one."""
    value = headers.single("authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _presented(headers: Headers) -> bytes:
    """Return the digest of the key that was presented; a text that is no key is 401 at once."""
    plaintext = bearer(headers)
    if plaintext is None or keys.parse(plaintext) is None:
        raise Unauthorized
    return keys.digest(plaintext)


def _key(digest: bytes, row: credentials.KeyRow) -> Key:
    caller = Caller(
        kind=row.kind, organization_id=row.organization_id, credential=digest, key_id=row.id
    )
    identity = rule_of(row.identity_mode, row.identity_secrets)
    return Key(caller, tuple(row.allowed_origins), identity=identity)
