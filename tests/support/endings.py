"""The ways in which a credential ends, and when each of them was confirmed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from hub import ids
from hub.services.hub import Hub as Services
from hub.store.admin.records import ApiKey
from tests.support.app import Business
from tests.support.hubs import Hub

End = Callable[[Hub, Services, Business], Awaitable[float]]
"""Ends a credential of the business; returns when that was confirmed, or when it is due."""


async def key_of(beside: Services, business: Business, plaintext: str) -> ApiKey:
    """Return the key that this text is."""
    key = await beside.keys.by_plaintext(business.id, plaintext)
    assert key
    return key


async def revoke_server_key(hub: Hub, beside: Services, business: Business) -> float:
    """`clonvo key revoke`, as an operator types it."""
    key = ids.wire("key", (await key_of(beside, business, business.server_key)).id)
    await asyncio.to_thread(hub.command, "key", "revoke", key)
    return time.time()


async def revoke_widget_key(hub: Hub, beside: Services, business: Business) -> float:
    """Revoke through the services, as a page would."""
    await beside.keys.revoke(business.id, (await key_of(beside, business, business.widget_key)).id)
    return time.time()


async def rotate_server_key(hub: Hub, beside: Services, business: Business) -> float:
    """`clonvo key rotate` without an overlap: the old secret is dead at once."""
    key = ids.wire("key", (await key_of(beside, business, business.server_key)).id)
    await asyncio.to_thread(hub.command, "key", "rotate", key)
    return time.time()


async def let_server_key_expire(hub: Hub, beside: Services, business: Business) -> float:
    """Give the key a second more, and wait until that is over."""
    key = await key_of(beside, business, business.server_key)
    due = datetime.now(UTC) + timedelta(seconds=1)
    ended = await beside.keys.expire(business.id, key.id, due)
    assert ended.expires_at
    at = ended.expires_at.timestamp()
    await asyncio.sleep(at - time.time())
    return at


async def switch_secret_off(hub: Hub, beside: Services, business: Business) -> float:
    """`clonvo org legacy-secret --off`."""
    await asyncio.to_thread(hub.command, "org", "legacy-secret", business.slug, "--off")
    return time.time()


WAYS: dict[str, tuple[str, str, End]] = {
    "revoked": ("server", "/messages", revoke_server_key),
    "widget": ("widget", "/widget/messages", revoke_widget_key),
    "rotated": ("server", "/messages", rotate_server_key),
    "expired": ("server", "/messages", let_server_key_expire),
    "legacy": ("legacy", "/ingest", switch_secret_off),
}
