"""API keys: how they are made, recognised and compared.

A key is `ck_live_` (server) or `cwk_live_` (widget) and 32 base62 characters: 26 random ones
(155 bits) and the CRC32 of those 26 in 6. The checksum tells a mistyped or guessed key from a real
one without a look-up, and lets secret scanners tell a key from a look-alike.
"""

import re
import secrets
from hashlib import sha256
from hmac import compare_digest
from typing import Literal
from zlib import crc32

from msgspec import Struct

KeyKind = Literal["server", "widget"]

PREFIXES: dict[KeyKind, str] = {"server": "ck_live_", "widget": "cwk_live_"}
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PATTERN = r"(?:ck|cwk)_live_[0-9A-Za-z]{32}"
"""What secret scanners look for."""

_KINDS: dict[str, KeyKind] = {prefix: kind for kind, prefix in PREFIXES.items()}
_SHAPE = re.compile(PATTERN)
_RANDOM = 26
_CHECKSUM = 6
_DISPLAYED = 12


class ParsedKey(Struct, frozen=True):
    """What a well-formed key says about itself."""

    kind: KeyKind


def mint(kind: KeyKind) -> str:
    """Return a new key in plain text; it is shown once and never stored."""
    body = _base62(secrets.randbelow(len(ALPHABET) ** _RANDOM), _RANDOM)
    return PREFIXES[kind] + body + _checksum(body)


def parse(text: str) -> ParsedKey | None:
    """Recognise a key by its prefix, alphabet, length and checksum; None for any other text."""
    if not _SHAPE.fullmatch(text):
        return None
    split = len(text) - _RANDOM - _CHECKSUM
    body, checksum = text[split:-_CHECKSUM], text[-_CHECKSUM:]
    if _checksum(body) != checksum:
        return None
    return ParsedKey(_KINDS[text[:split]])


def digest(plaintext: str) -> bytes:
    """Return the 32 bytes of sha256 under which a key is stored and found.

    No salt and no slow hash: the text is random and long enough that guessing is hopeless.
    """
    return sha256(plaintext.encode("utf-8", "surrogatepass")).digest()


def display(plaintext: str) -> str:
    """Return the first 12 characters: enough to tell keys apart in a list, too little to use."""
    return plaintext[:_DISPLAYED]


def matches(plaintext: str, stored: bytes) -> bool:
    """Compare a presented key with a stored digest in constant time."""
    return compare_digest(digest(plaintext), stored)


def _checksum(body: str) -> str:
    return _base62(crc32(body.encode("ascii")), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
