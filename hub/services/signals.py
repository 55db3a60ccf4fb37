"""What visitors do without writing: opened, closed, typing, read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from msgspec.structs import replace

from hub import ids
from hub.accept import statuses
from hub.contracts import Arrival, Signal
from hub.errors import Unauthorized
from hub.events.live import Hint, Live, topic_of_visitor
from hub.services.streams import Streams, hints_of, insisting
from hub.store import rows
from hub.store.database import Connection
from hub.store.front import Front
from hub.store.questions import ask
from hub.store.read.streams import Mark, Watcher
from hub.store.states import NewWidgetEvent
from hub.store.write import credentials, messages, sessions
from hub.store.write.statuses import Shown


class Signals:
    """Takes the signals of visitors."""

    def __init__(self, front: Front, streams: Streams, live: Live) -> None:
        """Keep them in this store, and tell of them there."""
        self._front = front
        self._streams = streams
        self._live = live

    async def take(self, signals: Sequence[Signal], arrival: Arrival) -> None:
        """Note the signals of one call, and tell who listens.

        Of a visitor who never wrote, or whose secret is not known, nothing is noted: there is no
        session that it belongs to.
        """
        watcher = _watcher(signals[0], arrival)
        place = await self._streams.place(watcher)
        digest = arrival.secret_digest
        own = digest is not None and place.secret_digest == digest.hex()
        if place.conversation_id is None or not (own or place.whole):
            return
        told: list[Hint] = []
        noted = [signal for signal in signals if signal.kind != "typing"]
        seq = max((signal.seq for signal in noted if signal.kind == "read"), default=0)
        if noted:
            since = place.since or 0
            mark = Mark(watcher, place.conversation_id, since, seq, place.whole)
            work = partial(_store, signals=noted, arrival=arrival, mark=mark)
            told += hints_of(await insisting(self._front, work))
        hint = Hint("read", watcher.organization_id, place.conversation_id, seq=seq)
        if seq:
            told.append(replace(hint, visitor=_topic(watcher)))
        if len(noted) < len(signals):
            told.append(replace(hint, word="visitor_typing", seq=0))
        self._live.tell(told)


def _watcher(signal: Signal, arrival: Arrival) -> Watcher:
    caller = arrival.caller
    assert arrival.visitor_id is not None
    person = arrival.proved.external_user_id if arrival.proved else None
    return Watcher(caller.organization_id, caller.scope, arrival.visitor_id, signal.channel, person)


def _topic(watcher: Watcher) -> UUID:
    return topic_of_visitor(watcher.organization_id, watcher.key_id, watcher.visitor_id)


def _store(
    connection: Connection, *, signals: Sequence[Signal], arrival: Arrival, mark: Mark
) -> Sequence[Shown]:
    """Append the signals to the log of the visitor's session; return what was read by it."""
    now, caller, watcher = datetime.now(UTC), arrival.caller, mark.watcher
    if caller.credential not in credentials.alive(connection, [caller], now):
        raise Unauthorized
    key = (watcher.organization_id, watcher.key_id, watcher.visitor_id)
    (opened,) = ask(connection, sessions.opened([key]))
    new = [
        NewWidgetEvent(
            ids.new(), session.organization_id, session.id, one.kind, caller.key_id, one.path
        )
        for session in opened
        for one in signals
    ]
    rows.write(connection, [messages.log(new)], now)
    return statuses.read(connection, mark, now) if mark.seq else ()
