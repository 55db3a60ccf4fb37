"""Secrets in log lines, masked twice: fields by their name, and whatever looks like a secret.

The second look is at finished text: at what keys and tokens look like, and for the secrets that the
settings hold.
"""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from hub.settings import Settings

MASK = "…"

_SECRET_NAMES = {
    *("authorization", "cookie", "set-cookie", "x-visitor", "x-chathub-secret", "x-csrf-token"),
    *("access_token", "hub_secret", "password", "plaintext", "secret", "secrets", "token"),
    # What people write is not ours to keep twice.
    *("body", "payload"),
}
# What a secret looks like, after the sign without which a line need not be searched for it.
_LOOKS_SECRET = [
    (sign, re.compile(pattern, re.IGNORECASE))
    for sign, pattern in (
        ("_live_", r"(ck_live_[0-9a-z]{0,4}|cwk_live_[0-9a-z]{0,3})[0-9a-z]*"),
        ("whsec_", r"(whsec_)[a-z0-9+/=_-]+"),
        ("bearer ", r"\b(bearer )[a-z0-9._~+/=-]+"),
        ("basic ", r"\b(basic )[a-z0-9._~+/=-]+"),
        ("eyj", r"\b(eyJ)[\w-]{8,}\.[\w-]+\.[\w-]*"),
        ("://", r"(://[^/\s:@\"]*:)[^@\s/\"]+(?=@)"),
        ("=", r"([?&]\w*(?:token|secret|password|signature)=)[^&\s\"]+"),
    )
]
# Shorter ones would mask half of every line.
_SHORTEST_KNOWN = 6

Event = MutableMapping[str, Any]


def fields(_logger: object, _method: str, event: Event) -> Event:
    """Mask the fields that are secrets by their name: a processor of structlog."""
    for name, value in event.items():
        if name in _SECRET_NAMES or isinstance(value, dict):
            event[name] = _mask_field(name, value)
    return event


def _mask_field(name: object, value: Any) -> Any:
    if str(name).lower() in _SECRET_NAMES:
        return MASK
    if isinstance(value, dict):
        return {inner: _mask_field(inner, one) for inner, one in value.items()}
    return value


def text(lines: str, known: Sequence[str]) -> str:
    """Mask in finished lines what is `known` and what looks secret; nothing reaches over an end."""
    for secret in known:
        lines = lines.replace(secret, MASK)
    lowered = lines.lower()
    for sign, pattern in _LOOKS_SECRET:
        if sign in lowered:
            lines = pattern.sub(rf"\1{MASK}", lines)
    return lines


def known_secrets(settings: Settings) -> list[str]:
    """Return what the settings hold that no line may show."""
    urls = (settings.database_url, settings.redis_url, settings.smtp_url)
    passwords = [urlsplit(url).password or "" for url in urls if url]
    candidates = [settings.hub_secret or "", *passwords, *map(unquote, passwords)]
    return [one for one in dict.fromkeys(candidates) if len(one) >= _SHORTEST_KNOWN]
