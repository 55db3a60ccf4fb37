"""The puzzle: a number that, behind the salt, has a SHA-256 which begins with so many zero bits.

Each bit more doubles what the browser has to calculate; to check it is one hash always.
"""

import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any

from hub.sdk import Meta, Sender, Struct

PLUGIN_NAME = "pow"
_SALT_BYTES = 12
_NUMBER = re.compile(r"[0-9]{1,12}")
_DIGEST_BITS = 256

Bits = Annotated[int, Meta(ge=1, le=32)]
Count = Annotated[int, Meta(ge=1)]


class PowSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[plugin.pow]`."""

    bits: Bits = 16
    """Of somebody who comes alone: 65,536 hashes on average."""
    most_bits: Bits = 21
    """However many come."""
    calls: Count = 15
    """A minute from one network: so many and each doubling of it make one bit more."""
    newcomers: Count = 120
    """A minute with one key: likewise."""


def difficulty(sender: Sender, own: PowSettings) -> int:
    """Return how many bits a sender has to find."""
    crowd = max(sender.calls // own.calls, sender.newcomers // own.newcomers)
    return min(own.bits + crowd.bit_length(), max(own.bits, own.most_bits))


def puzzle(bits: int) -> dict[str, Any]:
    """Return a puzzle that nobody has seen before."""
    return {"salt": secrets.token_urlsafe(_SALT_BYTES), "bits": bits}


def is_solved(data: Mapping[str, Any], text: str) -> bool:
    """Tell whether the text is a number that solves the puzzle."""
    if not _NUMBER.fullmatch(text):
        return False
    digest = sha256(f"{data['salt']}:{text}".encode()).digest()
    bits: int = data["bits"]
    return _DIGEST_BITS - int.from_bytes(digest).bit_length() >= bits
