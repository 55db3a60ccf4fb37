"""A browser's visitor: its id is a name, its secret the proof."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from msgspec import Struct

from hub.auth.identity import Identities
from hub.batching import Batcher, Full, Late, Waits
from hub.errors import BadRequest, Forbidden, Unavailable
from hub.store.database import Database
from hub.store.front import LOOKUP_SECONDS
from hub.store.write import visitors as store

BLOCKED_SECONDS = 600
"""Until who is blocked may ask again whether they still are."""
_VISITOR = re.compile(r"([^\s\x00-\x1f\x7f]{1,255})\.([A-Za-z0-9_-]{16,200})\Z")


class Proof(Struct, frozen=True):
    """What `X-Visitor: <visitorId>.<secret>` holds, the secret as its sha256."""

    visitor_id: str
    digest: bytes


class Visitors:
    """Knows which visitors were seen before, and checks whom they prove to be."""

    def __init__(self, database: Database, unseal: Callable[[str], str]) -> None:
        """Read from this database; `unseal` opens the secrets of identity tokens."""
        self.identities = Identities(unseal)
        self._database = database
        self._reads: Batcher[store.Key, tuple[bool, str | None, bool]] = Batcher(
            self._read, most=256, flights=4, waits=Waits(patience=LOOKUP_SECONDS)
        )

    async def is_new(
        self, organization_id: UUID, key_id: UUID, name: str, proof: Proof | None
    ) -> bool:
        """Tell whether a visitor is seen for the first time.

        Who is blocked and who has another secret is 403.
        """
        try:
            known, secret, is_blocked = await self._reads.submit((organization_id, key_id, name))
        except (Full, Late) as error:
            raise Unavailable from error
        if is_blocked:
            raise blocked()
        if proof and secret and secret != proof.digest.hex():
            raise wrong_secret()
        return not known

    async def _read(self, wanted: list[store.Key]) -> Sequence[tuple[bool, str | None, bool]]:
        now = datetime.now(UTC)
        found, kept_out = await self._database.read(lambda c: store.find(c, set(wanted), now))
        return [(key in found, found.get(key), key in kept_out) for key in wanted]


def parse_proof(header: str | None) -> Proof | None:
    """Read `X-Visitor`; None when it is not sent, `BadRequest` when it cannot be read."""
    if header is None:
        return None
    found = _VISITOR.match(_text(header))
    if found is None:
        sentence = "Send <visitorId>.<secret>, the secret 16 to 200 of A-Z a-z 0-9 _ -"
        raise BadRequest(fields={"X-Visitor": [sentence]})
    return Proof(found[1], sha256(found[2].encode()).digest())


def _text(header: str) -> str:
    """Return a header as the UTF-8 that its bytes are; nothing when they are not."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return ""


def blocked() -> Forbidden:
    """Return the refusal of a visitor or a network that the business keeps out."""
    return Forbidden(
        "The business takes no messages from you", code="blocked", retry_after=BLOCKED_SECONDS
    )


def wrong_secret() -> Forbidden:
    """Return the refusal of a visitor's name without its secret."""
    return Forbidden(
        "The secret in X-Visitor is not this visitor's; start a new visitor",
        code="visitor_secret_mismatch",
    )
