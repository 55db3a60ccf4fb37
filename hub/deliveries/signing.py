"""Signatures of what goes out, by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).

HMAC-SHA256 over `{id}.{timestamp}.{body}`, the body as it is sent to the byte.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode("ascii")


def headers(
    message_id: str, timestamp: int, body: bytes, keys: Iterable[str]
) -> list[tuple[str, str]]:
    """Return the three headers of one attempt at this Unix second, signed with each secret."""
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    signatures = (
        b64encode(hmac.digest(b64decode(key.removeprefix(PREFIX)), signed, hashlib.sha256))
        for key in keys
    )
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", " ".join(f"v1,{one.decode('ascii')}" for one in signatures)),
    ]
