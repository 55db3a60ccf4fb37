"""One route per channel: what happens to a call before and after the plugin's pure function.

The order of refusal is the contract's: 401, 403, 429, 413/415, 400.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from litestar import HttpMethod, Request, Response, route
from litestar.handlers import HTTPRouteHandler

from hub import ids
from hub.api import cors
from hub.api.body import Body
from hub.api.decode import decode, decode_signed
from hub.api.edge import Lane
from hub.api.exchange import call_of
from hub.api.tokens import token_in
from hub.auth.admission import Admission, Call
from hub.auth.visitors import Proof, parse_proof
from hub.contracts import Arrival, Brought, Channel, Connection, Message
from hub.errors import BadRequest, Forbidden, HubError, NotFound, Unavailable
from hub.services.hub import Hub
from hub.store.front import LOOKUP_SECONDS, within

log = structlog.get_logger(__name__)

_encode = msgspec.json.Encoder().encode
USER_AGENT_CHARACTERS, IDEMPOTENCY_CHARACTERS = 500, 255


class Ingest:
    """A channel's endpoint."""

    def __init__(
        self, channel: Channel, admission: Admission, hub: Hub, live: cors.LiveOrigins
    ) -> None:
        """Serve this channel's declaration."""
        self.channel = channel
        self._admission = admission
        self._hub = hub
        self._live = live

    async def post(self, call: Call, body: Body, connection_id: str | None = None) -> bytes:
        """Admit, read, normalize, accept; return the reply as JSON.

        Raises the `HubError` that refuses the call. `connection_id` is what the path names.
        """
        call.varies = self.channel.auth == "widget_key"
        try:
            arrival, payload = await self._admit(call, body, connection_id)
            messages = self.channel.normalize(payload, arrival)
            if call.varies and not arrival.visitor_id:
                await self._admit_visitor(call, messages)
            if not messages:
                log.info("call_brought_nothing", channel=self.channel.name)
            accepted = await self._hub.accept(messages, arrival)
            if Message not in map(type, messages):
                # No message was stored, so no transaction has looked at the key again.
                await self._admission.confirm(call)
        except HubError as error:
            await self._refuse(call, error)
            raise
        return _encode(self.channel.reply(accepted))

    async def _refuse(self, call: Call, error: HubError) -> None:
        """See to what a refusal needs: the key read again, and the page allowed to know why."""
        if not isinstance(error, Unavailable):
            await self._admission.confirm(call)
        # Also when the key is dead, but the page is known.
        if self.channel.auth == "widget_key" and call.cors_origin is None:
            call.cors_origin = await self._live.match(call.headers)

    async def get(self, request: Request[Any, Any, Any]) -> Response[str]:
        """Answer the provider's verification in plain text."""
        connection = await self._connection(request.path_params["connection_id"])
        if connection is None:
            raise NotFound
        shake = self.channel.handshake
        query = dict(request.query_params.items())
        answer = shake(query, connection) if shake else None
        if answer is None:
            raise Forbidden("Verification refused", code="verification_refused")
        return Response(answer, media_type="text/plain")

    async def options(self, request: Request[Any, Any, Any]) -> Response[None]:
        """Answer a browser's preflight."""
        call = call_of(request.scope)
        call.varies = True
        headers = await cors.preflight(self._live, call.headers)
        return Response(None, status_code=204, headers=headers)

    async def _admit(
        self, call: Call, body: Body, connection_id: str | None
    ) -> tuple[Arrival, Any]:
        match self.channel.auth:
            case "server_key":
                await self._admission.server_messages(call)
            case "key_or_legacy_secret":
                await self._admission.legacy_ingest(call)
            case "widget_key":
                return await self._by_widget_key(call, body)
            case "signature":
                return await self._by_signature(call, body, connection_id)
        raw = await body.read(call, self.channel.max_body)
        return _arrival(call), decode(self.channel.wire, raw)

    async def _by_widget_key(self, call: Call, body: Body) -> tuple[Arrival, Any]:
        if self.channel.brings_signals:
            known = await self._admission.signals(call)
            raw = await body.read(call, self.channel.max_body)
            return _arrival(call, known), decode(self.channel.wire, raw)
        await self._admission.widget(call)
        try:
            proof = parse_proof(call.headers.get("x-visitor"))
            if proof:
                await self._admission.visitor(call, proof.visitor_id, proof)
            raw = await body.read(call, self.channel.max_body)
            payload = decode(self.channel.wire, raw)
            await self._admission.identify(call, token_in(raw))
        except HubError as error:
            if call.rate is None and error.status in _UNREADABLE:
                await self._admission.unreadable(call)
            raise
        return _arrival(call, proof), payload

    async def _admit_visitor(self, call: Call, messages: Sequence[Brought]) -> None:
        """Admit the visitor that only the body names."""
        for message in messages:
            named = message.person.visitor_id if isinstance(message, Message) else None
            if named is None:
                await self._admission.unreadable(call)
                raise BadRequest(fields={"visitor.visitorId": ["Required, or send X-Visitor"]})
            await self._admission.visitor(call, named, None)

    async def _by_signature(
        self, call: Call, body: Body, connection_id: str | None
    ) -> tuple[Arrival, Any]:
        signature = self.channel.signature
        assert signature is not None
        connection = await self._connection(connection_id)
        raw = await body.read(call, self.channel.max_body)
        await self._admission.signer(call, connection, signature, raw)
        return _arrival(call, connection=connection), self._understood(raw)

    def _understood(self, raw: bytes) -> Any:
        """Return a signed body; an empty one where nothing in it can be understood.

        The provider repeats for days what is refused: it is ours to know of, not theirs to mend.
        """
        try:
            return decode_signed(self.channel.wire, raw)
        except BadRequest as error:
            told = [*error.form, *error.fields]
            log.warning("signed_call_not_understood", channel=self.channel.name, reasons=told)
            return self.channel.wire()

    async def _connection(self, text: str | None) -> Connection | None:
        connection_id = ids.parse("cnx", text or "")
        if connection_id is None:
            return None
        found = self._hub.connections.by_id(self.channel.name, connection_id)
        return await within(LOOKUP_SECONDS, found)


