"""Who may come in, in the one order of refusal: 401, 403, 429.

One function per kind of endpoint; each returns the caller, having taken one from its buckets.
"""

from collections.abc import Awaitable, Collection, Sequence
from typing import TypeVar

from msgspec import Struct

from hub.auth import origins
from hub.auth.buckets import Buckets
from hub.auth.callers import Callers, Key
from hub.auth.challenges import HEADER, Challenges
from hub.auth.headers import Headers
from hub.auth.identity import Token, holds
from hub.auth.limits import Bucket, Limiter, Verdict, refusal
from hub.auth.proxies import network_of
from hub.auth.visitors import Proof, Visitors, blocked, parse_proof
from hub.challenges import Sender
from hub.contracts import Caller, Connection, Signature
from hub.errors import BadRequest, Forbidden, RateLimited, Unauthorized
from hub.store.admin.identity import OFF, Rule

T = TypeVar("T")
Pass = tuple[bytes, str, str | None]
"""What somebody came in by: a credential, an origin, and the secret of an identity token."""
IDENTITY = "x-identity"
SECRET_MISSING = "Send X-Visitor: <visitorId>.<secret>"  # noqa: S105 - a sentence


class Call(Struct, kw_only=True):
    """One request as the doors see it, and what they note about it."""

    headers: Headers
    ip: str
    caller: Caller | None = None
    remembered: bool = False
    """The caller's key was read before and not for this call: see `Admission.confirm`."""
    rate: Verdict | None = None
    """The bucket that the answer's `X-RateLimit-*` headers tell of."""
    cors_origin: str | None = None
    """The origin that may read the answer."""
    varies: bool = False
    """The answer depends on the origin."""
    asks: Rule = OFF
    """What the key asks of visitors."""
    token: Token | None = None
    """What proves who the visitor is, once it has been looked at."""
    lasting: bool = False
    """The answer goes on for minutes: what took a while is its beginning."""

    @property
    def network(self) -> str:
        """Return what the client is counted under."""
        return network_of(self.ip)


