"""A business whose widget key takes identity tokens, and the calls of its visitors."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from hub import ids
from hub.store.admin.identity import Mode
from tests.support.app import Api
from tests.support.streams import Events, following
from tests.support.tokens import Site

SECRET = "s" * 22
LAST = "that was all"


class Visited:
    """A site with an identity secret, as its visitors meet it."""

    def __init__(self, api: Api, site: Site, key_id: Any) -> None:
        """`site` signs; `key_id` is the widget key."""
        self.api = api
        self.site = site
        self.key_id = key_id

    @classmethod
    async def on(cls, api: Api) -> "Visited":
        """Give the business's widget key its first secret."""
        key = await api.hub.keys.by_plaintext(api.business.id, api.business.widget_key)
        assert key is not None
        made = await api.hub.identity.rotate(api.business.id, key.id)
        return cls(api, Site(secret=made.secret, key_id=ids.wire("key", key.id)), key.id)

    async def ask(self, mode: Mode) -> None:
        """Set what the key asks of visitors."""
        await self.api.hub.identity.set_mode(self.api.business.id, self.key_id, mode)

    async def rotate(self, *, overlap: bool = False) -> Site:
        """Give the key another secret; return the site that has it."""
        made = await self.api.hub.identity.rotate(
            self.api.business.id, self.key_id, overlap=overlap
        )
        return Site(secret=made.secret, key_id=self.site.key_id)

    async def post(
        self, body: str, visitor: str = "v_1", token: str | None = None, **named: Any
    ) -> httpx.Response:
        """Let a visitor write, with a token in the header, or what `named` puts into `visitor`."""
        sent = {"body": body, "visitor": named}
        headers = headers_of(visitor, token)
        return await self.api.widget.post("/widget/messages", json=sent, headers=headers)

    async def write(
        self, body: str, visitor: str = "v_1", token: str | None = None, **named: Any
    ) -> dict[str, Any]:
        """Let a visitor write; return the answer of the call."""
        reply = await self.post(body, visitor, token, **named)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def answer(self, to: dict[str, Any], body: str) -> dict[str, Any]:
        """Let the business answer in a conversation; return the answer of the call."""
        sent = {"direction": "outbound", "conversationId": to["conversationId"], "body": body}
        reply = await self.api.server.post("/messages", json=sent)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    async def tell(self, visitor: str = "v_1", token: str | None = None) -> httpx.Response:
        """Let a visitor open the panel."""
        sent = {"events": [{"type": "opened"}]}
        headers = headers_of(visitor, token)
        return await self.api.widget.post("/widget/events", json=sent, headers=headers)

    def follow(
        self, visitor: str = "v_1", token: str | None = None, last_id: str | None = None
    ) -> AbstractAsyncContextManager[Events]:
        """Let a visitor follow its conversation."""
        more = {} if token is None else {"X-Identity": token}
        return following(self.api, f"{visitor}.{SECRET}", last_id, **more)

    async def seen(self, visitor: str = "v_1", token: str | None = None) -> list[str]:
        """Return the texts that a visitor is shown, up to a last one that it writes itself."""
        async with self.follow(visitor, token) as events:
            assert events.status == 200, events.all
            await self.write(LAST, visitor, token)
            await events.until(lambda one: LAST in one.bodies)
        return [body for body in events.bodies if body != LAST]

    async def customer(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Return whose message it became."""
        found = await self.api.server.get(f"/customers/{reply['customerId']}")
        customer: dict[str, Any] = found.json()
        return customer

    async def session(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Return the session that a message belongs to."""
        found = await self.api.server.get(f"/sessions/{reply['sessionId']}")
        session: dict[str, Any] = found.json()
        return session


def headers_of(visitor: str, token: str | None) -> dict[str, str]:
    """Return what a visitor's browser adds to a call."""
    more = {} if token is None else {"X-Identity": token}
    return {"X-Visitor": f"{visitor}.{SECRET}", **more}