_UNREADABLE = {400, 408, 413, 415}


def endpoints(
    channels: Sequence[Channel], admission: Admission, hub: Hub, live: cors.LiveOrigins
) -> list[Ingest]:
    """Make the endpoint of each channel."""
    return [Ingest(channel, admission, hub, live) for channel in channels]


def lanes(served: Sequence[Ingest], base: str) -> dict[str, Lane]:
    """Return the POST of every endpoint whose path is one fixed text, below `base`."""
    return {base + e.channel.path: e.post for e in served if "{" not in e.channel.path}


def handlers(served: Sequence[Ingest]) -> list[HTTPRouteHandler]:
    """Return the routes of the endpoints, for what does not come by a lane."""
    return [handler for endpoint in served for handler in _routes(endpoint)]


def _routes(ingest: Ingest) -> list[HTTPRouteHandler]:
    channel = ingest.channel
    path = channel.path.replace("{connection_id}", "{connection_id:str}")

    # Functions, because Litestar copies what it is given, and with a method everything behind it.
    async def post(request: Request[Any, Any, Any]) -> Response[Any]:
        if request.method == HttpMethod.OPTIONS:
            return await ingest.options(request)
        named = request.path_params.get("connection_id")
        body = Body(request.scope, request.receive)
        reply = await ingest.post(call_of(request.scope), body, named)
        return Response(reply, status_code=200, media_type="application/json")

    async def get(request: Request[Any, Any, Any]) -> Response[str]:
        return await ingest.get(request)

    methods = [HttpMethod.POST]
    if channel.auth == "widget_key":
        methods.append(HttpMethod.OPTIONS)
    routes = [route(path, http_method=methods, opt={"channel": channel})(post)]
    if channel.handshake:
        routes.append(route(path, http_method=[HttpMethod.GET])(get))
    return routes


def _arrival(
    call: Call, proof: Proof | None = None, connection: Connection | None = None
) -> Arrival:
    assert call.caller is not None
    agent = call.headers.get("user-agent")
    return Arrival(
        at=datetime.now(UTC),
        caller=call.caller,
        ip=call.ip,
        user_agent=agent[:USER_AGENT_CHARACTERS] if agent else None,
        idempotency_key=_idempotency_key(call),
        visitor_id=proof.visitor_id if proof else None,
        secret_digest=proof.digest if proof else None,
        proved=call.token.proved if call.token else None,
        connection=connection.data if connection else {},
    )


def _idempotency_key(call: Call) -> str | None:
    key = call.headers.get("idempotency-key")
    if key and len(key) > IDEMPOTENCY_CHARACTERS:
        sentence = f"Send at most {IDEMPOTENCY_CHARACTERS} characters"
        raise BadRequest(fields={"Idempotency-Key": [sentence]})
    return key or None
