"""Tickets: what was asked of a visitor, sealed, so that no process has to remember it.

A ticket is good for one visitor of one key, for some minutes. The hub's secret vouches for it, so
any process can read what another one has written.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

LIFE_SECONDS = 300
_MARK, _NONCE = 16, 12
_LONGEST = 4_096

Mark = Callable[[bytes], bytes]
"""A keyed digest; `hub.sealing.Sealer.mark` is one."""


class Ticket(Struct, frozen=True, array_like=True):
    """What was asked, until when it may be answered, and a number that no other ticket has."""

    plugin: str
    data: Mapping[str, Any]
    ends_at: int
    """In Unix seconds."""
    nonce: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ticket).decode


class Tickets:
    """Writes and reads tickets."""

    def __init__(self, mark: Mark, clock: Callable[[], float]) -> None:
        """Let `mark` vouch for them; `clock` gives Unix seconds."""
        self._mark = mark
        self._clock = clock

    def write(self, plugin: str, data: Mapping[str, Any], key_id: UUID, visitor_id: str) -> str:
        """Return a new ticket as text without a dot."""
        ends_at = int(self._clock()) + LIFE_SECONDS
        body = _encode(Ticket(plugin, data, ends_at, secrets.token_bytes(_NONCE)))
        mark = self._marked(body, key_id, visitor_id)
        return urlsafe_b64encode(mark + body).decode().rstrip("=")

    def read(self, text: str, key_id: UUID, visitor_id: str) -> Ticket | None:
        """Return what the text says; None unless it was written for this visitor and is alive."""
        raw = _raw(text)
        mark, body = raw[:_MARK], raw[_MARK:]
        if not hmac.compare_digest(mark, self._marked(body, key_id, visitor_id)):
            return None
        ticket = _decode(body)
        return ticket if ticket.ends_at > self._clock() else None

    def _marked(self, body: bytes, key_id: UUID, visitor_id: str) -> bytes:
        # The key's id has one length and the body tells its own, so nothing can be moved over.
        whose = key_id.bytes + len(body).to_bytes(4) + body + visitor_id.encode()
        return self._mark(whose)[:_MARK]


def _raw(text: str) -> bytes:
    """Return the bytes of a ticket; none when it is no base64."""
    if len(text) > _LONGEST:
        return b""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Error, ValueError):
        return b""
