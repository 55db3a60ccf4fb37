"""Steps 6 and 9: one open session per key and visitor, a new one after 30 days of silence.

Or when the visitor begins to prove who it is, or ends to.
"""

from collections.abc import Container, Iterable
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from hub import ids
from hub.accept import identities
from hub.accept.draft import Batch, Draft
from hub.contracts import Visit
from hub.store import rows
from hub.store.database import Connection
from hub.store.questions import Question, ask
from hub.store.states import NewEvent, SessionState
from hub.store.write import sessions as store

SILENCE = 30 * 24 * 60 * 60 * 1000
"""In milliseconds."""
Key = tuple[UUID, UUID, str]

# Base32 as RFC 4648 has it, in small letters, ten bits at a time: a sixth of the library's work.
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [high + low for high in _LETTERS for low in _LETTERS]
_SHIFTS = range(110, -1, -10)


def foreseen(batch: Batch) -> Question[list[SessionState]]:
    """Ask, without a transaction, for the open sessions of visitors whom messages tell."""
    return _asked(batch, [draft for draft in batch.open if batch.unlocked and _tells(draft)])


def asked(batch: Batch) -> Question[list[SessionState]]:
    """Ask for the open sessions of the batch's visitors, but for those foreseen."""
    return _asked(batch, [draft for draft in batch.open if not draft.visitor_id])


def touch(connection: Connection, batch: Batch, opened: list[SessionState]) -> None:
    """Give each message its session, where its channel has any, and let the session learn."""
    drafts = [draft for draft in batch.open if _has_session(batch, draft)]
    found = {(s.organization_id, s.key_scope, s.visitor_id): s for s in opened}
    by_id = {state.id: state for state in opened}
    by_id |= _replied(connection, filter(_is_reply, drafts), by_id)
    for draft in drafts:
        reply, conversation = _is_reply(draft), draft.conversation
        assert conversation is not None
        # A reply belongs to the conversation's last session.
        last = conversation.last_session_id if reply else None
        state = (last and by_id.get(last)) or _open(batch, draft, found)
        draft.session = by_id[state.id] = state
        state.message_count += 1
        conversation.last_session_id = state.id
        if not reply:
            _learn(batch, draft, state)


def write(connection: Connection, batch: Batch) -> None:
    """Write the sessions that the batch opened, touched or closed."""
    states = {d.session.id: d.session for d in batch.open if d.session}
    if batch.ended:
        # A session that ended frees its visitor's one open place, so it is written first.
        batch.need_transaction()
        rows.write(connection, [store.write(batch.ended)], batch.now)
    ended = {state.id for state in batch.ended}
    batch.writes.append(store.write(s for s in states.values() if s.id not in ended))


def _asked(batch: Batch, drafts: list[Draft]) -> Question[list[SessionState]]:
    visited = [draft for draft in drafts if _may_have_session(batch, draft)]
    for draft in visited:
        draft.visitor_id = _visitor_id(draft)
    return store.opened({_key(draft) for draft in visited})


def _tells(draft: Draft) -> bool:
    """Tell whether the message alone says who its visitor is, whoever its customer may be."""
    visit = draft.entry.message.visit
    return bool(draft.entry.identities or (visit and visit.visitor_id))


def _may_have_session(batch: Batch, draft: Draft) -> bool:
    """Tell it of a message whose conversation, and so a reply's channel, is not known yet."""
    return _is_reply(draft) or draft.entry.message.channel not in batch.traits.without_sessions


def _has_session(batch: Batch, draft: Draft) -> bool:
    without = batch.traits.without_sessions
    conversation = draft.conversation
    visited = conversation is not None and conversation.channel not in without
    return visited and not batch.unreachable(draft)


def _is_reply(draft: Draft) -> bool:
    return draft.entry.message.direction == "outbound"


def _key(draft: Draft) -> Key:
    caller = draft.entry.caller
    return (caller.organization_id, caller.scope, draft.visitor_id)


def _visitor_id(draft: Draft) -> str:
    """Return the visitor the call names, else a stable one of its strongest identity."""
    visit = draft.entry.message.visit
    if visit and visit.visitor_id:
        return visit.visitor_id
    named = draft.entry.identities
    if not named:
        assert draft.customer is not None
        named = identities.of_state(draft.customer)
    if named:
        strongest = named[0]
        mark = f"{strongest.kind}\0{strongest.scope}\0{strongest.match_key}"
    else:
        assert draft.customer is not None
        mark = draft.customer.id.hex
    return _stable_visitor(f"{draft.entry.organization_id.hex}\0{mark}")


@lru_cache(16_384)
def _stable_visitor(seed: str) -> str:
    number = int.from_bytes(sha256(seed.encode()).digest()[:15])
    return "v_" + "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def _replied(
    connection: Connection, replies: Iterable[Draft], known: Container[UUID]
) -> dict[UUID, SessionState]:
    """Return the last sessions, of those not known, of the conversations that are replied to."""
    named = {
        (draft.entry.organization_id, draft.conversation.last_session_id)
        for draft in replies
        if draft.conversation and draft.conversation.last_session_id
    }
    (others,) = ask(connection, store.named(one for one in named if one[1] not in known))
    return {state.id: state for state in others}


def _open(batch: Batch, draft: Draft, found: dict[Key, SessionState]) -> SessionState:
    """Return the visitor's open session, beginning a new one when the last fell silent.

    A session is of one proof: what came with a token and what came without are two sessions, so
    that nothing of the first is shown without one (docs/decisions/0021).
    """
    key = _key(draft)
    state = found.get(key)
    goes_on = state is not None and batch.at - state.last_seen_at <= SILENCE
    if state and goes_on and state.verified == draft.entry.proven:
        return state
    if state:
        state.closed_at, state.moved = batch.at, True
        batch.ended.append(state)
    found[key] = _new_session(batch, draft, key[2])
    return found[key]


def _new_session(batch: Batch, draft: Draft, visitor_id: str) -> SessionState:
    assert draft.customer is not None
    assert draft.conversation is not None
    return SessionState(
        id=ids.new(),
        organization_id=draft.entry.organization_id,
        key_id=draft.entry.caller.key_id,
        key_scope=draft.entry.caller.scope,
        visitor_id=visitor_id,
        customer_id=draft.customer.id,
        conversation_id=draft.conversation.id,
        verified=draft.entry.proven,
        message_count=0,
        first_seen_at=batch.at,
        last_seen_at=batch.at,
        fresh=True,
    )


def _learn(batch: Batch, draft: Draft, state: SessionState) -> None:
    """Take over what an inbound call tells: the latest address, the first page, any identity."""
    visit, arrival = draft.entry.message.visit or Visit(), draft.entry.arrival
    assert draft.customer is not None
    assert draft.conversation is not None
    if state.customer_id != draft.customer.id:
        state.customer_id, state.moved = draft.customer.id, True
    state.conversation_id = draft.conversation.id
    state.last_seen_at = batch.at
    state.ip_address, state.user_agent = arrival.ip, arrival.user_agent
    state.referer = state.referer or visit.referer
    state.landing_path = state.landing_path or visit.path
    if _identify(state, visit) and draft.entry.proven:
        batch.events.append(NewEvent(state.organization_id, "visitor.identified", state.id))


def _identify(state: SessionState, visit: Visit) -> bool:
    told = {
        "external_user_id": visit.external_user_id,
        "external_email": visit.external_email,
        "external_name": visit.external_name,
    }
    if not any(told.values()):
        return False
    news = {name: value for name, value in told.items() if value and value != getattr(state, name)}
    for name, value in news.items():
        setattr(state, name, value)
    return bool(news)
