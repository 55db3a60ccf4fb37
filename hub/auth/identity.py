"""Who a visitor is proved to be: by a token that the site's own backend has signed.

A JWT by HS256 whose secret the key and the site share (docs/identity.md). PyJWT checks the
signature and the header; the claims are read here, more strictly than it would: a number is not a
text, a key is not one of several, and what has no end is nothing.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from hub import ids
from hub.errors import Forbidden
from hub.proofs import Proved
from hub.store.admin.identity import Rule

if TYPE_CHECKING:
    from jwt import PyJWS

LONGEST_LIFE = 24 * 60 * 60
RETRY_SECONDS = 30
"""After a refusal: the page has to get a new token first."""
LEEWAY = 60
"""In seconds: how far the clocks of the site and of the hub may be apart."""
MOST_CHARACTERS = 4096
_ALGORITHM = "HS256"
_UNSEALED = 1024
# Of the signature's last character four bits count: others would be the same signature again.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_NO_NUL = r"^[^\x00]*\Z"

Id = Annotated[str, Meta(min_length=1, max_length=255, pattern=_NO_NUL)]
Email = Annotated[str, Meta(max_length=320, pattern=_NO_NUL)]
Name = Annotated[str, Meta(max_length=200, pattern=_NO_NUL)]


class Claims(Struct, frozen=True):
    """What a token says; more than this may be in it, and is not looked at."""

    exp: int
    aud: str
    sub: Id
    nbf: int | None = None
    iat: int | None = None
    email: Email | None = None
    name: Name | None = None


class Token(Struct, frozen=True):
    """A good token."""

    proved: Proved
    until: int
    """In seconds since the epoch; the clock of the site may be late."""
    seal: str
    """Which of the key's secrets has signed it."""


# Of what is said of a bad value: the name of its claim, never the value.
_CLAIM = re.compile(r"field `(\w+)`|`\$\.(\w+)`")


class Identities:
    """Checks the tokens of visitors, by the rule of the key that they come with."""

    def __init__(self, unseal: Callable[[str], str]) -> None:
        """`unseal` opens the secrets of keys; what it opened is remembered."""
        self._unseal = lru_cache(_UNSEALED)(unseal)

    def check(self, rule: Rule, key_id: UUID, token: str | None) -> Token | None:
        """Return a token that proves who the visitor is; None without one, or when none counts.

        Raises `Forbidden`: `identity_invalid` for a token that is anything but good,
        `identity_required` when the key asks for one and there is none.
        """
        if rule.mode == "off":
            return None
        if token:
            return self._read(rule, key_id, token)
        if rule.mode == "required":
            raise Forbidden(
                "This key asks for an identity token",
                code="identity_required",
                retry_after=RETRY_SECONDS,
            )
        return None

    def _read(self, rule: Rule, key_id: UUID, token: str) -> Token:
        now = moment()
        if len(token) > MOST_CHARACTERS or not _SHAPE.fullmatch(token):
            raise _invalid(f"it is no JWT of at most {MOST_CHARACTERS} characters")
        for seal in (sealed.text for sealed in rule.secrets if sealed.lives(now)):
            payload = _signed(token, self._unseal(seal))
            if payload is not None:
                claims = _claims(payload, key_id, now // 1000)
                return Token(_proved(claims), claims.exp + LEEWAY, seal)
        raise _invalid("it is not signed with HS256 and the secret of this key")


def holds(rule: Rule, seal: str | None) -> bool:
    """Tell whether who came in by a token of this secret, or None, would still be let in so."""
    if seal is None:
        return rule.mode != "required"
    living = (sealed.text for sealed in rule.secrets if sealed.lives(moment()))
    return rule.mode != "off" and seal in living


def moment() -> int:
    """Return the time in milliseconds since the epoch."""
    return int(datetime.now(UTC).timestamp() * 1000)


def _signed(token: str, secret: str) -> bytes | None:
    """Return a token's payload when this secret has signed it, and its header asks for no more."""
    from jwt import InvalidTokenError  # noqa: PLC0415 - 40 ms, for hubs that meet a token

    try:
        payload: bytes = _signatures().decode(token, secret, algorithms=[_ALGORITHM])
    except (InvalidTokenError, UnicodeDecodeError):
        return None
    return payload


@cache
def _signatures() -> "PyJWS":
    from jwt import PyJWS  # noqa: PLC0415 - as above

    return PyJWS(algorithms=[_ALGORITHM])


def _claims(payload: bytes, key_id: UUID, now: int) -> Claims:
    try:
        claims = msgspec.json.decode(payload, type=Claims)
    except msgspec.ValidationError as error:
        named = _CLAIM.search(str(error))
        claim = (named[1] or named[2]) if named else "content"
        raise _invalid(f"its {claim} is missing, or not what a token has there") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _invalid("its claims are no JSON object") from None
    if claims.aud != ids.wire("key", key_id):
        raise _invalid("its aud is not the id of this key")
    if claims.exp <= now - LEEWAY:
        raise _invalid("it has expired")
    if claims.exp >= now + LONGEST_LIFE + LEEWAY:
        raise _invalid("its exp is more than 24 hours ahead")
    if max(claims.nbf or 0, claims.iat or 0) > now + LEEWAY:
        raise _invalid("its nbf or iat is still to come")
    return claims


def _proved(claims: Claims) -> Proved:
    return Proved(external_user_id=claims.sub, email=claims.email or None, name=claims.name or None)


def _invalid(reason: str) -> Forbidden:
    return Forbidden(
        f"The identity token is not valid: {reason}",
        code="identity_invalid",
        retry_after=RETRY_SECONDS,
    )
