"""The identity token of a body, read by the core, so that no plugin sees it."""

from typing import Any

import msgspec
from msgspec import Struct


class _Visitor(Struct, rename="camel"):
    identity_token: Any = None


class _Body(Struct):
    visitor: _Visitor | None = None


_decode = msgspec.json.Decoder(_Body).decode


def token_in(raw: bytes) -> str | None:
    """Return `visitor.identityToken`; None when there is none, or it is empty.

    What is no text comes out as one, and is no good token.
    """
    try:
        body = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    token = body.visitor.identity_token if body.visitor else None
    return str(token) if token else None