class Admission:
    """The doors of the hub."""

    def __init__(
        self,
        callers: Callers,
        visitors: Visitors,
        limiter: Limiter,
        buckets: Buckets,
        challenges: Challenges,
    ) -> None:
        """Use these to tell callers, visitors, rates and who is no person."""
        self._callers = callers
        self._visitors = visitors
        self._limiter = limiter
        self._buckets = buckets
        self._challenges = challenges

    async def server_messages(self, call: Call) -> Caller:
        """Admit a server key to `/messages`, for storing: `confirm` has to follow otherwise."""
        caller = self._callers.remembered(call.headers)
        call.remembered = caller is not None
        if caller is None:
            caller = await self._known(call, self._callers.server(call.headers))
            self._callers.remember(caller)
        call.caller = caller
        await self._take(call, self._buckets.server_messages(caller))
        return caller

    async def confirm(self, call: Call) -> None:
        """Read the key of a call that was admitted from memory: 401 comes before all else.

        A message that was stored needs no more: its transaction has read the key.
        """
        if call.remembered:
            call.remembered = False
            await self._known(call, self._callers.server(call.headers))

    async def legacy_ingest(self, call: Call) -> Caller:
        """Admit a server key or a legacy secret to `/ingest`."""
        call.caller = await self._known(call, self._callers.key_or_legacy_secret(call.headers))
        await self._take(call, self._buckets.legacy_ingest(call.caller))
        return call.caller

    async def reads(self, call: Call) -> Caller:
        """Admit a server key to everything else."""
        call.caller = await self._known(call, self._callers.server(call.headers))
        await self._take(call, self._buckets.reads(call.caller))
        return call.caller

    async def widget(self, call: Call) -> Caller:
        """Admit a widget key from one of its origins; its buckets are taken by the visitor."""
        key = await self._known(call, self._callers.widget(call.headers, call.ip))
        call.caller = key.caller
        call.cors_origin = allowed_origin(call.headers, key)
        if key.kept_out:
            raise blocked()
        call.asks = key.identity
        if _presented(call):
            await self.identify(call)
        return key.caller

    async def identify(self, call: Call, named: str | None = None) -> None:
        """Note who the visitor is proved to be: by `X-Identity`, or else by the token it `named`.

        A bad token is 403 and costs the network; so is none, where one is required.
        """
        caller = _admitted(call)
        assert caller.key_id is not None
        token = _presented(call) or named
        try:
            call.token = call.token or self._visitors.identities.check(
                call.asks, caller.key_id, token
            )
        except Forbidden:
            if call.rate is None:
                await self.unreadable(call)
            raise

    async def visitor(self, call: Call, visitor_id: str, proof: Proof | None) -> None:
        """Admit a visitor of the widget: its secret must be right, and its buckets not empty."""
        caller = _admitted(call)
        is_new = await self._visitors.is_new(
            caller.organization_id, caller.scope, visitor_id, proof
        )
        buckets = self._buckets.widget_messages(caller, call.network, visitor_id, is_new=is_new)
        if self._challenges.on:
            await self._take_proved(call, visitor_id, buckets, is_new=is_new)
        else:
            await self._take(call, buckets)

    async def stream(self, call: Call) -> Proof:
        """Admit a visitor to its stream: nothing may be read without the secret."""
        proof = await self._proved(call)
        caller = _admitted(call)
        await self._take(call, [self._buckets.widget_stream(caller, call.network)])
        return proof

    async def signals(self, call: Call) -> Proof:
        """Admit a visitor who tells what it does."""
        proof = await self._proved(call)
        caller = _admitted(call)
        await self._take(call, [self._buckets.widget_events(caller, call.network)])
        return proof

    async def still(self, passes: Collection[Pass]) -> set[Pass]:
        """Return those of these that would be admitted now."""
        living = await self._callers.living({credential for credential, _, _ in passes})
        return {
            (credential, origin, seal)
            for credential, origin, seal in passes
            if (key := living.get(credential))
            and _allows(key, [origin])
            and holds(key.identity, seal)
        }

    async def _proved(self, call: Call) -> Proof:
        """Admit a widget key from its origin, and a visitor whose secret is not another one."""
        caller = await self.widget(call)
        try:
            proof = parse_proof(call.headers.get("x-visitor"))
        except BadRequest:
            proof = None
        if proof is None:
            raise Forbidden(SECRET_MISSING, code="visitor_secret_missing")
        await self.identify(call)
        await self._visitors.is_new(caller.organization_id, caller.scope, proof.visitor_id, proof)
        return proof

    async def unreadable(self, call: Call) -> None:
        """Count a widget call whose visitor cannot be told against its network."""
        await self._take(call, [self._buckets.widget_network(_admitted(call), call.network)])

    async def signer(
        self, call: Call, connection: Connection | None, signature: Signature, raw: bytes
    ) -> Caller:
        """Admit a provider that signed these bytes."""
        known = self._callers.signer(connection, signature, call.headers, raw)
        call.caller = await self._known(call, known)
        return call.caller

    async def _known(self, call: Call, finding: Awaitable[T]) -> T:
        """Return who calls; a network that tries too many keys is told to wait instead of 401."""
        try:
            return await finding
        except Unauthorized:
            await self._take(call, [self._buckets.failed_keys(call.network)])
            call.rate = None
            raise

    async def _take_proved(
        self, call: Call, visitor_id: str, buckets: Sequence[Bucket], *, is_new: bool
    ) -> None:
        """Take from the buckets of whoever owes no proof, or brings it; else ask for one.

        Asking costs the network. The proof of a new visitor is good for one call.
        """
        caller = _admitted(call)
        sender = await self._sender(call, is_new=is_new)
        challenge = await self._challenges.asked(sender)
        if challenge is None:
            await self._take(call, buckets)
            return
        solved = self._challenges.solved(call.headers.get(HEADER), caller, visitor_id)
        if solved:
            await self._take(call, buckets)
            once = self._challenges.once(solved)
            unused = not is_new or (await self._limiter.take([once]))[0].allowed
            if unused and await self._challenges.holds(solved, sender):
                return
        else:
            await self._take(call, [self._buckets.widget_network(caller, call.network)])
        raise self._challenges.refusal(challenge, caller, visitor_id)

    async def _sender(self, call: Call, *, is_new: bool) -> Sender:
        caller = _admitted(call)
        assert caller.key_id is not None
        counted = [
            self._buckets.widget_network(caller, call.network),
            self._buckets.new_visitors(caller),
        ]
        calls, newcomers = [v.limit - v.remaining for v in await self._limiter.peek(counted)]
        return Sender(
            organization_id=caller.organization_id,
            key_id=caller.key_id,
            network=call.network,
            is_new=is_new,
            calls=calls,
            newcomers=newcomers,
        )

    async def _take(self, call: Call, buckets: Sequence[Bucket]) -> None:
        verdicts = await self._limiter.take(buckets)
        refusing = refusal(verdicts)
        call.rate = refusing or verdicts[0]
        if refusing:
            raise RateLimited(
                limit=refusing.limit,
                window_seconds=refusing.window_seconds,
                retry_after=refusing.retry_after,
            )


def allowed_origin(headers: Headers, key: Key) -> str:
    """Return the call's origin as it wrote it, when the key allows it; else 403."""
    for sent in origins.sent_by(headers):
        if _allows(key, sent):
            return sent[0]
    raise Forbidden("Origin not allowed for this key", code="origin_not_allowed")


def _allows(key: Key, sent: Sequence[str]) -> bool:
    origin = origins.parse_request(sent)
    allowed = (origins.parse_allowed(text) for text in key.allowed_origins)
    return origin is not None and origins.allows(allowed, origin)


def _presented(call: Call) -> str:
    """Return the token of `X-Identity`, empty when there is none; two of them are no good one."""
    return ", ".join(filter(None, call.headers.all(IDENTITY)))


def _admitted(call: Call) -> Caller:
    if call.caller is None:
        raise Unauthorized
    return call.caller
